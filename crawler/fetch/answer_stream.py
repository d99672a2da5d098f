"""Reads one HTTP/1 answer off a connection that blocks: its head, then its body piece by piece.

Knows no socket: bytes come from a function, which also keeps the time limits. Bytes that are left
behind the answer end the connection; they are never the start of another answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from crawler.fetch.answer_head import (
    HEAD_TOO_LARGE,
    AnswerHead,
    Framing,
    HeadTooLarge,
    MalformedAnswer,
    parse_fields,
    parse_head,
)
from crawler.fetch.connect_failure import not_http
from crawler.fetch.limits import MAX_CHUNKING, MAX_HEAD, MAX_INTERIM, MAX_LINE

_EMPTY_LINE = re.compile(rb"\n\r?\n")
_CHUNK_LINE = re.compile(rb"0*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\0\r]*)?\r\n", re.DOTALL)
_BODILESS = frozenset((204, 304))


class CutShort(Exception):
    """The connection ended inside the answer."""


class NoAnswer(Exception):
    """The connection ended before the first byte of an answer."""


class TinyChunks(CutShort):
    """The body comes in pieces so small that reading them costs more than they are worth."""


TINY_CHUNKS = "the body comes in chunks of next to nothing"


class AnswerStream:
    """One answer on its way; a `ByteSource` that never suspends.

    Args:
        receive: Returns what came, waiting for something; b"" at the end of the connection.
            Raises ConnectionError for a connection that breaks, whatever it likes for its limits.

    Attributes:
        head: The head, once it is read.
        has_more: More came than the answer announced; known once its body is read.
    """

    __slots__ = (
        "_at", "_buffer", "_chunking", "_done", "_framing", "_gap", "_left", "_receive",
        "has_more", "head",
    )  # fmt: skip

    head: AnswerHead

    def __init__(self, receive: Callable[[], bytes]) -> None:
        self._receive = receive
        self._buffer = bytearray()
        self._at = 0  # in the buffer: everything before has been read
        self._framing = Framing.NO_BODY
        self._left = 0  # bytes of the body, or of the chunk, that are still to come
        self._chunking = 0  # bytes that were neither head nor body
        self._gap = False  # a chunk was read, the line end behind it was not
        self._done = False
        self.has_more = False

    @property
    def unread(self) -> int:
        """Bytes that came and were not read: behind the body, once that is at its end."""
        return len(self._buffer) - self._at

    @property
    def is_reusable(self) -> bool:
        """The answer is read to its end, and its connection is fit for another."""
        return (
            self._done
            and self.head.is_kept
            and self._framing is not Framing.UNTIL_CLOSE
            and self._at == len(self._buffer)
        )

    def read_head(self, method: str) -> AnswerHead:
        """Read until the head is complete; interim answers (1xx) are skipped.

        Args:
            method: Of the request; an answer to HEAD has no body.

        Raises:
            MalformedAnswer: It is no HTTP, or over a limit.
            NoAnswer: The connection ended before it began.
            CutShort: The connection ended inside it.
        """
        head = self._one_head()
        for _ in range(MAX_INTERIM + 1):
            if not 100 <= head.status < 200 or head.status == 101:
                break
            head = self._one_head()
        else:
            raise MalformedAnswer("too many interim answers")
        self.head = head
        bodiless = method == "HEAD" or head.status in _BODILESS
        self._framing = Framing.NO_BODY if bodiless else head.framing
        self._left = 0 if bodiless else head.length
        if bodiless or (head.framing is Framing.LENGTH and not head.length):
            self._end()
        return head

    async def readany(self) -> bytes:
        """Return what has come of the body; b"" at its end.

        Raises:
            MalformedAnswer: The chunks are none.
            TinyChunks: They are too small.
            CutShort: The connection ended inside the body.
        """
        if self._done:
            return b""
        if self._framing is Framing.CHUNKED:
            return self._read_chunks()
        data = self._take_buffered() or self._wait(CutShort if self._left else None)
        if self._framing is Framing.UNTIL_CLOSE:
            self._done = not data
            return data
        if len(data) >= self._left:
            if len(data) > self._left:
                self._buffer[:], data = data[self._left :], data[: self._left]
                self._at = 0
            self._left = 0
            self._end()
            return data
        self._left -= len(data)
        return data

    def at_eof(self) -> bool:
        """Say whether the body has been returned whole."""
        return self._done

    def _one_head(self) -> AnswerHead:
        while True:  # empty lines before an answer are to be ignored (RFC 9112 §2.2)
            while self._at < len(self._buffer) and self._buffer[self._at] in b"\r\n":
                self._at += 1
            if self._at < len(self._buffer):
                break
            self._fill(CutShort if self._buffer else NoAnswer, "header")
        return parse_head(self._lines(starts=b"HTTP/", where="header"))

    def _lines(self, *, starts: bytes, where: str) -> bytes:
        """Return the lines up to the next empty one, and step over that."""
        scan = self._at
        while (end := _EMPTY_LINE.search(self._buffer, scan)) is None:
            size = len(self._buffer) - self._at
            begin = self._buffer[self._at : self._at + len(starts)]
            if not starts.startswith(begin):
                raise MalformedAnswer(not_http(bytes(self._buffer[self._at : self._at + 16])))
            if size > MAX_HEAD:
                raise HeadTooLarge(HEAD_TOO_LARGE)
            scan = max(0, size - 2)  # counted from where filling will put the beginning
            self._fill(CutShort, where)
        if end.start() - self._at > MAX_HEAD:
            raise HeadTooLarge(HEAD_TOO_LARGE)
        block = bytes(self._buffer[self._at : end.start() + 1])
        self._at = end.end()
        return block

    def _read_chunks(self) -> bytes:
        parts: list[bytes] = []
        while not self._done:
            if self._left:
                part = bytes(self._buffer[self._at : self._at + self._left])
                self._at += len(part)
                self._left -= len(part)
                self._gap = not self._left
                if part:
                    parts.append(part)
                    continue
            elif self._next_chunk():
                continue
            if parts:
                break
            self._fill(CutShort, "body")
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _next_chunk(self) -> bool:
        """Read the line that begins a chunk, False when it is not there yet."""
        if self._gap:
            behind = self._buffer[self._at : self._at + 2]
            if not b"\r\n".startswith(behind):
                raise MalformedAnswer("a chunk is longer than it said")
            if len(behind) < 2:
                return False
            self._at += 2
            self._gap = False
        end = self._buffer.find(b"\n", self._at)
        if (end if end >= 0 else len(self._buffer)) - self._at > MAX_LINE:
            raise MalformedAnswer("the first line of a chunk is over the size limit")
        if end < 0:
            return False
        line = _CHUNK_LINE.fullmatch(self._buffer, self._at, end + 1)
        if line is None:
            raise MalformedAnswer("the size of a chunk is no number")
        self._left = int(line[1], 16)
        self._chunking += end + 3 - self._at
        if self._chunking > MAX_CHUNKING:
            raise TinyChunks(TINY_CHUNKS)
        self._at = end + 1
        if not self._left:
            self._at -= 1  # with the end of this line, no trailer is an empty line like any other
            parse_fields(self._lines(starts=b"", where="body"))
            self._end()
        return True

    def _end(self) -> None:
        """Note that the body is complete, and whether anything but line ends came behind it."""
        self._done = True
        self.has_more = bool(self._buffer[self._at : self._at + 64].lstrip(b"\r\n"))

    def _take_buffered(self) -> bytes:
        data = bytes(self._buffer[self._at :])
        self._at = len(self._buffer)
        return data

    def _fill(self, at_end: type[Exception], where: str) -> None:
        del self._buffer[: self._at]
        self._at = 0
        self._buffer += self._wait(at_end, where)

    def _wait(self, at_end: type[Exception] | None, where: str = "body") -> bytes:
        """Return what comes next; `at_end` is raised if that is the end."""
        try:
            data = self._receive()
        except ConnectionError as error:
            # A reset is no end of a body, even where nothing else would say where it ends.
            raise (at_end or CutShort)(f"the connection was reset: {error}") from error
        if not data and at_end is not None:
            inside = f"inside the {where}" if at_end is CutShort else "before an answer"
            raise at_end(f"the connection ended {inside}")
        return data
