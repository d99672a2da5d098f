"""The fetcher over urllib3, for threads: blocks where the other one awaits, and does the same.

The connections are urllib3's (see `threads_wire`). What it is not left to do, and why: redirects,
cookies and decompression as with the other client; retries (they would not be counted); names and
addresses (a name could point elsewhere between check and connection); reading answers (see
`answer_head`; it also saves two thirds of the CPU time); keeping connections (its pools know no
bound over all hosts, and no age).
"""

from __future__ import annotations

import functools
import http.client
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from urllib3.exceptions import HTTPError

from crawler.errors import FetchError
from crawler.fetch.access import UNVERIFIED, Access, Way
from crawler.fetch.addresses import AddressGuard, AddressRefused
from crawler.fetch.answer import BodyPlan, check_status, plan_body
from crawler.fetch.answer_head import HeadTooLarge, MalformedAnswer
from crawler.fetch.answer_stream import AnswerStream, CutShort, NoAnswer, TinyChunks
from crawler.fetch.connect_failure import (
    connect_failure,
    ended_early,
    one_line,
    tls_class,
    tls_failure,
)
from crawler.fetch.cookie_jar import CookieJar
from crawler.fetch.dialler import Dialler, NotConnected, UnknownHost
from crawler.fetch.file_shortage import PAUSES, is_shortage
from crawler.fetch.idle_connections import IdleConnections
from crawler.fetch.in_place import run_in_place
from crawler.fetch.limits import FetchLimits
from crawler.fetch.name_lookup import NameLookup
from crawler.fetch.proxy_choice import ProxyFailed
from crawler.fetch.receive import Receiver
from crawler.fetch.request_fields import IDEMPOTENT, request_fields, standing_fields
from crawler.fetch.responder import Responder
from crawler.fetch.shared_jar import SharedJar
from crawler.fetch.threads_proxy import ProxyDialler
from crawler.fetch.threads_wire import TlsWire, Wire
from crawler.inner_retry import retry_once_on_reuse
from crawler.interfaces import Clock
from crawler.messages import FetchRequest, Headers, HttpResponse
from crawler.outcome import ErrorClass
from crawler.urls import hostname, origin, port


class Urllib3Fetcher:
    """Fetches one request at a time per call; any number of threads may call.

    Args:
        limits: What one answer may cost.
        user_agent: The User-Agent field.
        headers: Fields sent with every request.
        jar: Cookies sent and learnt; from now on to be used by this fetcher alone.
        guard: Addresses that may be connected to.
        clock: Times of limits and cookies.
        access: Credentials, proxies and trust; None for nothing of the kind.
    """

    def __init__(  # noqa: PLR0913 - what a fetcher stands on
        self,
        limits: FetchLimits,
        *,
        user_agent: str,
        headers: Mapping[str, str],
        jar: CookieJar,
        guard: AddressGuard,
        clock: Clock,
        access: Access | None = None,
    ) -> None:
        self._limits = limits
        self._access = access or Access()
        self._clock = clock
        self._guard = guard
        self._jar = SharedJar(jar)
        self._receiver = Receiver(limits, clock, CutShort)
        self._responder = Responder(self._jar, clock)
        own = standing_fields(user_agent, headers)
        self._headers = {name: _on_wire(value) for name, value in own.items()}
        self._lookup = NameLookup(clock)
        self._dialler = Dialler(guard, self._lookup, clock)
        # For proxies, all of which the user has named: they may be private.
        self._to_proxies = Dialler(AddressGuard("allow"), self._lookup, clock)
        self._tls: ssl.SSLContext | None = None  # made when first needed, as that takes long
        self._idle: IdleConnections[Wire] = IdleConnections(clock, size=limits.idle)
        self._go_on = retry_once_on_reuse(functools.partial(self._attempt, fresh=True))
        self._lock = threading.Lock()  # guards the two below, and the making of `_tls`
        self._busy: set[Wire] = set()
        self._is_closed = False
        self._closing = threading.Event()

    def fetch(self, request: FetchRequest) -> HttpResponse:
        """Send one request and read its answer whole; redirects are answers like any other.

        Raises:
            FetchError: No answer worth keeping; its `kind` says why.
        """
        return run_in_place(self._fetch(request))

    def close(self) -> None:
        """Close every connection; fetches under way end in a FetchError, class connect.

        At once for those that wait for an answer, within `connect_timeout` for those that are
        still connecting: nothing can wake a thread inside the handshake.
        """
        with self._lock:
            self._is_closed = True
            self._closing.set()
            busy = tuple(self._busy)
        self._idle.close()
        self._lookup.close()
        for wire in busy:
            wire.hang_up()

    async def _fetch(self, request: FetchRequest) -> HttpResponse:
        try:
            return await self._attempt(request)
        except FetchError as error:
            if is_shortage(error):
                return await self._once_there_is_room(request)
            return await self._go_on(request, error)

    async def _once_there_is_room(self, request: FetchRequest) -> HttpResponse:
        for pause in PAUSES:
            self._idle.drop()
            self._closing.wait(pause)
            try:
                return await self._attempt(request)
            except FetchError as error:
                if not is_shortage(error):
                    raise
        return await self._attempt(request)

    async def _attempt(self, request: FetchRequest, *, fresh: bool = False) -> HttpResponse:
        started = self._clock.monotonic()
        call = _Call()
        try:
            _check_whole(request.url)
            self._guard.check_literal(hostname(request.url), port(request.url))
            call.way = self._access.way(request, self._guard)
            fields = self._fields(request, call.way)
            call.wire = self._connected(request.url, call.way, started, fresh=fresh)
            return await self._ask(request, fields, call, started)
        except FetchError as error:
            error.status = error.status or call.status
            raise
        except ProxyFailed as error:
            self._access.failed(call.way, request.url, error)
            raise FetchError(error.kind, one_line(str(error)), url=request.url) from error
        except (*_OURS, http.client.HTTPException, HTTPError, OSError, ValueError) as error:
            can_repeat = not fresh and request.method in IDEMPOTENT
            raise _translated(error, request.url, call.status, can_repeat=can_repeat) from error
        finally:
            self._let_go(call.wire, call.stream)

    async def _ask(
        self, request: FetchRequest, fields: Mapping[str, str], call: _Call, started: float
    ) -> HttpResponse:
        """Send a request over the wire of its call, and read the answer."""
        wire = call.wire
        assert wire is not None
        wire.idle = self._limits.timeout if request.timeout is None else request.timeout
        wire.ends = started + self._limits.head_deadline
        asked_at = self._clock.monotonic()
        wire.ask(request, fields)
        stream = call.stream = AnswerStream(wire.receive)
        head = stream.read_head(request.method)
        status = call.status = head.status
        self._access.judge(call.way, request.url, status)
        # The head is complete: from here on only the whole answer has a limit.
        wire.ends = started + self._limits.deadline
        if status != 200:
            check_status(status, request)
        about = head.as_head()
        plan = plan_body(about, request, self._limits)
        headers = Headers.from_raw(head.fields)
        if request.sink is not None and plan is BodyPlan.READ:
            received = await self._receiver.save(stream, request, about, request.sink, headers)
        else:
            received = await self._receiver.take(stream, request, about, plan)
        if call.way.is_blind:
            received = received.flagged(UNVERIFIED)
        return self._responder.response(
            request, status, headers, received.and_more(stream.has_more), asked_at
        )

    def _connected(self, url: str, way: Way, started: float, *, fresh: bool) -> Wire:
        """Return a connection that is free, or a new one."""
        key = _key(url, way)
        while not fresh and (kept := self._idle.take(key)) is not None:
            if kept.is_connected:
                return self._register(kept)
            kept.close()
        wire = self._register(self._new_wire(url, way))
        wire.key = key
        try:
            wire.ends = started + self._limits.connect_timeout
            wire.connect()
        except BaseException:
            self._let_go(wire, None)
            raise
        return wire

    def _new_wire(self, url: str, way: Way) -> Wire:
        place, secure = (hostname(url), port(url)), url[4] == "s"
        dialler: Dialler | ProxyDialler = self._dialler
        if way.proxy is not None:
            agent = self._headers["User-Agent"]
            dialler = ProxyDialler(self._to_proxies, way.proxy, is_tunnel=secure, agent=agent)
        if secure:
            trust = way.tls or self._trust()
            return TlsWire(dialler, self._clock, place, ssl_context=trust)
        wire = Wire(dialler, self._clock, place)
        wire.asks_proxy = way.proxy is not None
        return wire

    def _register(self, wire: Wire) -> Wire:
        with self._lock:
            if not self._is_closed:
                self._busy.add(wire)
                return wire
        wire.close()
        raise NotConnected("the fetcher is closed")

    def _let_go(self, wire: Wire | None, stream: AnswerStream | None) -> None:
        if wire is None:
            return
        with self._lock:
            self._busy.discard(wire)
        # Whatever was not read to its end would be read by the next user of the connection.
        if stream is not None and stream.is_reusable:
            self._idle.put(wire.key, wire)
        else:
            wire.close()

    def _trust(self) -> ssl.SSLContext:
        with self._lock:
            if self._tls is None:
                self._tls = ssl.create_default_context()
            return self._tls

    def _fields(self, request: FetchRequest, way: Way) -> Mapping[str, str]:
        secret = self._access.credential(request.url)
        if not (request.headers or request.cookies or len(self._jar) or secret or way.proxy):
            return self._headers
        fields = request_fields(request, self._jar, self._clock.wall(), secret)
        if way.proxy is not None and request.url[4] != "s":
            fields |= way.proxy.fields
        if not fields:
            return self._headers
        named = {name.lower() for name in fields}
        merged = {name: v for name, v in self._headers.items() if name.lower() not in named}
        return merged | {name: _on_wire(value) for name, value in fields.items()}


@dataclass(slots=True)
class _Call:
    """One try, as far as it has come."""

    way: Way = Way()  # noqa: RUF009 - frozen
    wire: Wire | None = None
    stream: AnswerStream | None = None
    status: int | None = None


def _check_whole(url: str) -> None:
    if url.find("/", 8) < 0:
        raise ValueError(f"{url!r} is no http or https URL in its full form")


def _key(url: str, way: Way) -> str:
    """Return what a connection may be used for again: an origin, by one user of one proxy."""
    site = origin(url)
    return site if way.proxy is None else f"{site} {way.proxy.name} {way.proxy.authorization}"


def _on_wire(value: str) -> str:
    """Return a value so that the standard library, which takes it for Latin-1, sends UTF-8."""
    return value.encode("utf-8", "surrogateescape").decode("latin-1")


_OURS = (AddressRefused, NotConnected, CutShort, NoAnswer, MalformedAnswer)


def _translated(error: Exception, url: str, status: int | None, *, can_repeat: bool) -> FetchError:
    """Return the error in our words."""
    kind = _kind(error)
    if isinstance(error, NoAnswer) and can_repeat:
        kind = ErrorClass.REUSE
    said = str(error) or ("no answer in time" if kind is ErrorClass.TIMEOUT else "")
    if isinstance(error, ssl.SSLError) and kind is ErrorClass.TLS:
        said = tls_failure(hostname(url), port(url), error)
    elif isinstance(error, OSError) and kind in (ErrorClass.CONNECT, ErrorClass.PROTOCOL):
        why = OSError(None, "the connection was closed") if ended_early(error) else error
        said = connect_failure(hostname(url), port(url), why)
    return FetchError(kind, one_line(said or type(error).__name__), url=url, status=status)


def _kind(error: Exception) -> ErrorClass:
    if isinstance(error, ssl.SSLError):
        # Ended inside the handshake: nothing is wrong with the certificate.
        return ErrorClass.CONNECT if ended_early(error) else tls_class(error)
    for kind_of_error, kind in _KINDS:
        if isinstance(error, kind_of_error):
            return kind
    return ErrorClass.PROTOCOL


#: The first line that fits counts: a timeout is an OSError as well.
_KINDS: tuple[tuple[type[Exception], ErrorClass], ...] = (
    (AddressRefused, ErrorClass.ADDRESS),
    (UnknownHost, ErrorClass.DNS),
    (TimeoutError, ErrorClass.TIMEOUT),
    (TinyChunks, ErrorClass.TOO_LARGE),
    (CutShort, ErrorClass.TRUNCATED),
    (HeadTooLarge, ErrorClass.TOO_LARGE),
    (NotConnected, ErrorClass.CONNECT),
    (NoAnswer, ErrorClass.CONNECT),
    (OSError, ErrorClass.CONNECT),
)
