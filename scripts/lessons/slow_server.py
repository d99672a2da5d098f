"""A server for the lessons: in a process of its own, and every answer takes its time."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import cast

from crawler.loop import new_loop_factory

LATENCY = 0.1
_BODY = b"<html><body>%s</body></html>" % (b"<p>A page of two kilobytes.</p>" * 64)
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(_BODY)


class SlowAnswers(asyncio.Protocol):
    """Answers each request after `LATENCY` seconds; meanwhile it serves the others."""

    _transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer a request: the clients here send each in one piece and wait for its answer."""
        if data.endswith(b"\r\n\r\n"):
            loop = asyncio.get_running_loop()
            loop.call_later(LATENCY, self._transport.write, _ANSWER + _BODY)


@contextmanager
def slow_server() -> Iterator[str]:
    """Serve on loopback while the block runs; gives the address of the server."""
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()  # so that the end of either side is seen by the other
    try:
        yield f"http://127.0.0.1:{ours.recv()}/"
    finally:
        ours.close()
        process.join()


def _serve(parent: Connection) -> None:
    with asyncio.Runner(loop_factory=new_loop_factory("auto")[0]) as runner:
        loop = runner.get_loop()
        starting = loop.create_server(SlowAnswers, "127.0.0.1", 0, backlog=1024)
        server = runner.run(starting)
        parent.send(server.sockets[0].getsockname()[1])
        loop.add_reader(parent.fileno(), loop.stop)  # readable once the parent is gone
        loop.run_forever()
