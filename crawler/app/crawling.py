"""`crawl()`: a crawl as an asynchronous iterator, for scripts and notebooks."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import queue
import tempfile
import threading
from collections.abc import AsyncGenerator, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from crawler.app.grouped import leaves
from crawler.app.item_pipe import ItemPipe
from crawler.app.job.ad_hoc_job import job_for_class
from crawler.app.job.job_paths import JobPaths
from crawler.app.job.spider_set import check_starts, user_spider
from crawler.app.job.start_lists import check_file
from crawler.app.run.options import RunOptions
from crawler.app.run.run_job import JobRun
from crawler.app.run.streams import Streams
from crawler.clock import SystemClock
from crawler.config.load import LoadedJob, load_job
from crawler.spider.spider import Spider

#: What is crawled: a config, or a spider class.
Source = str | os.PathLike[str] | type[Spider]

_OFF = "run.durability=off"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How a crawl ended.

    Attributes:
        exit_code: As the command would have given it.
        summary: What `summary.json` holds.
    """

    exit_code: int
    summary: dict[str, Any]


class Crawling:
    """A crawl to be iterated over; `async with` it to look at its end, or to stop it.

    Items are dicts, as in a JSONL output, each given once and after its page is committed. A slow
    reader slows the crawl. Pages that fail do not raise: they are in `result.summary`. Nothing is
    kept on disk; the outputs of a config are not written.

    Attributes:
        result: Set when the crawl has ended; None before.
    """

    def __init__(
        self, source: Source, limit: int | None, settings: Mapping[str, str], args: dict[str, Any]
    ) -> None:
        self._source = source
        self._limit = limit
        self._settings = settings
        self._args = args
        self._stack = contextlib.AsyncExitStack()
        self._pipe = ItemPipe(self._hold)
        self._run: JobRun | None = None
        self._task: asyncio.Task[None] | None = None
        self._dropped = False
        self.result: Result | None = None

    async def __aenter__(self) -> Self:
        loaded, user = self._job()
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="crawler-"))
        options = RunOptions(
            base=Path(folder), mode="fresh", output="-", limit=self._limit, level=-1,
            signals=False, go_on="crawl(...)",
        )  # fmt: skip
        paths = JobPaths(Path(folder), loaded.job.name)
        paths.state.mkdir(parents=True)
        streams = Streams(self._pipe, io.StringIO())
        self._run = JobRun(loaded, options, streams, paths, SystemClock())
        # No TaskGroup: it would have to be left by the task that entered it, and whoever drops an
        # asynchronous generator half-way leaves that to the loop.
        self._task = asyncio.create_task(self._to_the_end(self._run, user, paths))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
        async with self._stack:
            if self._task is not None:
                with contextlib.suppress(*((asyncio.CancelledError,) if self._dropped else ())):
                    await self._task

    def __aiter__(self) -> AsyncGenerator[dict[str, Any], None]:
        return self._items()

    async def _items(self) -> AsyncGenerator[dict[str, Any], None]:
        if self._run is not None:
            while (item := await self._pipe.next()) is not None:
                yield item
            return
        async with self:
            while (item := await self._pipe.next()) is not None:
                yield item

    async def stop(self) -> None:
        """End the crawl; what is in flight is finished, and its items are still given."""
        if self._run is None or self._task is None:
            return
        if self._run.crawl is None:
            self._dropped = True
            self._task.cancel()  # it has not begun, so that there is nothing to finish
        else:
            self._run.crawl.stop("stopped", finished=True)
            self._hold(False)

    def _hold(self, full: bool) -> None:
        crawl = self._run.crawl if self._run is not None else None
        if crawl is not None:
            crawl.pause() if full else crawl.go_on()

    def _job(self) -> tuple[LoadedJob, Spider | None]:
        overrides = [f"{key}={value}" for key, value in self._settings.items()] + [_OFF]
        if isinstance(self._source, type):
            spider = self._source(**self._args)
            check_starts(spider, f"start_urls of {self._source.__name__}")
            return job_for_class(self._source, overrides, os.environ), spider
        loaded = load_job(Path(self._source), overrides=overrides, environ=os.environ)
        user = user_spider(loaded)
        check_file(loaded)
        return loaded, user

    async def _to_the_end(self, run: JobRun, user: Spider | None, paths: JobPaths) -> None:
        try:
            loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
            code = await run.run(user, loop)
            report = paths.newest_report()
            summary = (report / "summary.json").read_bytes() if report is not None else b"{}"
            self.result = Result(exit_code=code, summary=msgspec.json.decode(summary))
        except BaseExceptionGroup as group:
            errors = list(leaves(group))
            raise (errors[0] if len(errors) == 1 else group) from None
        finally:
            self._pipe.end()


def crawl(
    source: Source,
    *,
    limit: int | None = None,
    settings: Mapping[str, str] | None = None,
    **args: Any,
) -> Crawling:
    """Give the items of a crawl one by one, as `async for` asks for them.

        async for item in crawl("books.yaml", limit=50): ...

    Args:
        source: A config file, or a `Spider` class.
        limit: Items after which the crawl ends; None for all.
        settings: Changes to the config, as with `--set`: `{"fetch.per_host.delay": "0s"}`.
        **args: Attributes of the spider class: `start_urls=[...]`.

    Returns:
        An asynchronous iterator; with `async with` it also has `stop()` and `result`.

    Raises:
        ConfigError: When iteration begins: the config or the class is wrong.
    """
    return Crawling(source, limit, settings or {}, args)


def crawl_sync(
    source: Source,
    *,
    limit: int | None = None,
    settings: Mapping[str, str] | None = None,
    **args: Any,
) -> Iterator[dict[str, Any]]:
    """Crawl without `async`: the same as `crawl`, in a thread with an event loop of its own.

    It works where a loop is running already, as in a notebook. Leaving the iteration early ends
    the crawl.
    """
    items: queue.Queue[dict[str, Any] | BaseException | None] = queue.Queue(maxsize=100)
    left = threading.Event()

    async def reading() -> None:
        async with crawl(source, limit=limit, settings=settings, **args) as crawling:
            async for item in crawling:
                await asyncio.to_thread(_put, items, item, left)
                if left.is_set():
                    break

    def running() -> None:
        try:
            asyncio.run(reading())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            _put(items, error, left)
        else:
            _put(items, None, left)

    thread = threading.Thread(target=running, name="crawler", daemon=True)
    thread.start()
    try:
        while (item := items.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        left.set()
        thread.join()


def _put(
    items: queue.Queue[dict[str, Any] | BaseException | None],
    item: dict[str, Any] | BaseException | None,
    left: threading.Event,
) -> None:
    """Put an item as soon as there is room, unless its reader has left."""
    while not left.is_set():
        with contextlib.suppress(queue.Full):
            items.put(item, timeout=0.1)
            return
