"""What may be written about access to servers: origins, proxies, users and passwords."""

from __future__ import annotations

import base64
from urllib.parse import unquote, urlsplit

import msgspec

from crawler.urls import UrlError, hostname, origin, parse, port


def basic(user: str, password: str) -> str:
    """Return the value of an Authorization field, or of one for a proxy (RFC 7617, in UTF-8)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def origin_of(written: str) -> str:
    """Return an origin as URLs have it: `https://shop.example:8443`.

    Raises:
        ValueError: It is none, or says more than an origin.
    """
    try:
        url = parse(written)
    except UrlError:
        raise ValueError("is no origin: write scheme and host, https://shop.example") from None
    if "@" in written:
        raise ValueError("is no origin: it has a user")
    if url != f"{origin(url)}/" or "#" in written or "?" in written:
        raise ValueError(f"is no origin: write {origin(url)}, it holds for every path")
    return origin(url)


class Proxy(msgspec.Struct, frozen=True):
    """One proxy that speaks HTTP.

    Attributes:
        host: Its name or address, IPv6 without brackets.
        port: Its port.
        authorization: Value of the Proxy-Authorization field, None for none; never shown.
    """

    host: str
    port: int
    authorization: str | None = None

    @property
    def name(self) -> str:
        """Host and port, as it is spoken of."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def fields(self) -> dict[str, str]:
        """The header fields that are meant for it alone."""
        return {} if self.authorization is None else {"Proxy-Authorization": self.authorization}

    def __repr__(self) -> str:
        return f"Proxy({self.name!r})"


def proxy_of(url: str) -> Proxy:
    """Return the proxy that a URL means: `http://user:password@proxy.example:8080`.

    Raises:
        ValueError: It means none; the message repeats nothing of it, as it may hold a password.
    """
    scheme, mark, _ = url.partition("://")
    if mark and scheme.lower().startswith("socks"):
        raise ValueError("SOCKS is not supported; use the proxy's HTTP port, http://HOST:PORT")
    if mark and scheme.lower() == "https":
        raise ValueError(
            "TLS to the proxy itself is not supported; write http://HOST:PORT, what goes"
            " to an https site is encrypted through it all the same"
        )
    if scheme.lower() != "http" or not mark:
        raise ValueError("a proxy is written http://HOST:PORT")
    if url.count("@") > 1 or any(character.isspace() for character in url):
        raise ValueError("in user and password of a proxy, write %40 for @ and %20 for a space")
    try:
        parts = urlsplit(url)
        number = parts.port
        place = parse(f"http://{parts.netloc.rpartition('@')[2]}/")
    except (ValueError, UrlError):
        raise ValueError("the proxy has no valid host or port") from None
    if number is None:
        raise ValueError("the proxy has no port; write http://HOST:PORT")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("nothing may follow the port of a proxy")
    authorization = None
    if parts.username is not None:
        authorization = basic(unquote(parts.username), unquote(parts.password or ""))
    return Proxy(hostname(place), port(place), authorization)
