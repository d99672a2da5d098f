"""The pattern of a URL: what is left of it when all is folded that sites make URLs of."""

from __future__ import annotations

import re

from crawler.urls import host_key, registrable_domain, split_port

#: Kinds of queries that one path may have; all further ones are one kind.
MAX_QUERIES = 16
#: Hosts beside each other that are told apart; all further ones are taken by their domain.
MAX_HOSTS = 8
#: Paths and hosts that are remembered for that.
MAX_REMEMBERED = 4_096
#: Folders that are kept as they are folded: pages of one are found in a row.
MAX_FOLDERS = 1_024

_LAST = 512

_DIGITS = re.compile(r"\d+")
_HEX = frozenset("0123456789abcdefABCDEF")
#: Characters of a path, and of the names in a query.
_LONGEST = 200
_SHORT_ID, _LONG_ID = 8, 16


class UrlPatterns:
    """Folds URLs: `shop.example/calendar/#/#.html?day,view`.

    That is the host, the path with numbers and session ids folded and no segment twice, and the
    names in the query, sorted. Where a site has ever more hosts or kinds of queries these are
    folded as well, so that a site that goes on for ever has few patterns. About 2 us.
    """

    def __init__(self) -> None:
        self._queries: dict[str, set[str]] = {}
        self._sites: dict[str, str] = {}
        self._beside: dict[str, int] = {}
        self._folders: dict[str, tuple[str, dict[str, None]]] = {}
        # A page is asked about some four times between its answer and its commit.
        self._last: dict[str, tuple[str, str]] = {}

    def pattern_of(self, url: str) -> str:
        """Return the pattern of a serialised URL."""
        name, keys = self._parts(url)
        if not keys:
            return name
        kinds = self._queries.get(name, ())
        many = len(kinds) >= MAX_QUERIES or len(self._queries) >= MAX_REMEMBERED
        return f"{name}?*" if many and keys not in kinds else f"{name}?{keys}"

    def note(self, url: str) -> None:
        """Remember the kind of query that a URL has."""
        name, keys = self._parts(url)
        if keys and (name in self._queries or len(self._queries) < MAX_REMEMBERED):
            kinds = self._queries.setdefault(name, set())
            if len(kinds) < MAX_QUERIES:
                kinds.add(keys)

    def note_pattern(self, pattern: str) -> None:
        """Remember the kind of query that a pattern has, as an earlier process found it."""
        name, mark, keys = pattern.partition("?")
        if mark and keys != "*":
            self._queries.setdefault(name, set()).add(keys)

    def _parts(self, url: str) -> tuple[str, str]:
        parts = self._last.get(url)
        if parts is None:
            if len(self._last) >= _LAST:
                self._last.clear()
            parts = self._last[url] = self._split(url)
        return parts

    def _split(self, url: str) -> tuple[str, str]:
        slash = url.index("/", 8)
        path, _, query = url[slash:].partition("?")
        site = self._sites.get(url[:slash]) or self._site(url[:slash], url)
        folder, _, last = path.rpartition("/")
        text, segments = self._folders.get(folder) or self._fold_folder(folder)
        # A segment that comes again, as in /a/b/a/b/a, says nothing new.
        if last and (folded := _fold_segment(last)) not in segments:
            text = f"{text}/{folded}" if text else folded
        name = f"{site}/{text}"[:_LONGEST]
        if not query:
            return name, ""
        keys = sorted({_DIGITS.sub("#", part.partition("=")[0]) for part in query.split("&")})
        return name, ",".join(keys)[:_LONGEST]

    def _fold_folder(self, folder: str) -> tuple[str, dict[str, None]]:
        """Return a path without its last segment, folded, and the segments of that."""
        segments = dict.fromkeys(_fold_segment(one) for one in folder.split("/") if one)
        folded = "/".join(segments), segments
        if len(folder) <= _LONGEST:
            if len(self._folders) >= MAX_FOLDERS:
                self._folders.clear()
            self._folders[folder] = folded
        return folded

    def _site(self, origin: str, url: str) -> str:
        key = host_key(url)
        host, port = split_port(key)
        tail = ".".join(host.split(".")[-2:])
        site = key
        if self._beside.get(tail, 0) >= MAX_HOSTS:
            # Asked for late: to read the list of public suffixes takes longer than a small crawl.
            domain = registrable_domain(host) or host
            site = domain if port is None else f"{domain}:{port}"
        if len(self._sites) >= MAX_REMEMBERED:
            self._sites.clear()
        if len(self._beside) < MAX_REMEMBERED:
            self._beside[tail] = self._beside.get(tail, 0) + 1
        self._sites[origin] = site
        return site


def _fold_segment(segment: str) -> str:
    if _DIGITS.search(segment) is None and ";" not in segment:
        return segment  # neither a number nor an id, as most are
    name, mark, parameter = segment.partition(";")
    if mark:  # such as ;jsessionid=0A1B
        return f"{_fold_segment(name)};{parameter.partition('=')[0]}"
    if len(segment) >= _SHORT_ID and _is_id(segment):
        return "*"
    return _DIGITS.sub("#", segment)


def _is_id(segment: str) -> bool:
    """Tell a session id: eight hexadecimal digits, or sixteen letters and digits, both in it."""
    if segment.isdigit():
        return False
    return set(segment) <= _HEX or (len(segment) >= _LONG_ID and segment.isalnum())
