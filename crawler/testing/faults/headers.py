"""Header fields: F35 to F42."""

from __future__ import annotations

from crawler.outcome import ErrorClass, SkipReason, State
from crawler.testing.faults.play import floods, keeps
from crawler.testing.faults.row import Expected, FaultRow, dead, done, failed

_BODY = b"<title>page</title>"
_END = b"Content-Type: text/html\r\nContent-Length: 19\r\n\r\n" + _BODY


def _page(*fields: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + b"".join(field + b"\r\n" for field in fields) + _END


def _good(number: str, does: str, *fields: bytes, note: str = "") -> FaultRow:
    return FaultRow(number=number, does=does, expected=done(note), play=keeps(_page(*fields)))


def _refused(number: str, does: str, *fields: bytes) -> FaultRow:
    expected = dead(ErrorClass.PROTOCOL)
    return FaultRow(number=number, does=does, expected=expected, play=keeps(_page(*fields)))


SIZE = (
    FaultRow(
        number="F35", does="sends a header line of 10 MB",
        expected=failed(ErrorClass.TOO_LARGE, "header"),
        play=floods(b"HTTP/1.1 200 OK\r\nX-A: ", total=10_000_000),
    ),
    FaultRow(
        number="F35b", does="sends header lines without end",
        expected=failed(ErrorClass.TOO_LARGE, "header"),
        play=floods(b"HTTP/1.1 200 OK\r\n", b"X-A: " + b"y" * 8_000 + b"\r\n"),
    ),
    FaultRow(
        number="F35c", does="sends a status line of 10 MB",
        expected=failed(ErrorClass.TOO_LARGE, "header"),
        play=floods(b"HTTP/1.1 200 ", total=10_000_000),
    ),
    _good("F36", "sends a policy of 9 KB", b"Content-Security-Policy: " + b"x" * 9_000),
    _good("F36b", "sends a policy of 60 KB", b"Content-Security-Policy: " + b"x" * 60_000),
    FaultRow(
        number="F37", does="sends 20,000 fields", expected=failed(ErrorClass.TOO_LARGE, "header"),
        play=keeps(_page(*(b"X-%d: y" % n for n in range(20_000)))),
    ),
    FaultRow(
        number="F37b", does="sends 5,000 short fields",
        expected=failed(ErrorClass.TOO_LARGE, "header"),
        play=keeps(_page(*(b"X: y" for _ in range(5_000)))),
    ),
)  # fmt: skip

SYNTAX = (
    _good("F38", "names two media types, the last of them usable",
          b"Content-Type: application/octet-stream"),
    FaultRow(
        number="F38b", does="names two places to go to",
        expected=Expected(State.SKIPPED, SkipReason.REDIRECTED, "/after (the first of 2"),
        play=keeps(b"HTTP/1.1 302 Found\r\nLocation: /after\r\nLocation: /other\r\n"
                   b"Content-Length: 0\r\n\r\n"),
    ),
    FaultRow(
        number="F38c", does="names a media type and then nonsense", expected=done(),
        play=keeps(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Type: nonsense\r\n"
                   b"Content-Length: 19\r\n\r\n" + _BODY),
    ),
    _refused("F39", "sends NUL inside a field", b"X-A: a\0b"),
    _refused("F39b", "sends a space before the colon", b"X-A : b"),
    _refused("F39c", "sends a bare carriage return inside a field", b"X-A: a\rb"),
    _refused("F39d", "sends a control byte in the name of a field", b"X\x01A: b"),
    FaultRow(
        number="F39e", does="sends control bytes in the value of a field", expected=done(),
        play=keeps(_page(b"X-A: \x1b]0;owned\x07")),
        decided="RFC 9110 §5.5 lets them stand; wherever a field is shown they are made harmless",
    ),
    _good("F40", "folds a field over two lines", b"X-A: one\r\n two"),
    _good("F40b", "sends Latin-1 and UTF-8 in fields", b"X-A: caf\xe9", "X-B: café".encode()),
)  # fmt: skip

MEANING = (
    _good("F41", "sends dates and tags that are none",
          b"Date: yesterday", b"Last-Modified: Thu, 99 Foo 2026", b"ETag: no quotes, W/",
          b"Expires: -1", b"Age: old", b"Retry-After: soon"),
    _good("F42", "sends cookies that are none",
          b"Set-Cookie: ", b"Set-Cookie: =", b"Set-Cookie: a=b; Domain=com; SameSite=Odd; ;;",
          b"Set-Cookie: c=d; Expires=nonsense; Max-Age=x; Path=relative",
          b"Set-Cookie: e=f; Max-Age=0", b"Set-Cookie: \xff\xfe=\x1b"),
    _good("F42b", "sends 1,000 cookies",
          *(b"Set-Cookie: c%d=%d" % (n, n) for n in range(1000))),
    _good("F42c", "sends a cookie of 60 KB", b"Set-Cookie: big=" + b"x" * 60_000),
    FaultRow(
        number="F42d", does="sends a cookie of 1 MB",
        expected=failed(ErrorClass.TOO_LARGE, "header"),
        play=keeps(_page(b"Set-Cookie: big=" + b"x" * 1_000_000)),
        decided="a field beyond 64 KiB is refused, whatever its name",
    ),
)  # fmt: skip

ROWS = (*SIZE, *SYNTAX, *MEANING)
