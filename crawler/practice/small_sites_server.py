"""Serves the small sites under one address, as cheaply as Python can: a program of its own.

It shares the machine with what is measured, so every answer is made beforehand and a request is
looked at no more than needed. Clients send a request in one piece and wait for its answer.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import cast

from crawler.loop import new_loop_factory
from crawler.practice.small_sites import Place, markup, web

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def path(place: Place) -> str:
    """Return where a page is."""
    return f"/{place[0]}/{place[1]}.html"


class Answers:
    """Every page of the web, as it goes over the wire.

    Args:
        sites: How many there are.
    """

    def __init__(self, sites: int) -> None:
        self._by_path: dict[bytes, bytes] = {}
        self.links = self.size = 0
        for page in web(sites):
            body = markup(page, path).encode()
            self._by_path[path(page.place).encode()] = _HEAD % len(body) + body
            self.links += len(page.targets)
            self.size += len(body)

    def __len__(self) -> int:
        return len(self._by_path)

    def answer(self, request: bytes) -> bytes:
        """Return the answer to a request."""
        words = request.split(b" ", 2)
        return self._by_path.get(words[1], _NOT_FOUND) if len(words) > 1 else _NOT_FOUND


class _Connection(asyncio.Protocol):
    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(self._answers.answer(data))


async def serve(sites: int) -> None:
    """Serve on loopback until standard input ends; first say where, and what there is."""
    answers, loop = Answers(sites), asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(answers), "127.0.0.1", 0, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    told = {"port": port, "pages": len(answers), "links": answers.links, "bytes": answers.size}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main(sites: int) -> None:
    """Serve that many sites."""
    with asyncio.Runner(loop_factory=new_loop_factory("auto")[0]) as runner:
        runner.run(serve(sites))
