"""Serves a seeded site from a process of its own, and writes down when it was asked for what.

    python -m scripts.soak.site_server FOLDER SEED PAGES HOSTS [quick]

Raw asyncio: it must cost little beside the crawl that it is there for. Its hosts are 127.0.0.1,
127.0.0.2, ... on one port, which Linux has without being told. The board, a mapped file, carries
counts to whoever watches, and the number of the round that is going on back.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import mmap
import os
import struct
import sys
import time
from pathlib import Path

from scripts.soak.seeded_site import Asked, Reply, SeededSite

#: Port, round, requests of the round, different ones among them: 8 bytes each.
BOARD = struct.Struct("<QQQQ")
_WORD = struct.Struct("<Q")
PORT, ROUND, ANSWERED, DISTINCT = range(4)


class Board:
    """Four numbers in a file that two processes have mapped."""

    def __init__(self, path: Path) -> None:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.truncate(handle, BOARD.size)
        self._map = mmap.mmap(handle, BOARD.size)
        os.close(handle)

    def __getitem__(self, place: int) -> int:
        value: int = _WORD.unpack_from(self._map, place * _WORD.size)[0]
        return value

    def __setitem__(self, place: int, value: int) -> None:
        _WORD.pack_into(self._map, place * _WORD.size, value)


class Desk:
    """What the connections share: the site, the log of the round, what was asked for in it."""

    def __init__(self, folder: Path, site: SeededSite) -> None:
        self.board = Board(folder / "board")
        self.site = site
        self._folder = folder
        self._round = -1
        self._log = -1
        self._asked: dict[tuple[int, str], int] = {}
        #: Requests of each host that are not answered yet.
        self.open = [0] * site.hosts

    def note(self, host: int, path: str, agent: str) -> int:
        """Log a request, and return how often the same came before in this round."""
        if self.board[ROUND] != self._round:
            self._begin(self.board[ROUND])
        before = self._asked.get((host, path), 0)
        self._asked[host, path] = before + 1
        line = f"{time.monotonic():.6f} {host} {self.open[host]} {agent} {path}\n"
        os.write(self._log, line.encode())
        self.open[host] += 1
        self.board[DISTINCT] = len(self._asked)
        self.board[ANSWERED] += 1
        return before

    def _begin(self, number: int) -> None:
        if self._log >= 0:
            os.close(self._log)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._log = os.open(self._folder / f"log-{number}", flags, 0o600)
        self._round = number
        self._asked.clear()
        self.board[ANSWERED] = 0


class Connection(asyncio.Protocol):
    """One keep-alive connection; requests have no bodies here."""

    def __init__(self, desk: Desk, host: int) -> None:
        self._desk = desk
        self._host = host
        self._buffer = b""
        self._transport: asyncio.Transport
        self._open = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._desk.open[self._host] -= self._open
        self._open = 0

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            self._answer(head.decode("latin-1"))

    def _answer(self, head: str) -> None:
        first, *lines = head.split("\r\n")
        path = first.split(" ")[1]
        fields = dict(line.lower().split(":", 1) for line in lines)
        before = self._desk.note(self._host, path, fields.get("user-agent", "-").strip())
        self._open += 1
        asked = Asked(self._host, path, fields.get("cookie", ""), before)
        authority = f"127.0.0.{{host}}:{self._desk.board[PORT]}"
        reply = self._desk.site.reply(asked, authority)
        if reply.wait:
            asyncio.get_running_loop().call_later(reply.wait, self._send, reply)
        else:
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        if not self._open:  # the one who asked is gone
            return
        self._open -= 1
        self._desk.open[self._host] -= 1
        body = reply.body.encode()
        given = {"type": "text/html", **dict(reply.fields)}
        kind = given.pop("type")
        head = [
            f"HTTP/1.1 {reply.status} {http.HTTPStatus(reply.status).phrase}",
            f"Content-Type: {kind}; charset=utf-8",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in given.items()),
        ]
        sent = body[: len(body) // 2] if reply.torn else body
        self._transport.write("\r\n".join(head).encode() + b"\r\n\r\n" + sent)
        if reply.torn:
            self._transport.close()


async def serve(desk: Desk) -> None:
    """Listen on every host until the parent goes away."""
    loop = asyncio.get_running_loop()
    port = 0
    for host in range(desk.site.hosts):

        def connection(host: int = host) -> Connection:
            return Connection(desk, host)

        server = await loop.create_server(
            connection, f"127.0.0.{host + 1}", port, backlog=512, reuse_address=True
        )
        port = server.sockets[0].getsockname()[1]
    desk.board[PORT] = port
    gone = asyncio.Event()
    # The parent holds the other end of standard input.
    loop.add_reader(sys.stdin.fileno(), gone.set)
    await gone.wait()


def main() -> None:
    """Serve."""
    folder, seed, pages, hosts = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    site = SeededSite(seed, pages=pages, hosts=hosts, quick="quick" in sys.argv[5:])
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(Desk(folder, site)))


if __name__ == "__main__":
    main()
