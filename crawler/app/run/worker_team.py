"""The worker processes of a run: how many, what they are told, and what they tell."""

from __future__ import annotations

import asyncio

import msgspec

from crawler.app.run.worker_setup import WorkerSetup, settings_hash
from crawler.app.run.workplace import Workplace
from crawler.errors import CallbackError, OffloadFailed
from crawler.fetch.cookie_jar import CookieJar
from crawler.messages import QueuedRequest
from crawler.outcome import PageOutcome, SkipReason
from crawler.spider.payload import decode
from crawler.spider.plain_codec import dump, load
from crawler.spider.spider import Spider
from crawler.storage.slot_file import SlotFile
from crawler.urls import host_key
from crawler.workers.process.messages import Offload, Offloaded
from crawler.workers.process.process_workers import ProcessWorkers, Surroundings

#: What a worker process runs.
PROGRAM = "crawler.app.worker.process"


class Team:
    """What the workers of a run need of it.

    Args:
        place: The run.
    """

    def __init__(self, place: Workplace) -> None:
        self._place = place
        self._scope = place.scope
        self._slots = SlotFile(place.paths.slots)
        self._jar = CookieJar()
        self._jar.load(place.opened.cookies)
        self._calls: set[asyncio.Task[Offloaded]] = set()

    def workers(self, count: int) -> ProcessWorkers:
        """Make the workers; nothing is started yet."""
        place = self._place
        around = Surroundings(
            setup=self._setup, deliver=place.crawl.deliver, hand_back=place.crawl.hand_back,
            is_source=_is_source, running=lambda number: self._slots.take(number + 1),
            joined=lambda: self._scope.joined, welcome=self._welcome,
            stalled=place.stalls.stalled, logged=self._logged, offload=self._offload,
            wants_text=place.traps.wants_text, note=place.recorder.note,
        )  # fmt: skip
        return ProcessWorkers(count, (PROGRAM, place.loop), around, place.spares)

    def _setup(self, number: int) -> bytes:
        place = self._place
        loaded, opened, spiders = place.loaded, place.opened, place.spiders
        return msgspec.msgpack.encode(
            WorkerSetup(
                config=str(loaded.path.absolute()), overrides=loaded.overrides,
                settings=settings_hash(loaded), practice_url=spiders.practice_url,
                bodies=str(place.paths.bodies),
                slots=str(place.paths.slots), part=number + 1, started=opened.started,
                source_files=place.tally.source_files,
                joined=(*place.tally.joined_hosts, *self._scope.joined),
                cookies=tuple(self._jar), state=opened.spider_state,
                log_level=_level(spiders.spider), counts_pages=place.traps.counts_pages,
            )
        )  # fmt: skip

    def _welcome(self, outcome: PageOutcome) -> None:
        """Let hosts join the scope as the worker did, so that all the others hear of it."""
        self._jar.load(outcome.cookies)
        if self._place.loaded.job.scope.hosts or not outcome.request.is_start:
            return
        hops = outcome.requests if outcome.reason == SkipReason.REDIRECTED else []
        for url in (outcome.request.url, *(hop.url for hop in hops)):
            if not self._scope.admits(url):
                self._scope.add_host(host_key(url))

    def _logged(self, level: int, text: str) -> None:
        self._place.spiders.spider.logger.log(level, "%s", text)

    def _offload(self, call: Offload) -> asyncio.Task[Offloaded]:
        task = asyncio.create_task(self._answer(call))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        return task

    async def _answer(self, call: Offload) -> Offloaded:
        try:
            value = await self._place.spiders.spider.offload(call.function, load(call.data))
            return Offloaded(call.number, dump(value, "the value"))
        except OffloadFailed as error:
            return Offloaded(call.number, kind=error.kind, reason=error.reason)
        except CallbackError as error:
            return Offloaded(call.number, kind="unpicklable", reason=str(error))


def _is_source(request: QueuedRequest) -> bool:
    if request.payload is None:
        return False
    try:
        return decode(request.payload).source
    except CallbackError:
        return False


def _level(spider: Spider) -> int:
    return getattr(spider.logger, "level", 0)
