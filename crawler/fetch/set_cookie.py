"""Reads one Set-Cookie field as RFC 6265 §5.2 has it, and decides whether it may be kept.

In one thing we are stricter: a cookie without `Domain` that is set at a port other than 80 and 443
belongs to that port. What listens at another port of a host may be anybody's, and a redirect there
is all it takes (the RFC itself calls the lack of this a weakness, §8.5).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from crawler.fetch.http_date import parse_date
from crawler.messages import StoredCookie
from crawler.urls import is_public_suffix

#: Bytes of name and value together (RFC 6265 §6.1).
MAX_COOKIE = 4096

#: A cookie is kept for 400 days at most, as in browsers (RFC 6265bis §5.5).
MAX_AGE = 400 * 86_400.0

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_AGE = re.compile(r"-?\d+", re.ASCII)


class Origin(NamedTuple):
    """Where a Set-Cookie field came from.

    Attributes:
        host: Its name, or its address without brackets.
        path: Of the URL.
        secure: It is https.
        place: What a cookie without `Domain` belongs to: the host, with its port unless that is 80
            or 443; "" for the host.
    """

    host: str
    path: str
    secure: bool
    place: str = ""

    @property
    def is_address(self) -> bool:
        """An IP address has no parent domain, so its cookies are its own."""
        return ":" in self.host or self.host.rpartition(".")[2].isdigit()


def parse_set_cookie(field: str, origin: Origin, now: float) -> StoredCookie | None:
    """Return the cookie that a field sets; None if it sets none, or one that we refuse.

    Refused: over 4 KiB, with control characters, for another domain, for a public suffix, Secure
    over plain http, and the prefixes `__Secure-` and `__Host-` without what they promise
    (RFC 6265bis §4.1.3).
    """
    pair, _, rest = field.partition(";")
    name, mark, value = pair.partition("=")
    name, value = name.strip(" \t"), value.strip(" \t")
    if not mark or not name or _CONTROL.search(pair):
        return None
    if len(name.encode()) + len(value.encode()) > MAX_COOKIE:
        return None
    attributes = _attributes(rest)
    domain = _domain(attributes.get("domain", ""), origin)
    if domain is None:
        return None
    path = attributes.get("path", "")
    cookie = StoredCookie(
        domain=domain or origin.place or origin.host,
        path=path if path[:1] == "/" else _default_path(origin.path),
        name=name,
        value=value,
        host_only=not domain,
        secure="secure" in attributes,
        expires=_expiry(attributes, now),
        created=now,
        http_only="httponly" in attributes,
    )
    return cookie if _is_allowed(cookie, origin) else None


def _attributes(text: str) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        value = value.strip(" \t")
        if len(value) <= 1024 and not _CONTROL.search(value):
            attributes[name.strip(" \t").lower()] = value
    return attributes


def _domain(attribute: str, origin: Origin) -> str | None:
    """Return the domain a cookie spans, "" for the host alone, None to refuse the cookie."""
    domain = attribute.removeprefix(".").lower().rstrip(".")
    if not domain or (domain == origin.host and (origin.is_address or is_public_suffix(domain))):
        return ""
    if origin.is_address or is_public_suffix(domain):
        return None
    return domain if domain_matches(origin.host, domain) else None


def domain_matches(host: str, domain: str) -> bool:
    """Say whether a host name lies in a domain (RFC 6265 §5.1.3); addresses are not asked."""
    return host == domain or host.endswith("." + domain)


def path_matches(path: str, cookie_path: str) -> bool:
    """Say whether a cookie's path covers a request's (RFC 6265 §5.1.4)."""
    if not path.startswith(cookie_path):
        return False
    return len(path) == len(cookie_path) or cookie_path[-1] == "/" or path[len(cookie_path)] == "/"


def _default_path(path: str) -> str:
    cut = path.rfind("/")
    return path[:cut] if cut > 0 else "/"


def _expiry(attributes: dict[str, str], now: float) -> float | None:
    """Return when a cookie ends, None for the end of the run; Max-Age beats Expires."""
    age = attributes.get("max-age", "")
    if _AGE.fullmatch(age):
        # Beyond 15 digits the number only serves to overflow something.
        seconds = float(age) if len(age) < 16 else MAX_AGE
        return now + min(seconds, MAX_AGE) if seconds > 0 else 0.0
    expires = parse_date(attributes.get("expires", ""))
    return None if expires is None else min(expires, now + MAX_AGE)


def _is_allowed(cookie: StoredCookie, origin: Origin) -> bool:
    if cookie.secure and not origin.secure:
        return False
    prefix = cookie.name.lower()
    if prefix.startswith("__host-"):
        return cookie.secure and cookie.host_only and cookie.path == "/"
    return cookie.secure or not prefix.startswith("__secure-")
