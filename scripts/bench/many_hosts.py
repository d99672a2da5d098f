"""A made-up web of many hosts, in a process of its own: 127.0.0.1, 127.0.0.2 and so on, one port.

Page `/p/N` of a host links to pages near it, to pages all over the web and to some that nobody has
heard of; what it links to follows from N alone. The server remembers when each host was asked.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from typing import cast

from crawler.loop import new_loop_factory

#: Links of a page: to those after it, to any, to new ones.
NEAR, FAR, NEW = 30, 10, 10
_ODD = 0x9E3779B97F4A7C15
_FIRST_NEW = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """Which pages there are.

    Attributes:
        hosts: How many.
        pages: Those that a store may know; the links to new ones are beyond.
        port: Of every host; 0 has the system choose one.
        latency: Seconds that an answer takes.
    """

    hosts: int
    pages: int
    port: int = 0
    latency: float = 0.0

    def url(self, page: int) -> str:
        """Return the URL of a page."""
        return f"http://{address(page % self.hosts)}:{self.port}/p/{page}"

    def links(self, page: int) -> list[int]:
        """Return the pages that a page links to."""
        near = [(page + step) % self.pages for step in range(1, NEAR + 1)]
        far = [(page + step) * _ODD % (1 << 64) % self.pages for step in range(FAR)]
        return [*near, *far, *(_FIRST_NEW + page * NEW + step for step in range(NEW))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees(Web):
    """Sites of pages that each lead to two further ones of their site, and to the one before."""

    def links(self, page: int) -> list[int]:
        """Return the pages that a page links to."""
        place, host = divmod(page, self.hosts)
        near = (2 * place + 1, 2 * place + 2, place // 2)
        return [n for n in (place * self.hosts + host for place in near) if n < self.pages]


def address(host: int) -> str:
    """Return the address of a host, from 127.0.0.1 on."""
    number = host + 1
    return f"127.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


@dataclass(slots=True)
class Seen:
    """What the server saw since it was asked last.

    Attributes:
        pages: Requests for pages.
        first: Monotonic second of the first of them, 0 for none.
        last: Of the last.
        times: Seconds at which each host was asked for a page, if that is kept.
    """

    pages: int = 0
    first: float = 0.0
    last: float = 0.0
    times: dict[str, list[float]] = field(default_factory=dict)


class _Connection(asyncio.Protocol):
    _transport: asyncio.Transport

    def __init__(self, desk: _Desk) -> None:
        self._desk = desk

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        # The crawler sends a request in one piece, and waits for its answer.
        path = data.split(b" ", 2)[1]
        if not path.startswith(b"/p/"):
            self._transport.write(_answer(404, b""))
            return
        host = self._transport.get_extra_info("sockname")[0]
        answer = self._desk.answer(host, int(path[3:]))
        if self._desk.web.latency:
            asyncio.get_running_loop().call_later(
                self._desk.web.latency, self._transport.write, answer
            )
        else:
            self._transport.write(answer)


class _Desk:
    """What all connections share."""

    def __init__(self, web: Web, *, times: bool) -> None:
        self.web = web
        self.seen = Seen()
        self._times = times

    def answer(self, host: str, page: int) -> bytes:
        seen, now = self.seen, time.monotonic()
        seen.first = seen.first or now
        seen.last = now
        seen.pages += 1
        if self._times:
            seen.times.setdefault(host, []).append(now)
            return _answer(200, b"<title>%d</title>" % page)
        anchors = "".join(f'<p><a href="{self.web.url(n)}">{n}</a>' for n in self.web.links(page))
        return _answer(200, f"<title>{page}</title>{anchors}".encode())


def _answer(status: int, body: bytes) -> bytes:
    head = b"HTTP/1.1 %d x\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body)) + body


class ManyHosts:
    """The server, as its parent sees it.

    Attributes:
        port: The one it has.
        pid: Its process.
    """

    def __init__(self, pipe: Connection, pid: int) -> None:
        self._pipe = pipe
        self.pid = pid
        self.port: int = pipe.recv()

    def seen(self) -> Seen:
        """Return what it saw since `begin`."""
        self._pipe.send(0)
        return cast("Seen", self._pipe.recv())

    def begin(self, pages: int) -> None:
        """Have it forget what it saw; so many pages are there from now on."""
        self._pipe.send(pages)
        self._pipe.recv()


@contextmanager
def many_hosts(web: Web, *, times: bool = False) -> Iterator[ManyHosts]:
    """Serve while the block runs.

    Args:
        web: What there is.
        times: Keep when each host was asked; then pages have no links.
    """
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, web, times))
    process.start()
    theirs.close()  # so that the end of either side is seen by the other
    try:
        yield ManyHosts(ours, process.pid or 0)
    finally:
        ours.close()
        process.join()


def _serve(parent: Connection, web: Web, times: bool) -> None:
    factory, _ = new_loop_factory("auto")
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_until_gone(parent, web, times=times))


async def _until_gone(parent: Connection, web: Web, *, times: bool) -> None:
    loop, gone = asyncio.get_running_loop(), asyncio.Event()
    desk = _Desk(web, times=times)
    server = await loop.create_server(lambda: _Connection(desk), "0.0.0.0", web.port, backlog=4096)
    port = server.sockets[0].getsockname()[1]
    desk.web = replace(web, port=port)
    parent.send(port)

    def tell() -> None:
        try:
            pages = parent.recv()
        except EOFError:
            loop.remove_reader(parent.fileno())
            gone.set()
            return
        if pages:
            desk.seen, desk.web = Seen(), replace(desk.web, pages=pages)
        # A loop that watches a pipe has it non-blocking; the times of many hosts do not fit in it.
        os.set_blocking(parent.fileno(), True)
        parent.send(desk.seen)

    loop.add_reader(parent.fileno(), tell)
    await gone.wait()
    server.close()
