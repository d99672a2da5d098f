"""A server on every loopback address that nobody is meant to reach, and ways to write where it is.

It has a port of its own, and counts connections, not requests: a connection is enough to learn
that something listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from types import TracebackType
from typing import Self

from crawler.testing.conversations import Conversations

#: Hosts as a page may write them; all of them are, or may be taken for, a loopback address.
SPELLINGS = (
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0X7F.0x0.0x0.0x1",
    "0177.0.0.1", "017700000001", "127.0.0.1.", "127.255.255.254", "0", "0.0.0.0", "0x0",
    "%31%32%37.0.0.1", "%6c%6f%63%61%6chost", "\uff11\uff12\uff17.0.0.1",
    "127\u30020\u30020\u30021", "\u2460\u2461\u2466.0.0.1", "127.0.\t0.1", "127.0.0.\n1",
    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]",
    "[::1%25lo]", "localhost", "localhost.", "LOCALHOST", "user@127.0.0.1",
    "shop.example:80@127.0.0.1", "127.0.0.1;@localhost", "shop.example@localhost",
    "decoy.example", "mixed.example", "six.example", "mapped.example", "a.127.0.0.1.nip.example",
)  # fmt: skip

_ADDRESSES = {
    "mixed.example": ("93.184.215.14", "127.0.0.1"),
    "six.example": ("::1",),
    "mapped.example": ("::ffff:127.0.0.1",),
}


def addresses_of(host: str) -> tuple[str, ...]:
    """Answer as a name server in the wrong hands: every name is at loopback."""
    return _ADDRESSES.get(host, ("127.0.0.1",))


class Decoy:
    """Listens, by default on all of loopback; use it as an async context manager.

    Args:
        hosts: Addresses to listen on, IPv4 first.

    Attributes:
        port: Its port, of IPv4 and, where there is any, of IPv6.
        reached: Connections that were made to it.
    """

    def __init__(self, hosts: tuple[str, str] = ("0.0.0.0", "::")) -> None:
        self._hosts = hosts
        self.port = 0
        self.reached = 0
        self._servers: list[asyncio.Server] = []
        self._conversations = Conversations()

    async def __aenter__(self) -> Self:
        met = self._conversations.having(self._met)
        server = await asyncio.start_server(met, self._hosts[0], 0)
        self._servers.append(server)
        self.port = server.sockets[0].getsockname()[1]
        with contextlib.suppress(OSError):  # a machine without IPv6
            self._servers.append(
                await asyncio.start_server(met, self._hosts[1], self.port, family=socket.AF_INET6)
            )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._conversations.end(*self._servers)

    def url(self, spelling: str, path: str) -> str:
        """Return a URL of it with the host written in one way."""
        return f"http://{spelling}:{self.port}{path}"

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reached += 1
        page = b"<title>secret</title>"
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + b"Content-Length: %d\r\n\r\n" % len(page) + page)
        await writer.drain()
