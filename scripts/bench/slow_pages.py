"""A server that takes 100 ms for each page, in a process of its own, and says what it saw.

It answers with bytes that are made beforehand, on the fastest loop there is: it shares the cores
with whatever is measured, so what it computes itself is taken from that.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import cast

from crawler.loop import new_loop_factory

LATENCY = 0.1
#: The page that links to others, as a request for it begins.
_INDEX = b"GET /index.html "


def _answer(page: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"
    return head % len(page) + page


_PAGE = _answer(b"<title>slow</title>")


@dataclass(slots=True)
class Seen:
    """What the server saw since it was asked last.

    Attributes:
        pages: Answers.
        first: When the first request came; seconds of a clock of its own.
        last: When the last answer went out.
        held: Seconds that all requests together were held.
        at_once: Requests held at one moment, at most.
    """

    pages: int = 0
    first: float = 0.0
    last: float = 0.0
    held: float = 0.0
    at_once: int = 0

    @property
    def seconds(self) -> float:
        """Return the seconds from the first request to the last answer."""
        return self.last - self.first


@dataclass(slots=True)
class _Desk:
    """What all connections share."""

    index: bytes = _PAGE
    seen: Seen = field(default_factory=Seen)
    waiting: int = 0
    latency: float = LATENCY


class _Connection(asyncio.Protocol):
    _transport: asyncio.Transport

    def __init__(self, desk: _Desk) -> None:
        self._desk = desk
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        # The clients here send a request in one piece, and wait for its answer.
        if not data.endswith(b"\r\n\r\n"):
            return
        desk, now = self._desk, time.monotonic()
        desk.seen.first = desk.seen.first or now
        desk.waiting += 1
        desk.seen.at_once = max(desk.seen.at_once, desk.waiting)
        page = desk.index if data.startswith(_INDEX) else _PAGE
        self._loop.call_later(desk.latency, self._answer, now, page)

    def _answer(self, came: float, page: bytes) -> None:
        desk, now = self._desk, time.monotonic()
        desk.waiting -= 1
        desk.seen.pages += 1
        desk.seen.held += now - came
        desk.seen.last = now
        self._transport.write(page)


class SlowPages:
    """The server, as its parent sees it.

    Attributes:
        port: On 127.0.0.1.
    """

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.port: int = pipe.recv()

    def seen(self) -> Seen:
        """Return what it saw since this was asked last."""
        self._pipe.send(None)
        return cast("Seen", self._pipe.recv())


@contextmanager
def slow_pages(links: int = 0, latency: float = LATENCY) -> Iterator[SlowPages]:
    """Serve on loopback while the block runs; `/index.html` links to `/1` and so on.

    Each answer comes after `latency` seconds.
    """
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(theirs, links, latency)
    )
    process.start()
    theirs.close()  # so that the end of either side is seen by the other
    try:
        yield SlowPages(ours)
    finally:
        ours.close()
        process.join()


def _serve(parent: Connection, links: int, latency: float) -> None:
    anchors = b"".join(b'<a href="%d">%d</a>' % (number, number) for number in range(1, links + 1))
    page = _answer(b"<title>slow</title>" + anchors) if links else _PAGE
    desk = _Desk(page, latency=latency)

    def tell() -> None:
        try:
            parent.recv()
        except EOFError:
            loop.stop()
            return
        seen, desk.seen = desk.seen, Seen()
        parent.send(seen)

    with asyncio.Runner(loop_factory=new_loop_factory("auto")[0]) as runner:
        loop = runner.get_loop()
        starting = loop.create_server(lambda: _Connection(desk), "127.0.0.1", 0, backlog=1024)
        server = runner.run(starting)
        parent.send(server.sockets[0].getsockname()[1])
        loop.add_reader(parent.fileno(), tell)
        loop.run_forever()
