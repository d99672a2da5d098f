"""Connections of urllib3, dialled by us and read within limits.

urllib3 makes them (plain and TLS) and writes the requests; the answers are read elsewhere, as its
reader knows no limits on heads, and costs thrice the CPU time.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from collections.abc import Mapping
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection

from crawler.fetch.answer_stream import NoAnswer
from crawler.fetch.dialler import Dialler
from crawler.fetch.limits import KIB
from crawler.fetch.threads_proxy import ProxyDialler
from crawler.interfaces import Clock
from crawler.messages import FetchRequest
from crawler.urls import path_and_query

_READ_SIZE = 64 * KIB
_BODILESS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))


class _Elsewhere(http.client.HTTPResponse):
    """Tells the standard library that an answer is read; `AnswerStream` reads it."""

    will_close = False

    def __init__(self, sock: socket.socket, debuglevel: int = 0, method: str | None = None) -> None:
        pass

    def begin(self, **_: object) -> None:  # later versions hand it a limit
        pass

    def isclosed(self) -> bool:
        return True

    def close(self) -> None:
        pass


class Wire(HTTPConnection):
    """One connection of urllib3, dialled by us and read within limits.

    Attributes:
        idle: Seconds without a byte that are borne.
        ends: Monotonic second at which waiting ends, whatever comes in.
        key: What it may be used for again.
        asks_proxy: A proxy is at its other end, and wants whole URLs.
    """

    response_class = _Elsewhere

    def __init__(
        self, dialler: Dialler | ProxyDialler, clock: Clock, place: tuple[str, int], **options: Any
    ) -> None:
        super().__init__(*place, **options)
        self.idle = self.ends = 0.0
        self.key = ""
        self.asks_proxy = False
        self._dialler = dialler
        self._clock = clock
        self._is_hung_up = False

    def _new_conn(self) -> socket.socket:
        return self._dialler.dial(self._dns_host, self.port, self.ends)

    def ask(self, request: FetchRequest, fields: Mapping[str, str]) -> None:
        """Send a request.

        Raises:
            NoAnswer: The connection broke.
        """
        self.timeout = self._dialler.left(self.ends)
        method = request.method.upper()
        body = request.body or (None if method in _BODILESS else b"")  # whose length is sent
        try:
            target = request.url if self.asks_proxy else path_and_query(request.url)
            self.request(method, target, body, fields)
        except ConnectionError as error:
            raise NoAnswer(f"the connection ended before an answer: {error}") from error
        # Not urllib3's own, which would make an answer of it; this only ends the request.
        http.client.HTTPConnection.getresponse(self)

    def receive(self) -> bytes:
        """Return what has come, waiting for something; b"" at the end of the connection."""
        left = self.ends - self._clock.monotonic()
        if left <= 0:
            raise TimeoutError("the answer was not complete in time")
        self.sock.settimeout(min(left, self.idle))
        try:
            data: bytes = self.sock.recv(_READ_SIZE)
        except TimeoutError:
            late = left <= self.idle
            raise TimeoutError(
                "the answer was not complete in time" if late else "nothing came in time"
            ) from None
        except ssl.SSLError as error:  # a broken record breaks the connection, as a reset does
            raise ConnectionResetError(str(error)) from error
        if not data and self._is_hung_up:
            # No end of a body, although it looks like one.
            raise ConnectionAbortedError("the fetcher is closed")
        return data

    def hang_up(self) -> None:
        """Wake the thread that waits for this connection; it is that thread's to close."""
        self._is_hung_up = True
        sock: socket.socket | None = self.sock
        if sock is not None:
            # The plain socket's method: that of TLS would say goodbye, and pull away what the
            # other thread stands on.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


class TlsWire(Wire, HTTPSConnection):
    """The same over TLS; the context verifies certificate and host name."""
