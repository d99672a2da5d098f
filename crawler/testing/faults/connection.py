"""Names and connections: F1 to F9, F12, F13."""

from __future__ import annotations

import socket

from crawler.outcome import ErrorClass
from crawler.testing.faults.play import breaks, close, hold, interrupts, keeps, reset, sends
from crawler.testing.faults.row import BLACK_HOLE, NEVER, Door, FaultRow, dead, done, failed
from crawler.testing.raw_server import Exchange, answer

_UNKNOWN = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
_BAD_MOMENT = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
_PAGE = answer(b"<title>page</title>", content_type="text/html")
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"

# RFC 9113 §6.5: an empty SETTINGS frame; §6.8: GOAWAY with HTTP_1_1_REQUIRED's neighbour, 1.
_HTTP2 = b"\0\0\0\4\0\0\0\0\0" + b"\0\0\x08\7\0\0\0\0\0" + b"\0\0\0\0\0\0\0\1"
# RFC 8446 §6: a fatal alert, unexpected message.
_TLS_ALERT = b"\x15\x03\x01\x00\x02\x02\x0a"


async def _close_the_second(exchange: Exchange) -> None:
    """Promise to keep the connection, and end it as its second request comes."""
    if exchange.ordinal > 1:
        exchange.close()
        return
    await exchange.send(_PAGE)


ROWS = (
    FaultRow(
        number="F1", does="has a name that does not exist", expected=dead(ErrorClass.DNS),
        names=lambda _n, _own: _UNKNOWN, tries=0, has_after=False,
    ),
    FaultRow(
        number="F2", does="has name servers that fail", expected=dead(ErrorClass.DNS),
        names=lambda _n, _own: _BAD_MOMENT, tries=0, has_after=False,
    ),
    FaultRow(
        number="F2b", does="has name servers that fail once", expected=done(),
        names=lambda n, own: (own,) if n > 1 else _BAD_MOMENT, play=keeps(_PAGE),
        settings={"fetch.retries": "1"},
    ),
    FaultRow(
        number="F2c", does="has name servers that never answer",
        expected=dead(ErrorClass.DNS), names=lambda _n, _own: NEVER, tries=0,
        has_after=False,
    ),
    FaultRow(
        number="F3", does="has a public and a private address", expected=failed(ErrorClass.ADDRESS),
        names=lambda _n, own: ("93.184.215.14", own), play=_PAGE, tries=0, has_after=False,
        settings={"fetch.private_addresses": "deny"},
    ),
    FaultRow(
        number="F4", does="is refused at its IPv6 address, listens at its IPv4 address",
        expected=done(), names=lambda _n, own: ("::1", own), play=keeps(_PAGE),
    ),
    FaultRow(
        number="F4b", does="swallows connections at the first of its addresses",
        expected=done(), names=lambda _n, own: (BLACK_HOLE, own), play=keeps(_PAGE),
    ),
    FaultRow(
        number="F5", does="refuses connections", expected=dead(ErrorClass.CONNECT, "refused"),
        door=Door.REFUSED, tries=0, has_after=False,
    ),
    FaultRow(
        number="F6", does="swallows connections", expected=dead(ErrorClass.TIMEOUT),
        door=Door.FULL, tries=0, has_after=False,
    ),
    FaultRow(
        number="F7", does="accepts and never answers", expected=dead(ErrorClass.TIMEOUT), play=hold
    ),
    FaultRow(
        number="F7b", does="falls silent inside the header", expected=dead(ErrorClass.TIMEOUT),
        play=sends(_HEAD, then=hold),
    ),
    FaultRow(
        number="F7c", does="falls silent inside the body", expected=dead(ErrorClass.TIMEOUT),
        play=sends(_HEAD + b"Content-Length: 9\r\n\r\nhalf", then=hold),
    ),
    FaultRow(
        number="F8", does="closes the connection at the request",
        expected=dead(ErrorClass.CONNECT), play=close, tries=2,
    ),
    FaultRow(
        number="F8b", does="closes a kept connection as the next request comes", expected=done(),
        play=_close_the_second, tries=3,
    ),
    FaultRow(
        number="F8c", does="closes each connection at once", expected=dead(ErrorClass.CONNECT),
        play=close, door=Door.RAW, tries=0, has_after=False,
    ),
    FaultRow(
        number="F8d", does="resets each connection at once", expected=dead(ErrorClass.CONNECT),
        play=reset, door=Door.RAW, tries=0, has_after=False,
    ),
    FaultRow(
        number="F9", does="resets inside a body of known length",
        expected=dead(ErrorClass.TRUNCATED),
        play=breaks(_HEAD + b"Content-Length: 9\r\n\r\nhalf"),
    ),
    FaultRow(
        number="F9b", does="resets between two chunks", expected=dead(ErrorClass.TRUNCATED),
        play=breaks(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
    ),
    FaultRow(
        number="F9c", does="resets inside a body whose length nobody knows",
        expected=dead(ErrorClass.TRUNCATED),
        play=breaks(_HEAD + b"Connection: close\r\n\r\nhalf"),
    ),
    FaultRow(
        number="F9d", does="ends inside the header", expected=dead(ErrorClass.TRUNCATED),
        play=_HEAD,
    ),
    FaultRow(
        number="F12", does="speaks plain HTTP where TLS is expected",
        expected=dead(ErrorClass.PROTOCOL, "TLS"), scheme="https", door=Door.RAW,
        play=interrupts(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), tries=0,
        has_after=False,
    ),
    FaultRow(
        number="F12b", does="speaks TLS where plain HTTP is expected",
        expected=dead(ErrorClass.PROTOCOL, "TLS"), play=_TLS_ALERT,
    ),
    FaultRow(
        number="F13", does="speaks HTTP/2 only", expected=dead(ErrorClass.PROTOCOL, "HTTP/2"),
        play=_HTTP2,
    ),
)  # fmt: skip
