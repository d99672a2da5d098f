"""One POST to an address of the operator's own.

By the standard library's client, not by one of those that crawl: a few requests a run need no pool,
no cookies and no event loop, and are to work on either backend. It follows no redirect, which would
take a body and its secrets elsewhere, and asks no proxy but the one it is given. The address guard
of the crawl has no say: who runs the job names these hosts, whoever's pages are crawled does not.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import unquote, urlsplit

import msgspec

from crawler.notify.courier import NotTold
from crawler.policy.access import Proxy, basic
from crawler.urls import parse
from crawler.version import VERSION

#: Statuses after which another try may do: too early, too many, or a server's trouble.
_PASSING = frozenset((408, 425, 429))


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where something is sent.

    Attributes:
        secure: By TLS.
        host: Name or address, IPv6 without brackets.
        port: Its port.
        target: Path and query, as sent.
        authorization: Value of the Authorization field, None for none; never shown.
    """

    secure: bool
    host: str
    port: int
    target: str
    authorization: str | None = None

    @property
    def name(self) -> str:
        """Host and port, as it is spoken of; the path may be a secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def address_of(url: str) -> Address:
    """Return the address that a URL means; a user in it is sent by Basic authentication.

    Raises:
        UrlError: It is none.
    """
    parts, written = urlsplit(parse(url)), urlsplit(url)
    secure = parts.scheme == "https"
    authorization = None
    if written.username is not None:
        authorization = basic(unquote(written.username), unquote(written.password or ""))
    return Address(
        secure=secure, host=parts.hostname or "", port=parts.port or (443 if secure else 80),
        target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        authorization=authorization,
    )  # fmt: skip


class Poster:
    """Posts to addresses.

    Args:
        trust: Gives the TLS context for a host, by its serialised URL.
        proxy: What is asked instead; None for none.
    """

    def __init__(self, trust: Callable[[str], ssl.SSLContext], proxy: Proxy | None = None) -> None:
        self._trust = trust
        self._proxy = proxy

    def post(
        self, address: Address, body: bytes, fields: Mapping[str, str], seconds: float
    ) -> None:
        """Post, once.

        Args:
            address: Where to.
            body: What.
            fields: Header fields beside the usual ones.
            seconds: Longest time that it may take; how long a look-up of the name takes is left
                to the system.

        Raises:
            NotTold: It was not answered with a status of 2xx.
        """
        sent = {"User-Agent": f"crawler/{VERSION}", "Connection": "close", **fields}
        if address.authorization is not None:
            sent["Authorization"] = address.authorization
        status = self._status(address, body, sent, seconds)
        if not 200 <= status < 300:
            moved = "; write the address that it points to" if 300 <= status < 400 else ""
            passing = status >= 500 or status in _PASSING
            raise NotTold(f"{address.name} answered {status}{moved}", passing=passing)

    def _status(self, address: Address, body: bytes, fields: dict[str, str], seconds: float) -> int:
        connection, target = self._connection(address, fields, seconds)
        late = threading.Event()
        with contextlib.closing(connection):
            try:
                connection.connect()
                with _cut_after(connection.sock, seconds, late):
                    connection.request("POST", target, body, fields)
                    status = connection.getresponse().status
                if late.is_set():  # a head that ends in the middle passes for a whole one
                    raise TimeoutError
                return status
            except ssl.SSLCertVerificationError as error:
                why = f"certificate of {address.name} is not trusted: {error.verify_message}"
                raise NotTold(why, passing=False) from None
            except (OSError, http.client.HTTPException, UnicodeError) as error:
                if late.is_set() or isinstance(error, TimeoutError):
                    why = f"{address.name} did not answer within {seconds:.1f} s"
                    raise NotTold(why) from None
                raise NotTold(f"{address.name}: {_words(error)}") from None

    def _connection(
        self, address: Address, fields: dict[str, str], seconds: float
    ) -> tuple[http.client.HTTPConnection, str]:
        proxy = self._proxy
        host, port = (address.host, address.port) if proxy is None else (proxy.host, proxy.port)
        if address.secure:
            context = self._trust(f"https://{address.name}/")
            secure = http.client.HTTPSConnection(host, port, timeout=seconds, context=context)
            if proxy is not None:
                secure.set_tunnel(address.host, address.port, headers=proxy.fields)
            return secure, address.target
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
        if proxy is None:
            return connection, address.target
        fields |= {"Host": address.name, **proxy.fields}
        return connection, f"http://{address.name}{address.target}"


@contextlib.contextmanager
def _cut_after(sock: socket.socket, seconds: float, late: threading.Event) -> Iterator[None]:
    """Cut a connection off after a time: its own limit begins anew with each byte."""

    def cut() -> None:
        late.set()
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _words(error: Exception) -> str:
    """Return an error in words that repeat nothing of what was sent or answered."""
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {(error.reason or 'unknown').replace('_', ' ').lower()}"
    if isinstance(error, OSError) and str(error).startswith("Tunnel connection failed"):
        return "the proxy would not take us there"
    if isinstance(error, OSError):
        return error.strerror or "the connection was closed"
    return "what it answered is no HTTP"
