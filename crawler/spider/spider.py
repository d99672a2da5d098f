"""The class a user writes: where to start, and what to take from each page.

Names and behaviour are Scrapy's, so that a spider written for it runs with its imports changed.
Known differences: start URLs pass the duplicate filter, and pages come breadth first.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from crawler.extract.response import Response
from crawler.messages import Request

#: Runs a function over plain data somewhere else.
Offload = Callable[[Any, Any], Awaitable[Any]]


class SpiderLogger(Protocol):
    """What a spider may do with its logger; the standard library's loggers fit."""

    def debug(self, msg: str, *args: Any) -> None:
        """Write a line of interest to its author."""

    def info(self, msg: str, *args: Any) -> None:
        """Write a line of interest to its user."""

    def warning(self, msg: str, *args: Any) -> None:
        """Write a line about something odd."""

    def error(self, msg: str, *args: Any) -> None:
        """Write a line about something wrong."""

    def exception(self, msg: str, *args: Any) -> None:
        """Write a line about the exception being handled."""

    def critical(self, msg: str, *args: Any) -> None:
        """Write a line about something that ends the crawl."""

    def log(self, level: int, msg: str, *args: Any) -> None:
        """Write a line at a numeric level."""


class _Silent:
    """The logger of a spider that no crawl has taken up, as in a unit test."""

    def _drop(self, *_: object) -> None:
        return None

    debug = info = warning = error = exception = critical = log = _drop


class Spider:
    """A crawl in code; subclass it and give it a `name`, `start_urls` and `parse`.

    Args:
        name: Instead of the class's `name`.
        **kwargs: Become attributes (`args` of a config, `-a key=value` on the command line).

    Attributes:
        name: Names the crawl's files.
        start_urls: Where to begin, unless `start` or `start_requests` says otherwise.
        allowed_domains: Hosts to stay on, with the hosts below them; empty for no limit.
        custom_settings: Kept for Scrapy's sake.
        thread_safe: With `run.backend: threads`, plain callbacks may run at the same time, in the
            threads that fetch; False runs all of them on one thread.
        stateless: With `run.workers: auto` there may be several processes, each with an instance
            of its own; False keeps it to one.
        state: Kept over interruptions: committed with each page, so it must stay plain data.
        logger: Attached by the crawl; silent before.
        settings: A mapping of Scrapy's settings; empty here.
        crawler: What `from_crawler` was given, else None.

    Raises:
        ValueError: There is no name.
    """

    name: str = ""
    start_urls: Iterable[str] = ()
    allowed_domains: Iterable[str] = ()
    thread_safe: ClassVar[bool] = False
    stateless: ClassVar[bool] = False
    custom_settings: ClassVar[Mapping[str, Any] | None] = None

    def __init__(self, name: str | None = None, **kwargs: Any) -> None:
        if name is not None:
            self.name = name
        elif not self.name:
            raise ValueError(f"{type(self).__name__} must have a name")
        self.state: dict[str, Any] = {}
        self.logger: SpiderLogger = _Silent()
        self.settings: Mapping[str, Any] = {}
        self.crawler: object | None = None
        self._offload: Offload | None = None
        vars(self).update(kwargs)

    @classmethod
    def from_crawler(cls, crawler: object, *args: Any, **kwargs: Any) -> Self:
        """Build the spider; kept for spiders that override it and call this one."""
        spider = cls(*args, **kwargs)
        spider.crawler = crawler
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Yield the first requests, and items if there are any before the first page.

        After an interruption it runs again from its beginning; what is known by then is dropped.
        """
        for one in self.start_requests() or ():
            yield one

    def start_requests(self) -> Iterable[Any]:
        """Return the first requests, for spiders that need no `async`."""
        for url in self.start_urls:
            yield Request(url)

    if TYPE_CHECKING:
        # With whatever arguments `cb_kwargs` gives: a method with fewer is no mistake.
        parse: Callable[..., Any]
    else:

        def parse(self, response: Response, **kwargs: Any) -> Any:
            """Take what is wanted from a page; called for requests without a callback.

            Yield or return items and requests in any shape: a generator, plain or async, a
            coroutine, a list, one of them alone, or None.
            """
            raise NotImplementedError(f"{type(self).__name__}.parse is not defined")

    async def offload(self, function: Callable[[Any], Any] | str, data: Any) -> Any:
        """Run a function in a process of its own, and wait for its value: for CPU-heavy work.

            text = await self.offload(clean, response.body)

        Args:
            function: Takes one value; a `def` at the top of a module, or its name as
                `pkg.mod:function`.
            data: Plain data, copied to the process as its value is copied back.

        Raises:
            OffloadFailed: It raised, took too long, or took its process along.
            RuntimeError: No crawl has taken this spider up.
        """
        if self._offload is None:
            raise RuntimeError("offload works within a crawl only")
        return await self._offload(function, data)

    def closed(self, reason: str) -> Any:
        """Hear that the crawl has ended, and why."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"
