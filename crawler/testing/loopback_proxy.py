"""A proxy on loopback for tests: CONNECT and whole URLs, with or without a password."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Mapping
from typing import Self
from urllib.parse import urlsplit

import msgspec

from crawler.testing.conversations import Conversations


class Passed(msgspec.Struct, frozen=True):
    """One request that came to a proxy.

    Attributes:
        method: CONNECT, or that of the request.
        target: Host and port for CONNECT, else the URL.
        fields: Header fields, lower-case names.
    """

    method: str
    target: str
    fields: dict[str, str]


class LoopbackProxy:
    """Passes on what it is asked for, and keeps a list.

    Args:
        user: Whom it serves, "name:password"; None for everybody.
        status: It answers this instead of passing anything on.
        names: Addresses of names, as "127.0.0.1:8080"; of others it passes nothing on.

    Attributes:
        seen: What came to it, in order.
        port: Where it listens, once entered.
    """

    def __init__(
        self,
        *,
        user: str | None = None,
        status: int | None = None,
        names: Mapping[str, str] | None = None,
    ) -> None:
        wanted = None if user is None else base64.b64encode(user.encode()).decode("ascii")
        self._wanted = None if wanted is None else f"Basic {wanted}"
        self._status = status
        self._names = dict(names or {})
        self._server: asyncio.Server | None = None
        self._conversations = Conversations()
        self.seen: list[Passed] = []
        self.port = 0

    @property
    def url(self) -> str:
        """Its address, without a user."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        met = self._conversations.having(self._serve)
        self._server = await asyncio.start_server(met, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._conversations.end(self._server)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (passed := await _read(reader)) is not None:
            self.seen.append(passed)
            status = self._refusal(passed)
            if status is not None:
                writer.write(_plain(status))
            elif passed.method == "CONNECT":
                await self._tunnel(passed, reader, writer)
                return
            else:
                await self._pass_on(passed, writer)
            await writer.drain()

    def _refusal(self, passed: Passed) -> int | None:
        if self._wanted is not None and passed.fields.get("proxy-authorization") != self._wanted:
            return 407
        return self._status

    async def _tunnel(
        self, passed: Passed, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            there = await self._open(passed.target)
        except OSError:
            writer.write(_plain(502))
            await writer.drain()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))
        finally:
            there[1].close()

    async def _pass_on(self, passed: Passed, writer: asyncio.StreamWriter) -> None:
        try:
            reader, there = await self._open(urlsplit(passed.target).netloc)
        except OSError:
            writer.write(_plain(502))
            return
        own = ("proxy-authorization", "connection")
        path = passed.target[passed.target.index("/", 8) :]
        lines = [f"{passed.method} {path} HTTP/1.1", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in passed.fields.items() if name not in own]
        there.write("\r\n".join((*lines, "", "")).encode("utf-8", "surrogateescape"))
        try:
            await there.drain()
            writer.write(await _answer(reader))
        finally:
            there.close()

    async def _open(self, target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _, port = self._names.get(target, target).rpartition(":")
        if not port.isdigit() or not host.startswith("127."):
            raise OSError(f"no way to {target}")
        return await asyncio.open_connection(host, int(port))


async def _read(reader: asyncio.StreamReader) -> Passed | None:
    """Return the next request's head; None at the end of the connection."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "surrogateescape")
    except asyncio.IncompleteReadError:
        return None
    first, *rest = head.split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.partition(": ") for line in rest if line)
    return Passed(method, target, {name.lower(): value for name, _, value in pairs})


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """Return a whole answer that says how long it is."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return head + await reader.readexactly(int(length or b"0"))


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):  # the other direction ends by itself
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    sink.close()


def _plain(status: int) -> bytes:
    return f"HTTP/1.1 {status} x\r\nContent-Length: 2\r\n\r\nno".encode()
