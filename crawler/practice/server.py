"""Serves the practice site on loopback."""

from __future__ import annotations

import asyncio
import datetime
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

import msgspec

from crawler.practice.catalogue import EPOCH
from crawler.practice.page import Visit
from crawler.practice.site import Shop

if TYPE_CHECKING:
    from aiohttp import web

HOST = "127.0.0.1"


class LoggedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as the site saw it.

    Attributes:
        path: Decoded, with the query if there is one.
        at: Seconds since the site was started, by a clock that only goes forward.
        user_agent: Empty if none was sent.
        status: What was answered.
    """

    method: str
    path: str
    at: float
    user_agent: str
    status: int


class PracticeSite:
    """The practice site as a server in the running loop: `async with PracticeSite() as site`.

    Args:
        port: To listen on; 0 for any that is free.
        seed: The shop is made from it.
        day: The shop is as it was on that day.
        now: Wall clock in seconds since 1970; the news are as old as it says now. None is noon of
            `day`.

    Attributes:
        url: `http://127.0.0.1:PORT`, without a slash at the end; known once it is entered.
        hits: How often each path was asked for.
        log: Every request, in the order in which they came in.
    """

    def __init__(
        self,
        port: int = 0,
        seed: int = 1,
        *,
        day: datetime.date = EPOCH,
        now: Callable[[], float] | None = None,
    ) -> None:
        self.port = port
        self.shop = Shop(seed, day, now() if now is not None else None)
        self.hits: Counter[str] = Counter()
        self.log: list[LoggedRequest] = []
        self._earlier: Counter[tuple[str, str]] = Counter()
        self._started = 0.0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Address of the site."""
        return f"http://{HOST}:{self.port}"

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: The port is taken.
        """
        from aiohttp import web

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        # A visitor who hangs up ends the slow page; nobody waits for one when the site closes.
        runner = web.AppRunner(
            app, access_log=None, handle_signals=False, handler_cancellation=True,
            shutdown_timeout=0.1,
        )  # fmt: skip
        await runner.setup()
        # From here on there is something to clean up, even if listening fails.
        self._runner = runner
        try:
            await web.TCPSite(runner, HOST, self.port).start()
        except OSError:
            await self.close()
            raise
        self.port = runner.addresses[0][1]
        self._started = asyncio.get_running_loop().time()

    async def close(self) -> None:
        """Stop listening and close every connection."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _serve(self, request: web.Request) -> web.Response:
        from aiohttp import web

        at = asyncio.get_running_loop().time() - self._started
        page = self.shop.answer(await self._visit(request))
        self.log.append(
            LoggedRequest(
                method=request.method,
                path=request.path_qs,
                at=at,
                user_agent=request.headers.get("User-Agent", ""),
                status=page.status,
            )
        )
        if page.delay:
            await asyncio.sleep(page.delay)
        headers = [("Content-Type", page.content_type), *page.headers]
        return web.Response(status=page.status, body=page.body, headers=headers)

    async def _visit(self, request: web.Request) -> Visit:
        path = request.path
        client = (request.headers.get("User-Agent", ""), path)
        earlier = self._earlier[client]
        self._earlier[client] += 1
        self.hits[path] += 1
        form = {}
        if request.method == "POST" and path == "/login":
            fields = await request.post()
            form = {name: value for name, value in fields.items() if isinstance(value, str)}
        return Visit(
            path=path, method=request.method, origin=self.url, query=request.query, form=form,
            headers=request.headers, cookies=request.cookies, earlier=earlier,
        )  # fmt: skip
