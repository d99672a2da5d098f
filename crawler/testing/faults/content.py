"""Bodies and their codings: F43 to F48, F77."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence

from crawler.outcome import ErrorClass
from crawler.testing.faults.play import GIB, floods, keeps
from crawler.testing.faults.row import Expected, FaultRow, dead, done, failed
from crawler.testing.raw_server import answer

_PAGE = b"<title>page</title>"
_TITLE: dict[str, object] = {"title": "page"}
_MIB = 1024 * 1024
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"

#: 100 MB of zeros, and a page, as brotli (RFC 7932).
_BROTLI_BOMB = bytes.fromhex(
    "cbffff3ff82700e2b14020f7fe8fffff7ff04f00c4611180eefd1fffffffe09f0088c30200ddfb3ffeffffc13f"
    "0110870500baf77ffcffff837f02200e0b0074effff8ffff07ff04401c1600e8defff1ffff0ffe0980382c00d0"
    "bdffe3ffff1ffc1300715800a07bffc7ffff3ff82700e2b00040f7fe8fffff7ff04f00c4610180eefd1fffffff"
    "e09f0088c30200ddfbbffc07afc33f0110870500bad875"
)
_BROTLI_PAGE = bytes.fromhex("1b1200f8a55e7852904228c90536d0a17c00")

#: RFC 8878 §3.1.1: a frame of no stated size with a window of 8 MiB, then blocks that repeat one
#: byte 128 Ki times.
_ZSTD_HEAD = b"\x28\xb5\x2f\xfd\x00\x68"
_ZSTD_BLOCK = ((131_072 << 3) | (1 << 1)).to_bytes(3, "little") + b"\0"
_ZSTD_HUGE_WINDOW = b"\x28\xb5\x2f\xfd\x00\xa8" + _ZSTD_BLOCK * 16
_ZSTD_PAGE = (
    b"\x28\xb5\x2f\xfd\x20" + bytes((len(_PAGE),))
    + ((len(_PAGE) << 3) | 1).to_bytes(3, "little") + _PAGE
)  # fmt: skip


def _coded(coding: str, body: bytes, **fields: str) -> bytes:
    return answer(body, content_type="text/html", content_encoding=coding, **fields)


def _deflated(body: bytes, *, bits: int = -zlib.MAX_WBITS) -> bytes:
    packer = zlib.compressobj(wbits=bits)
    return packer.compress(body) + packer.flush()


def _zeros(bits: int) -> tuple[bytes, bytes]:
    """Return the beginning of a deflate stream, and a piece of a MiB of zeros to repeat."""
    packer = zlib.compressobj(9, wbits=bits)
    begin = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    return begin, packer.compress(bytes(_MIB)) + packer.flush(zlib.Z_FULL_FLUSH)


def _bomb(number: str, does: str, coding: str, begin: bytes, piece: bytes, count: int) -> FaultRow:
    head = _HEAD + f"Content-Encoding: {coding}\r\nConnection: close\r\n\r\n".encode()
    return FaultRow(
        number=number, does=does, expected=failed(ErrorClass.TOO_LARGE),
        play=floods(head + begin, piece * 16, total=len(piece) * count),
    )  # fmt: skip


def _row(number: str, does: str, raw: bytes, expected: Expected, *, decided: str = "") -> FaultRow:
    gives = _TITLE if expected.reason is None else {}
    return FaultRow(
        number=number, does=does, play=keeps(raw), expected=expected, gives=gives, decided=decided
    )


def _nested_bomb() -> bytes:
    begin, piece = _zeros(31)
    return gzip.compress(begin + piece * 10_240)


def _chain(codings: Sequence[str], body: bytes) -> bytes:
    for _ in codings:
        body = gzip.compress(body)
    return _coded(", ".join(codings), body)


BOMBS = (
    _bomb("F43", "sends 10 GB as 10 MB of gzip", "gzip", *_zeros(31), 10 * GIB // _MIB),
    _bomb("F43b", "sends 10 GB as 10 MB of deflate", "deflate", *_zeros(15), 10 * GIB // _MIB),
    _bomb("F43c", "sends 10 GB as 300 KB of zstd", "zstd", _ZSTD_HEAD, _ZSTD_BLOCK, 81_920),
    FaultRow(
        number="F43d", does="sends 100 MB as 158 bytes of brotli",
        expected=failed(ErrorClass.TOO_LARGE),
        play=keeps(_coded("br", _BROTLI_BOMB)),
    ),
    FaultRow(
        number="F43e", does="sends gzip in gzip, 10 GB in 30 KB",
        expected=failed(ErrorClass.TOO_LARGE), play=keeps(_coded("gzip, gzip", _nested_bomb())),
    ),
    FaultRow(
        number="F43f", does="asks for a window of 2 GB to decode a few bytes of zstd",
        expected=failed(ErrorClass.UNREADABLE),
        play=keeps(_coded("zstd", _ZSTD_HUGE_WINDOW)),
        decided="a window beyond 8 MiB is unreadable (RFC 9659); no room is made for it",
    ),
)  # fmt: skip

CODINGS = (
    _row("F44", "says gzip, and sends plain text", _coded("gzip", _PAGE), done("not_encoded")),
    _row("F44b", "says deflate, and sends plain text", _coded("deflate", _PAGE),
         failed(ErrorClass.UNREADABLE),
         decided="without a magic number plain text cannot be told from a broken stream"),
    _row("F45", "cuts its gzip short", _coded("gzip", gzip.compress(_PAGE * 50)[:-12]),
         dead(ErrorClass.TRUNCATED)),
    _row("F45b", "breaks its gzip in the middle",
         _coded("gzip", gzip.compress(_PAGE * 50)[:10] + b"\xff" * 90),
         failed(ErrorClass.UNREADABLE)),
    _row("F46", "sends junk behind its gzip", _coded("gzip", gzip.compress(_PAGE) + b"junk" * 9),
         done()),
    _row("F46b", "sends gzip in two members",
         _coded("gzip", gzip.compress(b"<title>pa") + gzip.compress(b"ge</title>")), done()),
    _row("F47", "sends raw deflate", _coded("deflate", _deflated(_PAGE)), done()),
    _row("F47b", "sends deflate in the zlib format",
         _coded("deflate", _deflated(_PAGE, bits=zlib.MAX_WBITS)), done()),
    _row("F47c", "says x-gzip", _coded("x-gzip", gzip.compress(_PAGE)), done()),
    _row("F47d", "names a coding that nobody knows", _coded("rot13", _PAGE),
         done("unknown_coding")),
    _row("F47e", "sends gzip in gzip", _chain(["gzip"] * 2, _PAGE), done()),
    _row("F47f", "sends gzip in gzip, 50 times", _chain(["gzip"] * 50, _PAGE),
         failed(ErrorClass.UNREADABLE, "50 content codings")),
    _row("F48", "sends brotli", _coded("br", _BROTLI_PAGE), done()),
    _row("F48b", "sends zstd", _coded("zstd", _ZSTD_PAGE), done()),
    _row("F48c", "sends brotli that is none", _coded("br", b"\xff" * 40),
         failed(ErrorClass.UNREADABLE)),
    FaultRow(
        number="F77", does="answers 200 with nothing", expected=done("empty"),
        play=keeps(answer(b"", content_type="text/html")),
    ),
    FaultRow(
        number="F77b", does="answers 200 with no page, and no media type", expected=done("empty"),
        play=keeps(answer(b"")),
    ),
)  # fmt: skip

ROWS = (*BOMBS, *CODINGS)
