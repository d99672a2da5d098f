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
from crawler.fetch.addresses import AddressGuard, AddressRefused
from crawler.fetch.answer import (
    BodyPlan,
    Head,
    check_status,
    is_chunked,
    plan_body,
)
from crawler.fetch.client_errors import translated
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
    """

    def __init__(
        self,
        limits: FetchLimits,
        *,
        user_agent: str,
        headers: Mapping[str, str],
        jar: CookieJar,
        guard: AddressGuard,
        clock: Clock,
    ) -> None:
        self._limits = limits
        self._jar = jar
        self._guard = guard
        self._clock = clock
        self._receiver = Receiver(limits, clock, aiohttp.ClientPayloadError)
        self._watchdog = Watchdog(min(1.0, limits.head_deadline / 20))
        self._resolver = _GuardedResolver(guard, clock)
        self._responder = Responder(jar, clock)
        self._headers = standing_fields(user_agent, headers)
        self._timeout = _client_timeout(limits, limits.timeout)
        # The one with the pool, and the one whose every connection is fresh; made when first
        # needed, as a session belongs to the loop that runs then.
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
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
        await self._resolver.close()

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
        try:
            url = URL(request.url, encoded=True)
            self._guard.check_literal(url.raw_host or "", url.port or 0)
            with self._watchdog.limit(self._limits.head_deadline) as limit:
                answer = await self._session(fresh=fresh).request(
                    request.method,
                    url,
                    headers=self._fields(request),
                    data=request.body or None,
                    allow_redirects=False,
                    timeout=self._timeout
                    if request.timeout is None
                    else _client_timeout(self._limits, request.timeout),
                )
                # The head is complete: from here on only the whole answer has a limit.
                limit.ends += self._limits.deadline - self._limits.head_deadline
                return await self._receive(request, answer)
        except FetchError as error:
            error.status = error.status or (answer.status if answer is not None else None)
            raise
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
        self, request: FetchRequest, answer: aiohttp.ClientResponse
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
        headers = Headers.from_raw(answer.raw_headers)
        return self._responder.response(request, status, headers, received, asked_at)

    def _fields(self, request: FetchRequest) -> dict[str, str] | None:
        if not (request.headers or request.cookies or len(self._jar)):
            return None
        return request_fields(request, self._jar, self._clock.wall())

    def _session(self, *, fresh: bool) -> aiohttp.ClientSession:
        if (session := self._sessions.get(fresh)) is not None:
            return session
        connector = Connector(
            limit=0,
            ttl_dns_cache=DNS_TTL,
            dns_cache_max_size=DNS_ENTRIES,
            resolver=self._resolver,
            socket_factory=self._new_socket,
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
        self._sessions[fresh] = session
        return session

    def _new_socket(self, target: tuple[Any, ...]) -> socket.socket:
        """Make the socket for one (family, type, protocol, name, address)."""
        family, kind, protocol, _, address = target
        self._guard.check_socket(address[0], address[1])
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
