"""How a request gets to its server: through which proxy, trusting whom, proving what."""

from __future__ import annotations

import ssl
import time
from functools import lru_cache

import msgspec

from crawler.errors import FetchError
from crawler.fetch.addresses import AddressGuard
from crawler.fetch.credentials import Credential, Credentials
from crawler.fetch.proxy_choice import ProxyChoice, ProxyFailed, ProxyRules, unauthorized
from crawler.fetch.tls_context import TlsContexts, TlsRules
from crawler.messages import FetchRequest
from crawler.outcome import ErrorClass
from crawler.policy.access import Proxy, proxy_of
from crawler.urls import hostname, port

#: Said of an answer whose server proved nothing.
UNVERIFIED = "tls_unverified"

_UNAUTHORIZED = 407


class Way(msgspec.Struct, frozen=True):
    """The way of one request.

    Attributes:
        proxy: What it goes through, None for nothing.
        tls: Its context, None for the client's usual one.
        is_blind: The server's certificate is not looked at.
    """

    proxy: Proxy | None = None
    tls: ssl.SSLContext | None = None
    is_blind: bool = False

    @property
    def is_usual(self) -> bool:
        """Say whether it is the way of nearly all requests: straight, trusting whom one trusts."""
        return self is _USUAL


_USUAL = Way()


class Access:
    """What both clients need to know of credentials, proxies and trust.

    Args:
        credentials: Secrets, by origin.
        proxies: What goes through a proxy.
        tls: What is trusted.
    """

    def __init__(
        self,
        credentials: Credentials | None = None,
        proxies: ProxyChoice | None = None,
        tls: TlsContexts | None = None,
    ) -> None:
        self._credentials = credentials or Credentials()
        self._proxies = proxies or ProxyChoice(ProxyRules(), time.monotonic)
        self._tls = tls or TlsContexts(TlsRules())
        self._is_usual = self._tls.is_usual and not self._proxies.has_any

    def credential(self, url: str) -> Credential | None:
        """Return the secret for a serialised URL, if it has one."""
        return self._credentials.field_for(url)

    def way(self, request: FetchRequest, guard: AddressGuard) -> Way:
        """Choose the way of a request.

        Args:
            request: What is asked for; a proxy of its own wins, "" means none.
            guard: Judges what can be judged before a proxy looks up the name.

        Raises:
            AddressRefused: The target is loopback, by a name that always means it.
            ValueError: The request's own proxy is none.
        """
        if self._is_usual and request.proxy is None:
            return _USUAL
        url = request.url
        proxy = self._proxy(request)
        if proxy is not None:
            _check_name(url, guard)
        if url[4] != "s" or self._tls.is_usual:
            return Way(proxy)
        try:
            return Way(proxy, self._tls.context_for(url), self._tls.trusts_blindly(url))
        except OSError as error:  # as one of TLS is, too
            said = f"a file of fetch.tls cannot be used any more: {error.strerror or error}"
            raise FetchError(ErrorClass.TLS, said, url=url) from error

    def failed(self, way: Way, url: str, error: ProxyFailed) -> None:
        """Take note that a request found no way through its proxy."""
        if way.proxy is not None:
            self._proxies.failed(way.proxy, url, error)

    def judge(self, way: Way, url: str, status: int) -> None:
        """Look at the status of an answer that came through a proxy, for the proxy's own words.

        Raises:
            ProxyFailed: The proxy wants credentials.
        """
        if way.proxy is None:
            return
        if status == _UNAUTHORIZED and url[4] != "s":
            # In the clear the target may have said it: that is no reason to pass the proxy over.
            raise unauthorized(way.proxy)
        self._proxies.worked(way.proxy)

    def _proxy(self, request: FetchRequest) -> Proxy | None:
        if request.proxy is None:
            return self._proxies.choose(request.url)
        return _own_proxy(request.proxy) if request.proxy else None


def _check_name(url: str, guard: AddressGuard) -> None:
    """Refuse the names of loopback (RFC 6761 §6.3): a proxy would look them up for itself."""
    host = hostname(url).rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        guard.check(host, port(url), ("127.0.0.1",))


_own_proxy = lru_cache(maxsize=256)(proxy_of)
