"""A server on loopback that sends exactly the bytes a test wants, right or wrong.

An HTTP library on the server side would repair what is to be tested; this one knows of HTTP only
where a request's head ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from crawler.testing.conversations import Conversations


class Exchange:
    """One request, and the means to answer it.

    Attributes:
        method: As sent.
        path: Path and query, as sent.
        fields: Header fields, names in lower case; of a repeated field the last.
        body: As sent, of the length that a field says.
        connection: Number of the connection, from 1.
        ordinal: Number of the request on its connection, from 1.
    """

    def __init__(
        self,
        head: bytes,
        connection: int,
        ordinal: int,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        first, *lines = head.decode("latin-1").split("\r\n")
        self.method, self.path, _ = first.split(" ", 2)
        pairs = (line.partition(":") for line in lines if line)
        self.fields = {name.lower(): value.strip() for name, _, value in pairs}
        self.body = b""
        self.connection = connection
        self.ordinal = ordinal
        self._reader, self._writer = streams

    async def send(self, *parts: bytes) -> None:
        """Send bytes, each part given to the network by itself."""
        for part in parts:
            self._writer.write(part)
            await self._writer.drain()

    def reset(self) -> None:
        """Break the connection: the client sees a reset, not an end."""
        raw = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def close(self) -> None:
        """End the connection once everything is sent."""
        self._writer.close()

    @property
    def is_over(self) -> bool:
        """The connection is closed, or being closed, by either side."""
        return self._writer.transport.is_closing()

    async def listen(self) -> bytes:
        """Wait for more than the request that was sent, and return it; b"" at the end."""
        return await self._reader.read(65_536)

    async def hold(self) -> None:
        """Say nothing more until the client is gone or the server is closed."""
        with contextlib.suppress(ConnectionError):
            await self._reader.read()


Script = Callable[[Exchange], Awaitable[None]]


def answer(body: bytes = b"", /, *, status: str = "200 OK", **fields: str) -> bytes:
    """Return a whole answer; `content_type="text/html"` becomes a field.

    Content-Length is added unless it, or `transfer_encoding`, is given; "" leaves a field out.
    """
    if not {"content_length", "transfer_encoding"} & fields.keys():
        fields["content_length"] = str(len(body))
    lines = [f"HTTP/1.1 {status}"]
    lines += [
        f"{name.replace('_', '-').title()}: {value}" for name, value in fields.items() if value
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class RawServer:
    """Plays a script to every request; use it as an async context manager.

    Args:
        script: Called for each request, or the bytes that answer every one. A connection stays
            open after it, unless the script closed it.
        tls: Speaks TLS when given.

    Attributes:
        exchanges: Every request so far.
        connections: Connections so far.
    """

    def __init__(self, script: Script | bytes, *, tls: ssl.SSLContext | None = None) -> None:
        self.exchanges: list[Exchange] = []
        self.connections = 0
        self._script = script
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._conversations = Conversations()
        self.port = 0

    async def __aenter__(self) -> Self:
        met = self._conversations.having(self._talk)
        self._server = await asyncio.start_server(met, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._conversations.end(self._server)

    def url(self, path: str = "/") -> str:
        """Return the URL of a path."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}{path}"

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number, ordinal = self.connections, 0
        while not writer.transport.is_closing():
            head = await reader.readuntil(b"\r\n\r\n")
            ordinal += 1
            exchange = Exchange(head, number, ordinal, (reader, writer))
            self.exchanges.append(exchange)
            length = int(exchange.fields.get("content-length", "0"))
            exchange.body = await reader.readexactly(length)
            await self._play(exchange)

    async def _play(self, exchange: Exchange) -> None:
        if isinstance(self._script, bytes):
            await exchange.send(self._script)
            exchange.close()
        else:
            await self._script(exchange)
