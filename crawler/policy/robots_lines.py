"""Which line of a robots.txt decides about a URL, to be shown to people (RFC 9309 §2.2).

`crawler.policy.robots` decides what is fetched; this only finds the line that says so. Both read
the same text, and a test holds them against each other.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

import msgspec

_LINE = re.compile(r"[ \t]*([A-Za-z-]+)[ \t]*:[ \t]*([^#]*)")
# No rules of the RFC, but understood, so that they end the agents of a group as rules do.
_OTHER_RULES = ("crawl-delay", "request-rate", "visit-time")
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")
# What a path may hold as it is; every other character counts as its percent-encoding.
_SAFE = "/*$-._~!&'()+,;=:@?"


class RobotsLine(msgspec.Struct, frozen=True, kw_only=True):
    """The line that decides.

    Attributes:
        number: From 1.
        text: As it stands there, white space at its ends removed.
        group: The agents that its group is for, as written.
        allows: It is an `Allow` line.
    """

    number: int
    text: str
    group: str
    allows: bool


def deciding_line(text: str, token: str, target: str) -> RobotsLine | None:
    """Return the line that decides about a path with its query; None when none matches.

    The longest pattern wins, `Allow` at equal length (RFC 9309 §2.2.2); what counts is the one form
    in which patterns and paths are compared, so `%7e` is as long as `~`. Groups for our token are
    taken together; those for `*` count only if there is none for it.

    Args:
        text: The file, its lines ended by line feeds.
        token: Our product token, lower case.
        target: Path and query of a serialised URL.
    """
    groups = list(_groups(text))
    ours = [lines for agents, lines in groups if token in agents]
    chosen = ours or [lines for agents, lines in groups if "*" in agents]
    target = _encoded(target)
    best: tuple[int, bool, RobotsLine] | None = None
    for pattern, line in (pair for lines in chosen for pair in lines):
        if _matches(pattern, target):
            rank = (len(_encoded(pattern)), line.allows, line)
            if best is None or rank[:2] > best[:2]:
                best = rank
    return best[2] if best else None


_Group = tuple[set[str], list[tuple[str, RobotsLine]]]


def _groups(text: str) -> list[_Group]:
    """Read the groups; lines between `User-agent` lines that are no rules do not end a group."""
    groups: list[_Group] = []
    naming = False
    for number, line in enumerate(text.split("\n"), 1):
        found = _LINE.match(line)
        if found is None:
            continue
        key, value = found.group(1).lower(), found.group(2).strip()
        if key == "user-agent":
            if not naming:
                groups.append((set(), []))
            naming = True
            name = _TOKEN.match(value)
            groups[-1][0].add("*" if value[:1] == "*" else name.group().lower() if name else "")
        elif key in _OTHER_RULES:
            naming = False
        elif key in ("allow", "disallow"):
            naming = False
            if groups and value:
                agents, lines = groups[-1]
                group = ", ".join(sorted(agents))
                shown = RobotsLine(
                    number=number, text=line.strip(), group=group, allows=key == "allow"
                )
                lines.append((value, shown))
    return groups


def _matches(pattern: str, target: str) -> bool:
    """Tell whether a pattern matches from the beginning; `*` is anything, a last `$` the end.

    Each part is taken where it comes first: no later place leaves more to those behind it. So it
    takes time in proportion to the two, which no regular expression does for many `*`.
    """
    anchored = pattern.endswith("$")
    first, *others = (_encoded(part) for part in pattern.removesuffix("$").split("*"))
    if not others:
        return target == first if anchored else target.startswith(first)
    if not target.startswith(first):
        return False
    place = len(first)
    last = others.pop() if anchored else ""
    for part in others:
        found = target.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return len(target) - len(last) >= place and target.endswith(last)


def _encoded(path: str) -> str:
    """Return a path in one form: unreserved characters plain, all others percent-encoded."""
    pieces = re.split(r"(%[0-9A-Fa-f]{2})", path)
    return "".join(_octet(p) if p[:1] == "%" and len(p) == 3 else quote(p, _SAFE) for p in pieces)


def _octet(escape: str) -> str:
    plain = unquote(escape)
    return plain if plain.isalnum() or plain in "-._~" else escape.upper()
