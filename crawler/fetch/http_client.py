"""The fetcher over aiohttp. Its errors end here: see `client_errors`.

What aiohttp is not left to do, and why: redirects (each hop is a request of its own), cookies and
decompression (see `cookie_jar`, `content_coding`), its silent second try (it would not be
counted), addresses (see `addresses`), the wait for a pool slot (the crawl's own semaphore is the
only gate), and quoting of URLs (signed ones break).
"""

from __future__ import annotations

import functools
import socket
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp import hdrs
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from crawler.errors import FetchError
from crawler.fetch.access import UNVERIFIED, Access, Way
from crawler.fetch.addresses import AddressGuard, AddressRefused
from crawler.fetch.answer import (
    BodyPlan,
    Head,
    check_status,
    is_chunked,
    plan_body,
)
from crawler.fetch.client_errors import not_through, translated
from crawler.fetch.client_proxy import ProxyConnector
from crawler.fetch.client_wire import Answer, Connector
from crawler.fetch.cookie_jar import CookieJar
from crawler.fetch.file_shortage import PAUSES, is_shortage
from crawler.fetch.limits import (
    DNS_ENTRIES,
    DNS_TTL,
    MAX_FIELD,
    MAX_FIELDS,
    MAX_LINE,
    FetchLimits,
)
from crawler.fetch.missing_names import MissingNames
from crawler.fetch.proxy_choice import ProxyFailed
from crawler.fetch.receive import Receiver
from crawler.fetch.request_fields import IDEMPOTENT, request_fields, standing_fields
from crawler.fetch.responder import Responder
from crawler.fetch.watchdog import Watchdog
from crawler.inner_retry import retry_once_on_reuse
from crawler.interfaces import Clock
from crawler.messages import FetchRequest, Headers, HttpResponse, last_type


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
        self._watchdog = Watchdog(min(1.0, limits.head_deadline / 20))
        # The second is for connections to proxies, all of which the user has named; they have a
        # pool of their own, so that no page gets to one that is private.
        self._guards = (guard, AddressGuard("allow"))
        self._resolvers = tuple(_GuardedResolver(one, clock) for one in self._guards)
        self._responder = Responder(jar, clock)
        self._headers = standing_fields(user_agent, headers)
        self._timeout = _client_timeout(limits, limits.timeout)
        # By whether every connection is fresh, and whether it is one to a proxy; made when first
        # needed, as a session belongs to the loop that runs then.
        self._sessions: dict[tuple[bool, bool], aiohttp.ClientSession] = {}
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
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()
        self._watchdog.close()
        for resolver in self._resolvers:
            await resolver.close()

    async def _once_there_is_room(self, request: FetchRequest) -> HttpResponse:
        for pause in PAUSES:
            for session in self._sessions.values():
                if isinstance(session.connector, Connector):
                    session.connector.drop_idle()
            await self._clock.sleep(pause)
            try:
                return await self._attempt(request)
            except FetchError as error:
                if not is_shortage(error):
                    raise
        return await self._attempt(request)

    async def _attempt(self, request: FetchRequest, *, fresh: bool = False) -> HttpResponse:
        answer: aiohttp.ClientResponse | None = None
        way = Way()
        try:
            url = URL(request.url, encoded=True)
            self._guard.check_literal(url.raw_host or "", url.port or 0)
            way = self._access.way(request, self._guard)
            session = self._session(fresh=fresh, proxied=way.proxy is not None)
            with self._watchdog.limit(self._limits.head_deadline) as limit:
                answer = await session.request(
                    request.method,
                    url,
                    headers=self._fields(request, way),
                    data=request.body or None,
                    allow_redirects=False,
                    timeout=self._timeout
                    if request.timeout is None
                    else _client_timeout(self._limits, request.timeout),
                    **self._options(way),
                )
                # The head is complete: from here on only the whole answer has a limit.
                limit.ends += self._limits.deadline - self._limits.head_deadline
                self._access.judge(way, request.url, answer.status)
                return await self._receive(request, answer, way)
        except FetchError as error:
            error.status = error.status or (answer.status if answer is not None else None)
            raise
        except ProxyFailed as error:
            self._access.failed(way, request.url, error)
            raise not_through(error, request.url) from error
        except (aiohttp.ClientError, AddressRefused, OSError, ValueError) as error:
            can_repeat = not fresh and request.method in IDEMPOTENT
            status = answer.status if answer is not None else None
            raise translated(error, request, status, can_repeat=can_repeat) from error
        finally:
            # Whatever was not read to its end, a cancelled request included, would otherwise be
            # read by the next user of the connection.
            if answer is not None and not answer.closed:
                answer.release()

    async def _receive(
        self, request: FetchRequest, answer: aiohttp.ClientResponse, way: Way
    ) -> HttpResponse:
        head = _head(answer)
        status = head.status
        asked_at = self._clock.monotonic()
        if isinstance(answer, Answer):
            asked_at = answer.asked_at
        if status != 200:
            check_status(status, request)
        plan = plan_body(head, request, self._limits)
        received = await self._receiver.take(answer.content, request, head, plan)
        if isinstance(answer, Answer):
            if answer.was_reset and plan is BodyPlan.READ and not head.is_delimited:
                raise aiohttp.ClientPayloadError("the connection was reset inside the body")
            received = received.and_more(answer.had_more)
        if way.is_blind:
            received = received.flagged(UNVERIFIED)
        headers = Headers.from_raw(answer.raw_headers)
        return self._responder.response(request, status, headers, received, asked_at)

    def _fields(self, request: FetchRequest, way: Way) -> dict[str, str] | None:
        secret = self._access.credential(request.url)
        if not (request.headers or request.cookies or len(self._jar) or secret or way.proxy):
            return None
        fields = request_fields(request, self._jar, self._clock.wall(), secret)
        if way.proxy is not None and request.url[4] != "s":
            fields |= way.proxy.fields
        return fields

    def _options(self, way: Way) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if way.tls is not None:
            options["ssl"] = way.tls
        if way.proxy is not None:
            options["proxy"] = URL(f"http://{way.proxy.name}", encoded=True)
            # What CONNECT carries. Part of the pool's key as well: what was opened with one
            # user's credentials is not used with another's.
            agent = {hdrs.USER_AGENT: self._headers[hdrs.USER_AGENT]}
            options["proxy_headers"] = agent | way.proxy.fields
        return options

    def _session(self, *, fresh: bool, proxied: bool) -> aiohttp.ClientSession:
        if (session := self._sessions.get((fresh, proxied))) is not None:
            return session
        connector = (ProxyConnector if proxied else Connector)(
            limit=0,
            ttl_dns_cache=DNS_TTL,
            dns_cache_max_size=DNS_ENTRIES,
            resolver=self._resolvers[proxied],
            socket_factory=functools.partial(_new_socket, self._guards[proxied]),
            now=self._clock.monotonic,
            force_close=fresh,
        )
        session = aiohttp.ClientSession(
            connector=connector,
            headers=self._headers,
            cookie_jar=_NoCookies(),
            response_class=Answer,
            auto_decompress=False,
            skip_auto_headers=(hdrs.CONTENT_TYPE,),  # it would call any body a stream of octets
            trust_env=False,
            timeout=self._timeout,
            max_line_size=MAX_LINE,
            max_field_size=MAX_FIELD,
            max_headers=MAX_FIELDS,
        )
        self._sessions[fresh, proxied] = session
        return session


def _new_socket(guard: AddressGuard, target: tuple[Any, ...]) -> socket.socket:
    """Make the socket for one (family, type, protocol, name, address)."""
    family, kind, protocol, _, address = target
    guard.check_socket(address[0], address[1])
    return socket.socket(family, kind, protocol)


def _client_timeout(limits: FetchLimits, read: float) -> aiohttp.ClientTimeout:
    connect = limits.connect_timeout
    return aiohttp.ClientTimeout(total=None, connect=connect, sock_connect=connect, sock_read=read)


def _head(answer: aiohttp.ClientResponse) -> Head:
    fields = answer.headers
    length = fields.get(hdrs.CONTENT_LENGTH)
    return Head(
        answer.status,
        last_type(fields.getall(hdrs.CONTENT_TYPE, ())),
        int(length) if length is not None and length.isdecimal() else None,
        fields.getall(hdrs.CONTENT_ENCODING, ()),
        hdrs.LOCATION in fields,
        length is not None or is_chunked(fields.getall(hdrs.TRANSFER_ENCODING, ())),
    )


class _NoCookies(aiohttp.DummyCookieJar):
    """No jar at all: not even the fields are parsed, each bad one would be logged."""

    def update_cookies_from_headers(self, headers: Any, response_url: URL) -> None:
        """Leave them alone."""


class _GuardedResolver(AbstractResolver):
    """aiohttp's resolver, its answers judged, and names that do not exist remembered."""

    def __init__(self, guard: AddressGuard, clock: Clock) -> None:
        self._guard = guard
        self._clock = clock
        self._inner: AbstractResolver | None = None  # made when a name first needs it
        self._missing = MissingNames(DNS_TTL, DNS_ENTRIES)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        now = self._clock.monotonic()
        if self._missing.holds(host, now):
            raise OSError(None, "the name does not exist (remembered)")
        if self._inner is None:
            self._inner = aiohttp.DefaultResolver()
        try:
            found = await self._inner.resolve(host, port, family)
        except OSError as error:
            self._missing.note(host, error, now)
            raise
        self._guard.check(host, port, (one["host"] for one in found))
        return found

    async def close(self) -> None:
        if self._inner is not None:
            await self._inner.close()
            self._inner = None
