"""One request whose answer is a file: from fetch to outcome, its body on the disk as it comes."""

from __future__ import annotations

import msgspec

from crawler.errors import FetchError, HandBack, NoRoomError, OutageError
from crawler.interfaces import Fetcher, FileStore
from crawler.messages import FetchRequest, HttpResponse, QueuedRequest
from crawler.outcome import KEPT, ErrorClass, PageOutcome, SkipReason, State
from crawler.spider.failure import CallbackFailed
from crawler.spider.page_parser import PageParser
from crawler.workers.file_answer import FileAnswer, kept_answer, received
from crawler.workers.inline import Visits
from crawler.workers.visit import Answer


class FileVisitor:
    """A visitor whose answers are files.

    Args:
        inner: Does what files have in common with pages: redirects, errors, lists of URLs.
        fetcher: Fetches.
        parser: Says what the rows carry.
        store: Where files go.
    """

    def __init__(
        self, inner: Visits[Answer], fetcher: Fetcher, parser: PageParser, store: FileStore
    ) -> None:
        self._inner = inner
        self._fetcher = fetcher
        self._parser = parser
        self._store = store

    async def fetch(self, request: QueuedRequest) -> Answer | FileAnswer:
        """Return the file, or the answer that is none, or why there is nothing.

        Raises:
            HandBack: There was no room for it, or no name server; by now there may be.
        """
        try:
            if self._parser.is_source(request):
                return await self._inner.fetch(request)
            wish = self._parser.fetch_request(request)
        except CallbackFailed as failure:
            return failure
        try:
            return await self._received(request, wish)
        except NoRoomError as full:
            await self._store.room.none(full)
            raise HandBack from None

    async def _received(self, request: QueuedRequest, wish: FetchRequest) -> Answer | FileAnswer:
        room = self._store.room
        async with self._store.receive(request.url) as receiving:
            if receiving.kept is not None:
                return kept_answer(receiving.kept)
            if not await room.for_file():
                raise HandBack
            wish = msgspec.structs.replace(
                wish, headers=(*wish.headers, *receiving.fields), any_type=True, sink=receiving
            )
            try:
                answer = await self._fetcher.fetch(wish)
            except OutageError:
                raise HandBack from None
            except FetchError as error:
                await receiving.broke_off(error)
                return error
            result = await received(request.url, answer, receiving)
        if isinstance(result, FileAnswer) and result.file is not None:
            room.good()
        return result

    async def conclude(self, request: QueuedRequest, answer: Answer | FileAnswer) -> PageOutcome:
        """Turn what `fetch` returned into an outcome."""
        if not isinstance(answer, FileAnswer):
            return await self._inner.conclude(request, answer)
        self._parser.welcome(request)
        outcome = _outcome(request, answer.http)
        outcome.file = answer.file
        if answer.fault is not None:
            outcome.state, outcome.reason = _judged(answer.fault.fault)
            outcome.error, outcome.file_fault = answer.fault.why, answer.fault.fault
        if answer.http is None:
            outcome.flags += (KEPT,)
        return outcome


def _outcome(request: QueuedRequest, http: HttpResponse | None) -> PageOutcome:
    if http is None:
        return PageOutcome(request=request, state=State.DONE, sent=False)
    return PageOutcome(
        request=request, state=State.DONE, status=http.status, content_type=http.media_type,
        cookies=list(http.cookies_set), size=http.wire_size, elapsed=http.elapsed,
        asked_at=http.asked_at, flags=tuple(f for f in http.flags if f != "unwanted_type"),
    )  # fmt: skip


def _judged(fault: str) -> tuple[State, str]:
    if fault == "noai":
        return State.SKIPPED, SkipReason.NOAI
    return State.FAILED, ErrorClass.FILE
