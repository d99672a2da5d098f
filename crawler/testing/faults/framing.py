"""Where an answer and its body end: F16 to F34."""

from __future__ import annotations

from crawler.outcome import ErrorClass, SkipReason, State
from crawler.testing.faults.play import drips, floods, keeps
from crawler.testing.faults.row import Expected, FaultRow, dead, done, failed
from crawler.testing.raw_server import answer

_BODY = b"<title>page</title>"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
_CHUNK = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
_PAGE = answer(_BODY, content_type="text/html")


def _page(body: bytes = _BODY, /, **fields: str) -> bytes:
    return answer(body, **{"content_type": "text/html", **fields})


def _protocol(number: str, does: str, raw: bytes, note: str = "") -> FaultRow:
    return FaultRow(
        number=number, does=does, expected=dead(ErrorClass.PROTOCOL, note), play=keeps(raw)
    )


def _good(number: str, does: str, raw: bytes, note: str = "", *, ends: bool = False) -> FaultRow:
    play = raw if ends else keeps(raw)
    return FaultRow(number=number, does=does, expected=done(note), play=play)


SLOW = (
    FaultRow(
        number="F16", does="drips its header", expected=dead(ErrorClass.TIMEOUT),
        play=drips(b"HTTP/1.1 200 OK\r\nX-A: ", b"y"),
    ),
    FaultRow(
        number="F17", does="drips its body", expected=dead(ErrorClass.TIMEOUT),
        play=drips(_HEAD + b"Content-Length: 100000\r\n\r\n", b"y"),
    ),
    FaultRow(
        number="F17b", does="drips a chunked body", expected=dead(ErrorClass.TIMEOUT),
        play=drips(_CHUNKED, b"1\r\ny\r\n"),
    ),
)  # fmt: skip

LENGTH = (
    FaultRow(
        number="F18", does="announces more than it sends", expected=dead(ErrorClass.TRUNCATED),
        play=_page(content_length="1000"),
    ),
    _good("F19", "sends more than it announces", _page(_BODY + b"more", content_length="19"),
          "extra_bytes"),
    FaultRow(
        number="F19b", does="sends more than it announces, and a whole answer behind it",
        expected=done("extra_bytes"), play=keeps(_PAGE + _page(b"<title>smuggled</title>")),
    ),
    _good("F19c", "sends more than it announces, piece by piece", _PAGE + b"XX", "extra_bytes"),
    _protocol("F20", "announces a negative length", _page(content_length="-19")),
    _protocol("F20b", "announces a length with a sign", _page(content_length="+19")),
    _protocol(
        "F20c", "announces two lengths",
        _HEAD + b"Content-Length: 19\r\nContent-Length: 18\r\n\r\n" + _BODY,
    ),
    _protocol(
        "F21", "announces both a length and chunks",
        _page(b"13\r\n" + _BODY + b"\r\n0\r\n\r\n", content_length="19",
              transfer_encoding="chunked"),
    ),
)  # fmt: skip

CHUNKS = (
    FaultRow(
        number="F22", does="gives a chunk a size that is no number",
        expected=dead(ErrorClass.PROTOCOL), play=keeps(_CHUNKED + b"zz\r\n" + _BODY + b"\r\n"),
        decided="incomplete is for what was cut; here nobody can tell where anything ends",
    ),
    FaultRow(
        number="F22b", does="ends inside a chunk", expected=dead(ErrorClass.TRUNCATED),
        play=_CHUNKED + b"13\r\n<title>",
    ),
    FaultRow(
        number="F22c", does="sends no last chunk", expected=dead(ErrorClass.TRUNCATED),
        play=_CHUNKED + b"13\r\n" + _BODY + b"\r\n",
    ),
    FaultRow(
        number="F23", does="sends a chunked body of 10 GB", expected=failed(ErrorClass.TOO_LARGE),
        play=floods(_CHUNKED, _CHUNK),
    ),
    FaultRow(
        number="F23b", does="announces a body of 10 GB, and sends it",
        expected=failed(ErrorClass.TOO_LARGE),
        play=floods(_HEAD + b"Content-Length: 10737418240\r\n\r\n"),
    ),
    FaultRow(
        number="F23c", does="sends 10 GB that only the end of the connection would end",
        expected=failed(ErrorClass.TOO_LARGE), play=floods(_HEAD + b"\r\n"),
    ),
    FaultRow(
        number="F23d", does="sends an error page of 10 GB", expected=failed(ErrorClass.STATUS),
        play=floods(b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n", _CHUNK),
    ),
    FaultRow(
        number="F23e", does="sends a redirect with a body of 10 GB",
        expected=Expected(State.SKIPPED, SkipReason.REDIRECTED),
        play=floods(
            b"HTTP/1.1 302 Found\r\nLocation: /after\r\nTransfer-Encoding: chunked\r\n\r\n", _CHUNK
        ),
    ),
    FaultRow(
        number="F24", does="sends ten million chunks of one byte",
        expected=failed(ErrorClass.TOO_LARGE, "chunks"),
        play=floods(_CHUNKED, b"1\r\nx\r\n" * 10_000, total=60_000_000),
    ),
    _good("F25", "answers as HTTP/1.0 without a length",
          b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + _BODY, "length_unknown",
          ends=True),
)  # fmt: skip

STATUS = (
    FaultRow(
        number="F26", does="answers as HTTP/0.9", expected=dead(ErrorClass.PROTOCOL),
        play=b"<html><title>page</title></html>\n",
    ),
    FaultRow(
        number="F26b", does="answers with binary garbage", expected=dead(ErrorClass.PROTOCOL),
        play=bytes(range(256)) * 4,
    ),
    _good("F27", "ends lines with a bare line feed",
          b"HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Length: 19\n\n" + _BODY),
    _good("F27b", "gives no reason phrase",
          b"HTTP/1.1 200\r\nContent-Type: text/html\r\nContent-Length: 19\r\n\r\n" + _BODY),
    _protocol("F28", "answers with status 0", _page(status="000 Nothing")),
    _protocol("F28b", "answers with a status of four digits", _page(status="2000 OK")),
    FaultRow(
        number="F28c", does="answers with status 999", expected=dead(ErrorClass.SERVER),
        play=keeps(_page(status="999 Denied")),
    ),
    _good("F28d", "answers with status 299", _page(status="299 Fine")),
    FaultRow(
        number="F28e", does="answers with status 499", expected=failed(ErrorClass.STATUS),
        play=keeps(_page(status="499 Odd")),
    ),
    _good("F29", "sends 50 interim answers first", _HINTS * 50 + _PAGE),
    FaultRow(
        number="F29b", does="sends 1,000 interim answers first",
        expected=dead(ErrorClass.PROTOCOL, "interim"), play=keeps(_HINTS * 1000 + _PAGE),
        decided="at most 50 are borne",
    ),
    FaultRow(
        number="F30", does="sends interim answers without end",
        expected=dead(ErrorClass.PROTOCOL, "interim"), play=floods(b"", _HINTS * 100),
    ),
    _protocol("F31", "switches to a protocol that nobody asked for",
              answer(status="101 Switching Protocols", upgrade="x", content_length="")),
    _good("F32", "sends a body with status 204", _page(status="204 No Content"), "extra_bytes"),
    FaultRow(
        number="F33", does="answers 304 to a request without conditions",
        expected=dead(ErrorClass.PROTOCOL), play=keeps(answer(status="304 Not Modified")),
    ),
    FaultRow(
        number="F33b", does="answers 304 with a body to a request without conditions",
        expected=dead(ErrorClass.PROTOCOL), play=keeps(_page(status="304 Not Modified")),
    ),
    FaultRow(
        number="F34", does="answers with a part that nobody asked for",
        expected=dead(ErrorClass.TRUNCATED),
        play=keeps(_page(status="206 Partial Content", content_range="bytes 0-18/1000")),
    ),
)  # fmt: skip

ROWS = (*SLOW, *LENGTH, *CHUNKS, *STATUS)
