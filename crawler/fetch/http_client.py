"""The fetcher over aiohttp. Its errors end here: see `client_errors`.

Of aiohttp it uses the connections, their pool, TLS, proxies and the parser. Its client proper is
left out, for what it costs (see `client_place`), and as none of it is wanted: redirects (each hop
is a request of its own), cookies and decompression (see `cookie_jar`, `content_coding`), a silent
second try (it would not be counted), a wait for a pool slot (the crawl's own semaphore is the only
gate), quoting of URLs (signed ones break). Addresses are judged here (see `addresses`).
"""

from __future__ import annotations

import functools
import socket
from collections.abc import Mapping, Sequence
from typing import Any, cast

import aiohttp
from aiohttp import hdrs
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection
from aiohttp.http import RawResponseMessage

from crawler.errors import FetchError
from crawler.fetch.access import UNVERIFIED, Access, Way
from crawler.fetch.addresses import AddressGuard
from crawler.fetch.answer import (
    EXTRA_BYTES,
    BodyPlan,
    Head,
    check_status,
    is_chunked,
    plan_body,
)
from crawler.fetch.client_errors import CLIENT_ERRORS, not_through, translated
from crawler.fetch.client_place import Place, Places
from crawler.fetch.client_proxy import ProxyConnector
from crawler.fetch.client_wire import Connector, Wire
from crawler.fetch.connect_failure import SILENT_NAMES
from crawler.fetch.cookie_jar import CookieJar
from crawler.fetch.file_shortage import PAUSES, is_shortage
from crawler.fetch.limits import DNS_ENTRIES, DNS_TTL, FetchLimits
from crawler.fetch.missing_names import MissingNames
from crawler.fetch.proxy_choice import ProxyFailed
from crawler.fetch.receive import Receiver
from crawler.fetch.request_fields import IDEMPOTENT, request_fields, standing_fields
from crawler.fetch.request_head import RequestHead, plain_get
from crawler.fetch.responder import Responder
from crawler.fetch.watchdog import Limit, Watchdog
from crawler.inner_retry import retry_once_on_reuse
from crawler.interfaces import Clock
from crawler.messages import FetchRequest, Headers, HttpResponse
from crawler.urls import path_and_query


class AiohttpFetcher:
    """Fetches one request at a time per call; as many calls at once as the caller lets through.

    Args:
        limits: What one answer may cost.
        user_agent: The User-Agent field.
        headers: Fields sent with every request.
        jar: Cookies sent and learnt.
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
        self._jar = jar
        self._guard = guard
        self._clock = clock
        self._receiver = Receiver(limits, clock, aiohttp.ClientPayloadError)
        self._head_deadline = limits.head_deadline
        self._watchdog = Watchdog(min(1.0, limits.head_deadline / 20, limits.timeout / 20))
        # The second is for connections to proxies, all of which the user has named; they have a
        # pool of their own, so that no page gets to one that is private.
        self._guards = (guard, AddressGuard("allow"))
        self._resolvers = tuple(_GuardedResolver(one, clock) for one in self._guards)
        self._responder = Responder(jar, clock)
        standing = standing_fields(user_agent, headers)
        self._heads = RequestHead(standing)
        self._places = Places(guard, standing[hdrs.USER_AGENT], self._heads)
        connect = limits.connect_timeout
        # What comes after the connection has limits of its own: the watchdog's.
        self._timeout = aiohttp.ClientTimeout(total=None, connect=connect, sock_connect=connect)
        # By whether every connection is fresh, and whether it is one to a proxy; made when first
        # needed, as a connector belongs to the loop that runs then.
        self._connectors: dict[tuple[bool, bool], Connector] = {}
        self._go_on = retry_once_on_reuse(functools.partial(self._attempt, fresh=True))

    async def fetch(self, request: FetchRequest) -> HttpResponse:
        """Send one request and read its answer whole; redirects are answers like any other.

        Raises:
            FetchError: No answer worth keeping; its `kind` says why.
        """
        try:
            return await self._attempt(request)
        except FetchError as error:
            if is_shortage(error):
                return await self._once_there_is_room(request)
            return await self._go_on(request, error)

    async def close(self) -> None:
        """Close every connection."""
        for connector in self._connectors.values():
            await connector.close()
        self._connectors.clear()
        self._watchdog.close()
        for resolver in self._resolvers:
            await resolver.close()

    async def _once_there_is_room(self, request: FetchRequest) -> HttpResponse:
        for pause in PAUSES:
            for connector in self._connectors.values():
                connector.drop_idle()
            await self._clock.sleep(pause)
            try:
                return await self._attempt(request)
            except FetchError as error:
                if not is_shortage(error):
                    raise
        return await self._attempt(request)

    async def _attempt(self, request: FetchRequest, *, fresh: bool = False) -> HttpResponse:
        seen = _Seen()
        try:
            return await self._exchange(request, seen, fresh=fresh)
        except FetchError as error:
            error.status = error.status or seen.status
            raise
        except ProxyFailed as error:
            self._access.failed(seen.way, request.url, error)
            raise not_through(error, request.url) from error
        except CLIENT_ERRORS as error:
            can_repeat = not fresh and request.method in IDEMPOTENT
            raise translated(error, request, seen.status, can_repeat=can_repeat) from error

    async def _exchange(self, request: FetchRequest, seen: _Seen, *, fresh: bool) -> HttpResponse:
        way = seen.way = self._access.way(request, self._guard)
        place = self._places.find(request.url, way)
        head = self._head(request, way, place, is_last=fresh)
        connector = self._connector(fresh=fresh, proxied=way.proxy is not None)
        connection: Connection | None = None
        try:
            with self._watchdog.limit(self._head_deadline) as limit:
                connection = await self._connect(connector, place, way)
                wire = cast("Wire", connection.protocol)
                wire.ask(head, request.body, wants_body=request.method != "HEAD")
                self._listen(wire, limit, request.timeout)
                message, content = await wire.read()
                seen.status = message.code
                # The head is complete: from here on only the whole answer has a limit.
                limit.ends += self._limits.deadline - self._head_deadline
                self._access.judge(way, request.url, message.code)
                return await self._receive(request, wire, message, content, way)
        finally:
            # Whatever was not read to its end, a cancelled request included, would otherwise be
            # read by the next user of the connection; and whatever was not sent to its end, as the
            # answer came before, would keep the next request waiting.
            if connection is not None:
                if seen.status is None or wire.is_sending:
                    connection.close()
                else:
                    connection.release()

    async def _connect(self, connector: Connector, place: Place, way: Way) -> Connection:
        try:
            return await connector.connect(place, [], self._timeout)
        except TimeoutError as error:
            if way.proxy is None and self._resolvers[0].is_asked(place.host, place.port or 0):
                silence = OSError(None, SILENT_NAMES)
                raise aiohttp.ClientConnectorDNSError(place.connection_key, silence) from error
            raise aiohttp.ConnectionTimeoutError(place.authority) from error

    def _listen(self, wire: Wire, limit: Limit, timeout: float | None) -> None:
        if timeout is None:
            limit.listen(wire, self._limits.timeout)
        else:  # it may be shorter than the watchdog's turn
            wire.read_timeout = timeout
            wire.start_timeout()

    async def _receive(
        self,
        request: FetchRequest,
        wire: Wire,
        message: RawResponseMessage,
        content: aiohttp.StreamReader,
        way: Way,
    ) -> HttpResponse:
        headers = Headers.from_raw(message.raw_headers)
        head = _head_of(message.code, headers)
        status = head.status
        if status != 200:
            check_status(status, request)
        plan = plan_body(head, request, self._limits)
        sink = request.sink if plan is BodyPlan.READ else None
        received = None
        if sink is not None:
            received = await self._receiver.save(content, request, head, sink, headers)
        else:
            received = self._receiver.at_hand(content, request, head, plan)
        if received is None:
            received = await self._receiver.take(content, request, head, plan)
        if wire.was_reset and plan is BodyPlan.READ and not head.is_delimited:
            # The connection alone ended the body; its break looked like an end.
            raise aiohttp.ClientPayloadError("the connection was reset inside the body")
        if wire.has_more:
            received = received.flagged(EXTRA_BYTES)
        if way.is_blind:
            received = received.flagged(UNVERIFIED)
        return self._responder.response(request, status, headers, received, wire.asked_at)

    def _head(self, request: FetchRequest, way: Way, place: Place, *, is_last: bool) -> bytes:
        url, own = request.url, self._fields(request, way)
        target = url if place.asks_proxy else path_and_query(url)
        if own is None and not (is_last or request.body) and request.method == "GET":
            return plain_get(target, place.tail)
        method, length = request.method.upper(), len(request.body)
        return self._heads.text(
            method, target, place.authority, own, length=length, is_last=is_last
        )

    def _fields(self, request: FetchRequest, way: Way) -> dict[str, str] | None:
        secret = self._access.credential(request.url)
        if not (request.headers or request.cookies or len(self._jar) or secret or way.proxy):
            return None
        fields = request_fields(request, self._jar, self._clock.wall(), secret)
        if way.proxy is not None and request.url[4] != "s":
            fields |= way.proxy.fields
        return fields

    def _connector(self, *, fresh: bool, proxied: bool) -> Connector:
        if (connector := self._connectors.get((fresh, proxied))) is None:
            connector = self._connectors[fresh, proxied] = (
                ProxyConnector if proxied else Connector
            )(
                limit=0,
                ttl_dns_cache=DNS_TTL,
                dns_cache_max_size=DNS_ENTRIES,
                resolver=self._resolvers[proxied],
                socket_factory=functools.partial(_new_socket, self._guards[proxied]),
                now=self._clock.monotonic,
                idle=self._limits.idle,
                force_close=fresh,
            )
        return connector


class _Seen:
    """How far a try has come."""

    __slots__ = ("status", "way")

    def __init__(self) -> None:
        self.status: int | None = None
        self.way = Way()


def _new_socket(guard: AddressGuard, target: tuple[Any, ...]) -> socket.socket:
    """Make the socket for one (family, type, protocol, name, address)."""
    family, kind, protocol, _, address = target
    guard.check_socket(address[0], address[1])
    return socket.socket(family, kind, protocol)


def _head_of(status: int, headers: Headers) -> Head:
    length = next(iter(headers.raw(b"content-length")), None)
    codings = headers.raw(b"content-encoding")
    return Head(
        status,
        headers.content_type,
        int(length) if length is not None and length.isdigit() else None,
        _texts(codings) if codings else (),
        bool(headers.raw(b"location")),
        length is not None or is_chunked(_texts(headers.raw(b"transfer-encoding"))),
    )


def _texts(values: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(value.decode("utf-8", "surrogateescape") for value in values)


class _GuardedResolver(AbstractResolver):
    """aiohttp's resolver, its answers judged, and names that do not exist remembered."""

    def __init__(self, guard: AddressGuard, clock: Clock) -> None:
        self._guard = guard
        self._clock = clock
        self._inner: AbstractResolver | None = None  # made when a name first needs it
        self._missing = MissingNames(DNS_TTL, DNS_ENTRIES)
        self._asked: set[tuple[str, int]] = set()

    def is_asked(self, host: str, port: int) -> bool:
        """Tell whether a look-up is under way; it goes on when those who wait for it give up."""
        return (host, port) in self._asked

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        now = self._clock.monotonic()
        if self._missing.holds(host, now):
            raise OSError(None, "the name does not exist (remembered)")
        if self._inner is None:
            self._inner = aiohttp.DefaultResolver()
        self._asked.add((host, port))
        try:
            found = await self._inner.resolve(host, port, family)
        except OSError as error:
            self._missing.note(host, error, now)
            raise
        finally:
            self._asked.discard((host, port))
        self._guard.check(host, port, (one["host"] for one in found))
        return found

    async def close(self) -> None:
        if self._inner is not None:
            await self._inner.close()
            self._inner = None
