"""Where requests go: what aiohttp's connector wants to know of one, made once for many.

The client proper of aiohttp makes three objects and a dozen header lookups for each request, none
of which this crawler uses: half of what a fetch cost. So requests are written, and answers
taken, on the connections themselves (`client_wire`); connecting, the pool, TLS and proxies stay
the connector's.
"""

from __future__ import annotations

import asyncio
from functools import cached_property

import aiohttp
from aiohttp import hdrs
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

from crawler.fetch.access import Way
from crawler.fetch.addresses import AddressGuard
from crawler.fetch.request_head import RequestHead
from crawler.urls import origin

#: Places remembered; beyond it the one that was made first is made anew when it is needed.
MAX_PLACES = 2_048


class Place(aiohttp.ClientRequest):
    """An origin, and the way to it.

    Attributes:
        authority: The Host field of its requests.
        asks_proxy: A proxy is at the other end, and wants whole URLs.
        tail: See `RequestHead.tail`.

    Args:
        site: The origin.
        way: Through which proxy, trusting whom.
        agent: What a proxy is told of us when it is to open a tunnel.
        heads: Writes heads.

    Raises:
        ValueError: The origin is none.
    """

    def __init__(self, site: str, way: Way, agent: str, heads: RequestHead) -> None:
        url = URL(f"{site}/", encoded=True)
        proxy, fields = None, None
        if way.proxy is not None:
            proxy = URL(f"http://{way.proxy.name}", encoded=True)
            # What CONNECT carries. Part of the pool's key as well: what was opened with one
            # user's credentials is not used with another's.
            fields = {hdrs.USER_AGENT: agent} | way.proxy.fields
        super().__init__(
            hdrs.METH_GET,
            url,
            loop=asyncio.get_running_loop(),
            ssl=True if way.tls is None else way.tls,
            proxy=proxy,
            proxy_headers=fields,
        )
        self.authority = url.host_port_subcomponent or ""
        self.asks_proxy = proxy is not None and not self.is_ssl()
        self.tail = heads.tail(self.authority)

    @cached_property
    def connection_key(self) -> ConnectionKey:
        """What connections may be shared by; it is the same for all requests to one place."""
        return super().connection_key


class Places:
    """Remembers places.

    Args:
        guard: Judges hosts that are addresses.
        agent: See `Place`.
        heads: See `Place`.
    """

    def __init__(self, guard: AddressGuard, agent: str, heads: RequestHead) -> None:
        self._guard = guard
        self._agent = agent
        self._heads = heads
        self._known: dict[str | tuple[str, Way], Place] = {}

    def find(self, url: str, way: Way) -> Place:
        """Return the place of a serialised URL.

        Raises:
            AddressRefused: Its host is a private address.
            ValueError: It has no host that can be asked.
        """
        site = origin(url)
        key = site if way.is_usual else (site, way)
        place = self._known.get(key)
        if place is None:
            place = self._made(site, way)
            if len(self._known) >= MAX_PLACES:
                del self._known[next(iter(self._known))]
            self._known[key] = place
        return place

    def _made(self, site: str, way: Way) -> Place:
        place = Place(site, way, self._agent, self._heads)
        self._guard.check_literal(place.host, place.port or 0)
        return place
