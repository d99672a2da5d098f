"""Decoders of single content codings, as streams and within limits.

A decoder never holds more than its limit allows, checks that the stream came to its end, and
takes what servers really send: junk behind the last gzip member, raw deflate, plain bytes under a
gzip label.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Protocol, cast

from crawler.errors import FetchError
from crawler.outcome import ErrorClass

if TYPE_CHECKING:
    import zstandard

#: Largest zstd window honoured; what RFC 9659 allows on the web.
_ZSTD_WINDOW = 8 * 1024 * 1024

#: zstd's decoder takes no output limit, and four bytes may stand for 128 KiB: input goes in
#: slices small enough that one cannot bring more than some 10 MiB.
_ZSTD_SLICE = 256

#: Bytes of a frame's magic number.
_ZSTD_HEAD = 4

#: Bytes that brotli may give at once.
_PART = 1024 * 1024

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_GZIP_MAGIC = b"\x1f\x8b"

NOT_ENCODED = "not_encoded"


class Decoder(Protocol):
    """Undoes one coding."""

    @property
    def flag(self) -> str | None:
        """Name of what was odd, None while nothing was."""
        ...

    def feed(self, data: bytes, limit: int) -> bytes:
        """Return what `data` decodes to; more than `limit` bytes are an error, too_large."""
        ...

    def finish(self) -> None:
        """Check that the stream came to its end; an error, truncated, if it did not."""
        ...


class Inflater(Protocol):
    """What zlib and isal both call a decompression object."""

    @property
    def eof(self) -> bool: ...  # noqa: D102
    @property
    def unused_data(self) -> bytes: ...  # noqa: D102
    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes: ...  # noqa: D102


class DeflateDecoder:
    """gzip and deflate: both are deflate streams, in different wrappers."""

    def __init__(self, url: str, *, gzip: bool) -> None:
        self.flag: str | None = None
        self._url = url
        self._gzip = gzip
        self._inner: Inflater | None = None
        self._head = b""
        # Everything behind the end of the stream is ignored; plain bytes are passed on.
        self._over = self._plain = False

    def feed(self, data: bytes, limit: int) -> bytes:
        """Decode a piece; see `Decoder`."""
        if self._plain:
            return _checked(data, limit, self._url)
        if self._over:
            return b""
        data, self._head = self._head + data, b""
        if self._inner is None:
            if len(data) < 2:
                self._head = data
                return b""
            wrapper = self._wrapper(data)
            if wrapper is None:
                self.flag, self._plain = NOT_ENCODED, True
                return _checked(data, limit, self._url)
            self._inner = _inflate()(wrapper)
        return self._run(self._inner, data, limit)

    def _wrapper(self, head: bytes) -> int | None:
        """Return zlib's number for the wrapper that the first two bytes show."""
        if self._gzip:
            return 31 if head[:2] == _GZIP_MAGIC else None
        # RFC 9110 says zlib format; some servers send the bare stream, as browsers know.
        has_header = head[0] & 0x0F == 8 and (head[0] << 8 | head[1]) % 31 == 0
        return zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS

    def _run(self, inner: Inflater, data: bytes, limit: int) -> bytes:
        parts: list[bytes] = []
        while data:
            if inner.eof:
                if self._gzip and data == _GZIP_MAGIC[:1]:
                    self._head = data  # whether it is another member the next piece tells
                    break
                if not self._gzip or data[:2] != _GZIP_MAGIC:
                    self._over = True
                    break
                inner = self._inner = _inflate()(31)  # another member (RFC 1952 §2.2)
            try:
                part = inner.decompress(data, limit + 1)
            except _inflate_errors() as error:
                raise unreadable("broken deflate stream", self._url) from error
            parts.append(part)
            limit -= len(part)
            if limit < 0:
                raise _too_large(self._url)
            data = inner.unused_data if inner.eof else b""
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def finish(self) -> None:
        """Check for the end; see `Decoder`."""
        if self._head and self._inner is None and not self._plain:
            raise _truncated(self._url)
        if self._inner is not None and not self._inner.eof:
            raise _truncated(self._url)


class BrotliDecoder:
    """br; its library must be there (`content_coding.is_known`)."""

    def __init__(self, url: str) -> None:
        import brotli  # type: ignore[import-untyped]

        self.flag: str | None = None
        self._url = url
        self._inner = brotli.Decompressor()
        self._error: type[Exception] = brotli.error
        self._begun = False

    def feed(self, data: bytes, limit: int) -> bytes:
        """Decode a piece; see `Decoder`."""
        if self._inner.is_finished():
            if data:
                # In one piece with the stream the library takes it for damage, and what came
                # before it is lost: so it is the same in two.
                raise unreadable("something behind the end of the brotli stream", self._url)
            return b""
        self._begun = self._begun or bool(data)
        parts: list[bytes] = []
        try:
            while True:
                part: bytes = self._inner.process(data, output_buffer_limit=min(limit, _PART) + 1)
                parts.append(part)
                limit -= len(part)
                if limit < 0:
                    raise _too_large(self._url)
                if self._inner.is_finished() or self._inner.can_accept_more_data():
                    return b"".join(parts)
                data = b""
        except self._error as error:
            raise unreadable("broken brotli stream", self._url) from error

    def finish(self) -> None:
        """Check for the end; see `Decoder`."""
        if self._begun and not self._inner.is_finished():
            raise _truncated(self._url)


class ZstdDecoder:
    """zstd; its library must be there (`content_coding.is_known`)."""

    def __init__(self, url: str) -> None:
        self.flag: str | None = None
        self._url = url
        self._head = b""
        self._inner: zstandard.ZstdDecompressionObj | None = None
        self._over = self._plain = False

    def feed(self, data: bytes, limit: int) -> bytes:
        """Decode a piece; see `Decoder`."""
        if self._plain:
            return _checked(data, limit, self._url)
        if self._over:
            return b""
        data, self._head = self._head + data, b""
        if len(data) < _ZSTD_HEAD and (self._inner is None or self._inner.eof):
            self._head = data
            return b""
        if self._inner is None and not _begins_zstd_frame(data):
            self.flag, self._plain = NOT_ENCODED, True
            return _checked(data, limit, self._url)
        return self._decode(data, limit)

    def _decode(self, data: bytes, limit: int) -> bytes:
        parts: list[bytes] = []
        start = 0
        while start < len(data):
            size = _ZSTD_SLICE
            if self._inner is None or self._inner.eof:
                # A frame that came in one piece is read by other code, which finds other faults.
                size = _ZSTD_HEAD
                head = data[start : start + size]
                if len(head) < size:
                    self._head = head  # whether it is another frame the next piece tells
                    break
                if not _begins_zstd_frame(head):
                    self._over = True
                    break
                self._inner = _new_zstd()
            piece = data[start : start + size]
            part = self._decompressed(self._inner, piece)
            parts.append(part)
            limit -= len(part)
            if limit < 0:
                raise _too_large(self._url)
            start += len(piece) - (len(self._inner.unused_data) if self._inner.eof else 0)
        return b"".join(parts)

    def _decompressed(self, inner: zstandard.ZstdDecompressionObj, piece: bytes) -> bytes:
        import zstandard

        try:
            return inner.decompress(piece)
        except zstandard.ZstdError as error:
            raise unreadable("broken zstd stream", self._url) from error

    def finish(self) -> None:
        """Check for the end; see `Decoder`."""
        if self._head and self._inner is None and not self._plain:
            raise _truncated(self._url)
        if self._inner is not None and not self._inner.eof:
            raise _truncated(self._url)


@cache
def _inflate() -> Callable[[int], Inflater]:
    """Return what makes inflaters; isal's are faster by half where it has wheels."""
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib.decompressobj
    return isal_zlib.decompressobj


@cache
def _inflate_errors() -> tuple[type[Exception], ...]:
    try:
        from isal import isal_zlib
    except ImportError:
        return (zlib.error,)
    # Its stubs call the class an instance.
    return (zlib.error, cast("type[Exception]", isal_zlib.error))


def _new_zstd() -> zstandard.ZstdDecompressionObj:
    import zstandard

    return zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()


def _begins_zstd_frame(head: bytes) -> bool:
    # Skippable frames (RFC 8878 §3.1.2) begin with 0x184D2A50 to 0x184D2A5F, little-endian.
    return head[:4] == _ZSTD_MAGIC or (head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50)


def _checked(data: bytes, limit: int, url: str) -> bytes:
    if len(data) > limit:
        raise _too_large(url)
    return data


def _truncated(url: str) -> FetchError:
    return FetchError(ErrorClass.TRUNCATED, "the compressed body ends early", url=url)


def _too_large(url: str) -> FetchError:
    return FetchError(ErrorClass.TOO_LARGE, "the decoded body is over the size limit", url=url)


def unreadable(why: str, url: str) -> FetchError:
    """Return the error for a body that cannot be decoded."""
    return FetchError(ErrorClass.UNREADABLE, why, url=url)
