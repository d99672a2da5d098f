"""Serves the practice site on loopback."""

from __future__ import annotations

from collections import Counter
from types import TracebackType
from typing import TYPE_CHECKING, Self

from crawler.practice.page import Visit
from crawler.practice.site import Shop

if TYPE_CHECKING:
    from aiohttp import web

HOST = "127.0.0.1"


class PracticeSite:
    """The practice site as a server in the running loop: `async with PracticeSite() as site`.

    Args:
        port: To listen on; 0 for any that is free.
        seed: The shop is made from it.

    Attributes:
        url: `http://127.0.0.1:PORT`, without a slash at the end; known once it is entered.
        hits: How often each path was asked for.
    """

    def __init__(self, port: int = 0, seed: int = 1) -> None:
        self.port = port
        self.shop = Shop(seed)
        self.hits: Counter[str] = Counter()
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
        runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await runner.setup()
        # From here on there is something to clean up, even if listening fails.
        self._runner = runner
        try:
            await web.TCPSite(runner, HOST, self.port).start()
        except OSError:
            await self.close()
            raise
        self.port = runner.addresses[0][1]

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

        self.hits[request.path] += 1
        page = self.shop.answer(Visit(path=request.path, cookies=request.cookies))
        headers = [("Content-Type", page.content_type), *page.headers]
        return web.Response(status=page.status, body=page.body, headers=headers)
