"""A server that plays rows of the fault matrix, each at a loopback address of its own.

So each row is a host of its own for a crawl: with its own queue, delay, cookies and connections.
Where the machine has one loopback address only (macOS), rows get ports of their own instead.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from crawler.testing.conversations import Conversations, Talk
from crawler.testing.faults.row import BLACK_HOLE, Door, FaultRow
from crawler.testing.raw_server import Exchange, Script, answer

#: Rows live from 127.77.0.1 on.
_NETWORK = "127.77"

#: A good page, for whoever asks a host again after its fault.
AFTER = "/after"


class Certificates(Protocol):
    """Where the rows with TLS get their certificates; see `crawler.testing.authority`."""

    def context(self, certificate: str, address: str, name: str) -> ssl.SSLContext:
        """Return what a server needs at an address that has a name."""
        ...


class HostileServer:
    """Plays rows; use it as an async context manager.

    Args:
        rows: What to play; the numbers must differ.
        certificates: Needed when a row speaks TLS.
        script: What the good hosts beside them play; by default, a small page for any path.
        good_hosts: Their number; see `good_url`.

    Attributes:
        requests: Requests seen, by row number and path; good pages included.
        connections: Connections seen, by row number.
        port: The port of every row, where there are addresses enough.
    """

    def __init__(
        self,
        rows: Sequence[FaultRow],
        *,
        certificates: Certificates | None = None,
        script: Script | None = None,
        good_hosts: int = 0,
    ) -> None:
        self.rows = {row.number: row for row in rows}
        self.requests: Counter[tuple[str, str]] = Counter()
        self.connections: Counter[str] = Counter()
        self.port = 0
        self._certificates = certificates
        self._good = script or _good_page
        self._good_hosts = good_hosts
        self._places: dict[str, tuple[str, int]] = {}
        self._servers: list[asyncio.Server] = []
        self._sockets: list[socket.socket] = []
        self._conversations = Conversations()

    async def __aenter__(self) -> Self:
        try:
            for number, row in self.rows.items():
                await self._open(number, row)
            if any(row.names for row in self.rows.values()):
                self._dig()
            for n in range(self._good_hosts):
                await self._open(f"good{n}", None)
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._conversations.end(*self._servers)
        for one in self._sockets:
            one.close()

    def url(self, number: str) -> str:
        """Return the URL at which a row is met."""
        return self.base(number) + self.rows[number].path

    def after(self, number: str) -> str:
        """Return the URL of the good page of a row's host."""
        return self.base(number) + AFTER

    def base(self, number: str) -> str:
        """Return scheme, host and port of a row."""
        row = self.rows[number]
        address, port = self._places[number]
        scheme = row.scheme or ("https" if row.door is Door.TLS else "http")
        return f"{scheme}://{row.host_name if row.names else address}:{port}"

    def address(self, number: str) -> str:
        """Return the address of a row."""
        return self._places[number][0]

    def good_url(self, n: int, path: str = "/") -> str:
        """Return a URL at the n-th good host, from 0."""
        address, port = self._places[f"good{n}"]
        return f"http://{address}:{port}{path}"

    async def _open(self, number: str, row: FaultRow | None) -> None:
        listener, place = self._listen(row.door if row is not None else Door.HTTP)
        self._places[number] = place
        self._sockets.append(listener)
        if row is None:
            await self._serve(listener, self._talk_to(number, self._good))
        elif row.door is Door.RAW:
            await self._serve(listener, self._raw(number, row))
        elif row.door in (Door.HTTP, Door.TLS):
            await self._serve(
                listener, self._talk_to(number, self._script(row)), self._tls(row, place[0])
            )

    def _listen(self, door: Door) -> tuple[socket.socket, tuple[str, int]]:
        n = len(self._places)
        for host, port in ((f"{_NETWORK}.{n // 250}.{n % 250 + 1}", self.port), ("127.0.0.1", 0)):
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((host, port))
            except OSError:
                listener.close()
                continue
            break
        else:
            raise OSError(f"no loopback address for another row after {n}")
        place = listener.getsockname()
        self.port = self.port or place[1]
        if door is Door.FULL:
            listener.listen(0)
            self._sockets += fill(place)
        elif door is not Door.REFUSED:  # bound but not listening, so that nobody else takes it
            listener.listen(128)
        return listener, place

    def _dig(self) -> None:
        hole = socket.socket()
        self._sockets.append(hole)
        hole.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        hole.bind((BLACK_HOLE, self.port))
        hole.listen(0)
        self._sockets += fill(hole.getsockname())

    async def _serve(
        self,
        listener: socket.socket,
        talk: Talk,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        met = self._conversations.having(talk)
        self._servers.append(await asyncio.start_server(met, sock=listener, ssl=tls))

    def _tls(self, row: FaultRow, address: str) -> ssl.SSLContext | None:
        if row.door is not Door.TLS:
            return None
        if self._certificates is None:
            raise ValueError(f"row {row.number} speaks TLS, and there are no certificates")
        return self._certificates.context(row.certificate, address, row.host_name)

    def _talk_to(self, number: str, script: Script) -> Talk:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections[number] += 1
            ordinal = 0
            while not writer.transport.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                ordinal += 1
                exchange = Exchange(head, self.connections[number], ordinal, (reader, writer))
                self.requests[number, exchange.path] += 1
                await reader.readexactly(int(exchange.fields.get("content-length", "0")))
                await self._choose(number, exchange.path, script)(exchange)

        return talk

    def _choose(self, number: str, path: str, script: Script) -> Script:
        if path == AFTER:
            return _good_page
        row = self.rows.get(number)
        if path == "/robots.txt" and row is not None and not row.plays_robots:
            return _no_robots
        return script

    def _raw(self, number: str, row: FaultRow) -> Talk:
        script = self._script(row)

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections[number] += 1
            head = b"CONNECT / HTTP/1.1\r\n"
            await script(Exchange(head, self.connections[number], 0, (reader, writer)))

        return talk

    @staticmethod
    def _script(row: FaultRow) -> Script:
        play = row.makes() if row.makes is not None else row.play
        if not isinstance(play, bytes):
            return play

        async def send(exchange: Exchange) -> None:
            await exchange.send(play)
            exchange.close()

        return send


def fill(place: tuple[str, int]) -> list[socket.socket]:
    """Return connections that take every place in the queue of a socket nobody accepts from."""
    made = []
    for _ in range(4):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(place)
        made.append(one)
    return made


async def _good_page(exchange: Exchange) -> None:
    where = exchange.fields.get("host", "")
    body = f"<title>good {where}{exchange.path}</title>".encode()
    await exchange.send(answer(body, content_type="text/html; charset=utf-8"))


async def _no_robots(exchange: Exchange) -> None:
    await exchange.send(answer(b"none", status="404 Not Found"))
