"""Scripts that several rows share: cut, broken, dripping and endless answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from crawler.testing.raw_server import Exchange, Script, answer

GIB = 1024**3
#: More than any limit; what a row sends of it is cheap, as all pieces are one object.
ENDLESS = 10 * GIB
PIECE = b"x" * 65_536

#: Seconds between two bytes of a drip: short beside any limit on silence.
_DRIP = 0.05


async def hold(exchange: Exchange) -> None:
    """Say nothing, for as long as anybody listens."""
    await exchange.hold()


async def close(exchange: Exchange) -> None:
    """End the connection without a word."""
    exchange.close()


async def reset(exchange: Exchange) -> None:
    """Break the connection without a word."""
    exchange.reset()


def sends(*parts: bytes, then: Script = close) -> Script:
    """Send parts one by one, then go on with another script."""

    async def script(exchange: Exchange) -> None:
        await exchange.send(*parts)
        await then(exchange)

    return script


def keeps(*parts: bytes) -> Script:
    """Send parts one by one and leave the connection open for the next request."""

    async def script(exchange: Exchange) -> None:
        await exchange.send(*parts)

    return script


def interrupts(*parts: bytes) -> Script:
    """Hear what is said first, whatever it is, send parts one by one, and close."""

    async def script(exchange: Exchange) -> None:
        await exchange.listen()
        await exchange.send(*parts)
        exchange.close()

    return script


def breaks(*parts: bytes) -> Script:
    """Send parts one by one, give them time to arrive, then break the connection."""

    async def script(exchange: Exchange) -> None:
        await exchange.send(*parts)
        await asyncio.sleep(_DRIP)  # a reset may overtake what was sent right before it
        exchange.reset()

    return script


def drips(begin: bytes, rest: bytes) -> Script:
    """Send the beginning, then the rest byte by byte, again and again."""

    async def script(exchange: Exchange) -> None:
        await exchange.send(begin)
        while not exchange.is_over:
            for byte in rest:
                await exchange.send(bytes((byte,)))
                await asyncio.sleep(_DRIP)

    return script


def floods(begin: bytes, piece: bytes = PIECE, *, total: int = ENDLESS) -> Script:
    """Send the beginning, then one piece again and again, until nobody listens or it is enough."""

    async def script(exchange: Exchange) -> None:
        await exchange.send(begin)
        sent = 0
        while sent < total and not exchange.is_over:
            await exchange.send(piece)
            sent += len(piece)
            await asyncio.sleep(0)  # a peer that is as fast must not keep all others waiting
        exchange.close()

    return script


def site(pages: Mapping[str, bytes | Script]) -> Script:
    """Answer each path as it says, the path "*" standing for all others; 404 without it."""

    async def script(exchange: Exchange) -> None:
        found = pages.get(exchange.path, pages.get("*", _NOT_FOUND))
        if isinstance(found, bytes):
            await exchange.send(found)
        else:
            await found(exchange)

    return script


def html(body: str | bytes, *, title: str = "page", status: str = "200 OK", **fields: str) -> bytes:
    """Return the answer of a page in UTF-8."""
    raw = body.encode() if isinstance(body, str) else body
    document = b"<title>" + title.encode() + b"</title>" + raw
    return answer(document, status=status, content_type="text/html; charset=utf-8", **fields)


def anchors(*hrefs: str) -> str:
    """Return a link to each of these."""
    return "".join(f'<p><a href="{href}">link</a>' for href in hrefs)


def moved(location: str, status: str = "302 Found") -> bytes:
    """Return a redirect."""
    return answer(b"", status=status, location=location)


_NOT_FOUND = answer(b"<title>none</title>", status="404 Not Found", content_type="text/html")
