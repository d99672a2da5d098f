"""A cookie jar by RFC 6265: no I/O, no clock, no file of its own.

The client library's jar is not used: it is shared by all that share a session, and its saved form
forgot which cookies belong to one host alone. What this one learns goes out as values, which are
committed with the page that brought them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from crawler.fetch.set_cookie import Origin, domain_matches, parse_set_cookie, path_matches
from crawler.messages import StoredCookie
from crawler.urls import hostname, origin, path_and_query, port

MAX_PER_DOMAIN = 50
MAX_TOTAL = 3000

#: A cookie renewed by every page is worth a row only when its end moved by this share.
_RENEWAL = 0.1

#: A site is one, whether it is asked over http or https.
_USUAL_PORTS = (80, 443)

_Key = tuple[str, str]  # path and name; with the domain they identify a cookie


class CookieJar:
    """Keeps cookies and says which of them go with a request."""

    def __init__(self) -> None:
        # No domain is kept without a cookie, so that an empty jar costs one look.
        self._domains: dict[str, dict[_Key, StoredCookie]] = {}
        self._total = 0
        self._given: dict[str, dict[str, str]] = {}

    def __len__(self) -> int:
        return self._total + len(self._given)

    def __iter__(self) -> Iterator[StoredCookie]:
        for cookies in self._domains.values():
            yield from cookies.values()

    def give(self, url: str, cookies: Mapping[str, str]) -> None:
        """Take cookies of the config, by name, for the origin of a URL and its https form alone.

        RFC 6265 lets a host's cookies go to all its ports, and in the clear: right for what a site
        sets, and too far for a secret that a user wrote down for one address.
        """
        here = origin(url)
        for one in (here, here.replace("http://", "https://", 1)):
            self._given[one] = dict(cookies)

    def load(self, cookies: Iterable[StoredCookie]) -> None:
        """Take cookies as they were stored; one that expired takes the older one away."""
        for cookie in cookies:
            self._supersede(cookie)
            if cookie.expires is not None and cookie.expires <= cookie.created:
                self._remove(cookie)
            else:
                self._put(cookie)

    def header_for(self, url: str, now: float, extra: Sequence[tuple[str, str]] = ()) -> str:
        """Return the value of the Cookie field for a request, "" for none.

        Args:
            url: As serialised by `crawler.urls`.
            now: Wall-clock seconds.
            extra: Cookies of this request alone, (name, value); they win over the jar's.
        """
        if not self._domains and not extra and not self._given:
            return ""
        pairs = [*extra]
        if self._given:
            taken = {name for name, _ in extra}
            given = self._given.get(origin(url), {})
            pairs.extend(pair for pair in given.items() if pair[0] not in taken)
        own = {name for name, _ in pairs}
        pairs.extend((c.name, c.value) for c in self._matching(url, now) if c.name not in own)
        return "; ".join(f"{name}={value}" for name, value in pairs)

    def learn(self, url: str, fields: Iterable[bytes], now: float) -> tuple[StoredCookie, ...]:
        """Take the Set-Cookie fields of an answer.

        Returns:
            What changed, to be stored. Cookies that were removed, or pushed out by the limits,
            come with an `expires` of 0.
        """
        origin = _origin(url)
        changes: list[StoredCookie] = []
        for field in fields:
            cookie = parse_set_cookie(_text(field), origin, now)
            if cookie is not None:
                changes.extend(self._learn_one(cookie, now))
        return tuple(changes)

    def _supersede(self, cookie: StoredCookie) -> None:
        """Forget what the config gave, once the site itself sets or ends a cookie of that name."""
        for site, given in self._given.items():
            place = _origin(site + "/")
            below = not cookie.host_only and domain_matches(place.host, cookie.domain)
            if cookie.name in given and (below or place.place == cookie.domain):
                del given[cookie.name]

    def _learn_one(self, cookie: StoredCookie, now: float) -> list[StoredCookie]:
        given = bool(self._given) and any(cookie.name in one for one in self._given.values())
        if given:
            self._supersede(cookie)
        known = self._domains.get(cookie.domain, {}).get((cookie.path, cookie.name))
        if cookie.expires is not None and cookie.expires <= now:
            if known is None:
                # Of a cookie that the config gave, the end is worth a row: a resume is given it
                # again.
                return [_gone(cookie)] if given else []
            self._remove(known)
            return [_gone(known)]
        if known is not None:
            cookie = msgspec.structs.replace(cookie, created=known.created)
            if _same(known, cookie, now):
                return []
        self._put(cookie)
        return [cookie, *self._evict(cookie.domain, now)]

    def _evict(self, domain: str, now: float) -> list[StoredCookie]:
        """Push out expired cookies, then the oldest, until the limits hold."""
        out: list[StoredCookie] = []
        crowd = self._domains.get(domain, {})
        while len(crowd) > MAX_PER_DOMAIN:
            out.append(self._pop(crowd.values(), now))
        while self._total > MAX_TOTAL:
            out.append(self._pop(self, now))
        return out

    def _pop(self, among: Iterable[StoredCookie], now: float) -> StoredCookie:
        oldest = min(among, key=lambda one: (not _is_expired(one, now), one.created))
        self._remove(oldest)
        return _gone(oldest)

    def _matching(self, url: str, now: float) -> list[StoredCookie]:
        origin = _origin(url)
        found = [
            cookie
            for domain in _domains_of(origin)
            for cookie in self._domains.get(domain, {}).values()
            if (domain == origin.place or not cookie.host_only)
            and (origin.secure or not cookie.secure)
            and not _is_expired(cookie, now)
            and path_matches(origin.path, cookie.path)
        ]
        if len(found) > 1:  # RFC 6265 §5.4: longer paths first, then older cookies
            found.sort(key=lambda one: (-len(one.path), one.created))
        return found

    def _put(self, cookie: StoredCookie) -> None:
        cookies = self._domains.setdefault(cookie.domain, {})
        key = (cookie.path, cookie.name)
        self._total += key not in cookies
        cookies[key] = cookie

    def _remove(self, cookie: StoredCookie) -> None:
        cookies = self._domains.get(cookie.domain)
        if cookies is None or cookies.pop((cookie.path, cookie.name), None) is None:
            return
        self._total -= 1
        if not cookies:
            del self._domains[cookie.domain]


def _origin(url: str) -> Origin:
    path = path_and_query(url).partition("?")[0]
    host, number = hostname(url), port(url)
    place = host if number in _USUAL_PORTS else f"{host}:{number}"
    return Origin(host, path, url.startswith("https:"), place)


def _domains_of(origin: Origin) -> Iterator[str]:
    """Yield the host with its unusual port, the host, and every domain it lies in."""
    domain = origin.host
    if origin.place != domain:
        yield origin.place
    yield domain
    while not origin.is_address and "." in domain:
        domain = domain.partition(".")[2]
        yield domain


def _same(known: StoredCookie, new: StoredCookie, now: float) -> bool:
    if msgspec.structs.replace(new, expires=known.expires) != known:
        return False
    if known.expires is None or new.expires is None:
        return known.expires == new.expires
    return abs(new.expires - known.expires) <= _RENEWAL * (known.expires - now)


def _gone(cookie: StoredCookie) -> StoredCookie:
    return msgspec.structs.replace(cookie, expires=0.0)


def _is_expired(cookie: StoredCookie, now: float) -> bool:
    return cookie.expires is not None and cookie.expires <= now


def _text(field: bytes) -> str:
    try:
        return field.decode("utf-8")
    except UnicodeDecodeError:
        return field.decode("latin-1")
