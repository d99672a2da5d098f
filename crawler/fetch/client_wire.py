"""aiohttp's connections, with the limits on heads that they lack, and what they know afterwards.

A server that sends more than it announced is given what it announced: the parser under aiohttp
refuses both when they come together. Where that happens the answer is measured with our own reader
and handed to a new parser without what is too much; the connection ends, as it always does when
more came than one answer.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any, cast

import aiohttp
from aiohttp import http_parser
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import BadStatusLine, HttpProcessingError, LineTooLong

from crawler.fetch.answer_head import HEAD_TOO_LARGE, TOO_MANY_FIELDS, MalformedAnswer
from crawler.fetch.answer_stream import TINY_CHUNKS, AnswerStream, CutShort, NoAnswer
from crawler.fetch.connect_failure import not_http
from crawler.fetch.in_place import run_in_place
from crawler.fetch.limits import (
    MAX_CHUNKING,
    MAX_FIELD,
    MAX_FIELDS,
    MAX_HEAD,
    MAX_INTERIM,
    MAX_LINE,
)
from crawler.outcome import ErrorClass

#: What to say where `reads_in_python`.
IN_PYTHON = (
    "answers are read by aiohttp's parser in Python: it is slow, and more lenient with broken"
    " framing than the one in C, which this installation lacks or AIOHTTP_NO_EXTENSIONS turns off"
)


#: How aiohttp is to read an answer. Redirects, cookies and codings are not its business.
_READING: dict[str, Any] = {
    "read_until_eof": True,
    "auto_decompress": False,
    "max_line_size": MAX_LINE,
    "max_field_size": MAX_FIELD,
    "max_headers": MAX_FIELDS,
}


def reads_in_python() -> bool:
    """Tell whether aiohttp's parser in C is missing, and the one in Python stands in for it.

    The two disagree about odd framing, which is how one answer is made to look like two
    (CVE-2026-111750 was in the one in Python alone).
    """
    return http_parser.HttpResponseParser is http_parser.HttpResponseParserPy


class Dropped(aiohttp.ClientConnectionError):
    """The connection ended before the first byte of an answer."""


class TooTiny(aiohttp.ClientPayloadError):
    """The body comes in pieces that are too small."""


class _Refused(HttpProcessingError):
    """What came is no answer; the message is ours."""

    def __init__(self, message: str, kind: ErrorClass = ErrorClass.PROTOCOL) -> None:
        super().__init__(message=message)
        self.kind = kind


def refusal(error: BaseException) -> tuple[ErrorClass, str] | None:
    """Return class and words of an error, if it is one that a `Wire` raised."""
    cause = error if isinstance(error, _Refused) else error.__cause__
    return (cause.kind, cause.message) if isinstance(cause, _Refused) else None


class Wire(ResponseHandler):
    """One connection.

    Attributes:
        was_reset: It broke.
        has_more: More came than the answer announced.
        asked_at: Monotonic second of the last request.
        heard: Second, of the loop's time, at which something came last, or was asked.

    Args:
        loop: Its loop.
        now: The monotonic time.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, now: Callable[[], float]) -> None:
        super().__init__(loop=loop)
        self.asked_at = self.heard = 0.0
        self._now = now
        self.was_reset = self.has_more = False
        self._in_head = False  # a request was sent, its answer's head is not complete
        self._head_size = 0
        self._body_size = 0  # as it came, chunk by chunk
        self._interim = 0
        self._came: list[bytes] = []  # of the answer, while its head is not complete
        self._params: dict[str, Any] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Have each request sent as it is written, not at the end of uvloop's turn."""
        super().connection_made(transport)
        cast("asyncio.WriteTransport", transport).set_write_buffer_limits(high=0)

    def ask(self, head: bytes, body: bytes = b"", *, wants_body: bool) -> None:
        """Send a request; its answer is what `read` returns.

        Args:
            head: With the empty line at its end.
            body: Behind it.
            wants_body: The answer may have one: this is no HEAD.

        Raises:
            ClientConnectionResetError: The connection has ended.
        """
        self.set_response_params(skip_payload=not wants_body, **_READING)
        transport = self.transport
        if transport is None or transport.is_closing():
            raise aiohttp.ClientConnectionResetError("the connection ended before the request")
        self.heard = self._loop.time()
        transport.write(head)
        if body:
            transport.write(body)

    @property
    def is_sending(self) -> bool:
        """Part of the request still waits for the other side to take it."""
        # `writing_paused` does not say so: with our limit of 0 that of asyncio's TLS flips with
        # every piece that is sent or read.
        transport = self.transport
        return transport is not None and transport.get_write_buffer_size() > 0

    def is_silent(self, since: float) -> bool:
        """Say whether the other side did nothing since that second of the loop's time."""
        if self._reading_paused or self.is_sending:  # it is our turn, or it is still taking
            self.heard = self._loop.time()
        return self.heard <= since

    def give_up(self) -> None:
        """Let whoever waits for something hear that nothing comes."""
        error = aiohttp.SocketTimeoutError("nothing came in time")
        self.set_exception(error)
        if self._payload is not None:
            self._payload.set_exception(error)

    def _on_read_timeout(self) -> None:
        if self.is_sending:  # what is read cannot have come yet
            self.start_timeout()
        else:
            super()._on_read_timeout()

    def resume_reading(self, *args: Any, **options: Any) -> None:
        """Go on, if it was paused; aiohttp says so after each piece of a body."""
        if self._reading_paused:
            super().resume_reading(*args, **options)

    def set_response_params(self, **params: Any) -> None:
        """Begin to wait for an answer; the request is written next."""
        self.asked_at = self._now()
        self._in_head = True
        self.has_more = False
        self._head_size = self._body_size = self._interim = 0
        self._came.clear()
        self._params = params
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        """Take bytes, of a head so many and no more."""
        self.heard = self._loop.time()
        if self._in_head:
            if self._head_size > MAX_HEAD:
                self._refuse(HEAD_TOO_LARGE, ErrorClass.TOO_LARGE)
                return
            self._head_size += len(data)
            self._came.append(data)
        else:
            self._body_size += len(data)
            if self._body_size > MAX_CHUNKING:
                self._check_chunks()
        super().data_received(data)

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Take a parsed head; the first final one is the answer."""
        if not self._in_head:
            # An answer to nothing. The next request on this connection would take it for its own.
            self.has_more = True
            self._close()
            return
        if 100 <= data[0].code < 200 and data[0].code != 101:
            self._interim += 1
            if self._interim > MAX_INTERIM:
                self._refuse("too many interim answers")
            return
        self._in_head = False
        self._came.clear()
        super().feed_data(data, size)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Take note of the connection's end."""
        self.was_reset = exc is not None
        super().connection_lost(exc)

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """Let whoever waits for the answer hear what is wrong."""
        if self._in_head:
            if isinstance(exc, HttpProcessingError) and not isinstance(exc, _Refused):
                if self._measured():
                    return
                exc = _in_our_words(exc_cause or exc, b"".join(self._came)[:16])
            elif isinstance(exc, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError):
                # Of classes that aiohttp does not try again by itself.
                if self._head_size:
                    exc = aiohttp.ClientPayloadError("the connection ended inside the header")
                else:
                    exc = Dropped("the connection ended before an answer")
        super().set_exception(exc, exc if exc_cause is None else exc_cause)

    def _measured(self) -> bool:
        """Take the answer without what is too much; False when that is not what is wrong."""
        raw = b"".join(self._came)
        end = _end_of_answer(raw, bodiless=bool(self._params.get("skip_payload")))
        if end is None or end == len(raw):
            return False
        self._came = [raw[:end]]
        self._interim = 0
        super().set_response_params(**self._params)
        super().data_received(raw[:end])
        self.has_more = True
        self._close()
        return True

    def _check_chunks(self) -> None:
        payload = self._payload
        if payload is None or payload.is_eof():
            return
        # What was read with the head is missing here, so that the difference is a lower bound.
        if self._body_size - payload.total_bytes > MAX_CHUNKING:
            payload.set_exception(TooTiny(TINY_CHUNKS))
            self._close()

    def _refuse(self, why: str, kind: ErrorClass = ErrorClass.PROTOCOL) -> None:
        self.set_exception(_Refused(why, kind))
        self._close()

    def _close(self) -> None:
        self.force_close()
        if self.transport is not None:
            self.transport.close()


class Connector(aiohttp.TCPConnector):
    """aiohttp's connector, making our connections.

    Args:
        now: The monotonic time.
        idle: Hosts to which connections are kept for a next request.
        options: aiohttp's own.
    """

    def __init__(self, *, now: Callable[[], float], idle: int, **options: Any) -> None:
        super().__init__(**options)
        self._idle = idle
        self._factory = functools.partial(_new_wire, self._loop, now)

    def drop_idle(self) -> None:
        """Close the connections that nobody uses."""
        for waiting in self._conns.values():
            for wire, _ in waiting:
                wire.close()
        self._conns.clear()

    def _release(self, key: Any, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        # A crawl of very many hosts would keep a connection to each of them for a while.
        full = len(self._conns) >= self._idle
        super()._release(key, protocol, should_close=should_close or full)


def _new_wire(loop: asyncio.AbstractEventLoop, now: Callable[[], float]) -> ResponseHandler:
    return Wire(loop, now)


def _in_our_words(error: BaseException, first: bytes) -> _Refused:
    """Return an error of aiohttp's parser without its notation, and without remote text."""
    said = str(getattr(error, "message", "")).partition("\n")[0].rstrip(":")
    if isinstance(error, LineTooLong):
        return _Refused(HEAD_TOO_LARGE, ErrorClass.TOO_LARGE)
    if said.startswith("Too many headers"):
        return _Refused(TOO_MANY_FIELDS, ErrorClass.TOO_LARGE)
    if isinstance(error, BadStatusLine) and not first.lstrip(b"\r\n").startswith(b"HTTP/"):
        return _Refused(not_http(first))
    if said.startswith("Invalid HTTP header"):  # and then the value
        said = "a header field holds what no field may"
    if "-" not in said.partition(" ")[0]:  # no field's name
        said = said[:1].lower() + said[1:]
    return _Refused(said or "this is no HTTP")


def _end_of_answer(raw: bytes, *, bodiless: bool) -> int | None:
    """Return where an answer ends that is whole and well; None for any other."""
    pieces = [raw]
    stream = AnswerStream(lambda: pieces.pop() if pieces else b"")
    try:
        stream.read_head("HEAD" if bodiless else "GET")
        while not stream.at_eof():
            run_in_place(stream.readany())
    except (MalformedAnswer, CutShort, NoAnswer):
        return None
    return len(raw) - stream.unread
