"""What a robots.txt lets us fetch (RFC 9309), from the answer that was got for it.

Protego parses the rules; the reading of the answer is ours, and three things that protego sees
differently from the RFC are settled before it gets the text: byte order marks, records that it
does not know, and which `User-agent` lines mean us.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from protego import Protego

#: Bytes of a robots.txt that are read (RFC 9309 §2.5 asks for at least as many).
MAX_BYTES = 500 * 1024
#: Hops to follow from /robots.txt, to other hosts too (RFC 9309 §2.3.1.2).
MAX_HOPS = 5

_DAY = 86_400.0
_UNREACHABLE_LIFETIME = 300.0
_MAX_CRAWL_DELAY = 60.0

_TOKEN = re.compile(r"[A-Za-z0-9_-]+")
_COMPATIBLE = re.compile(r"\(compatible;\s*([A-Za-z0-9_-]+)")
_AGENT_LINE = re.compile(r"^([ \t]*user[- ]?agent[ \t]*[: \t][ \t]*)([^\n#]*)", re.I | re.M)
# Protego forgives misspellings of "disallow", but every one of them begins like this.
_DISALLOW_LINE = re.compile(r"^[ \t]*di\w+[ \t]*[: \t][ \t]*[^\s#]", re.I | re.M)
# A record that nobody here knows. Protego would have it part the agents around it, which the RFC
# forbids (§2.2): those before it would be without rules.
_OTHER_LINE = re.compile(
    r"^(?![ \t]*(?:user[- ]?agent|d\w{4,10}w|allow|site-?maps?|host|crawl[- ]delay|request[- ]rate"
    r"|visit[- ]time)[: \t])[^\n:#]+:[^\n]*",
    re.I | re.M,
)
_LINE_END = re.compile(r"\r\n?|\n")
_ODD_SPACE = re.compile("[\0\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_LOST_BYTE = re.compile("[\udc80-\udcff]")


class RobotsRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one origin, as they concern one robot.

    Attributes:
        reachable: False when there was no answer to go by: then nothing may be fetched for now,
            and a URL asked for meanwhile is to be tried again, not refused for good.
        unrestricted: Nothing is forbidden; `allows` need not be asked.
        crawl_delay: Seconds between two requests, at most 60; None when none is asked for.
        sitemaps: URLs of sitemaps as written, of any host.
        text: The file as it was read, to look lines up in; empty when there is none.
        token: The name by which the file knows this robot.
        lifetime: Seconds after which robots.txt is to be fetched again.
    """

    reachable: bool = True
    unrestricted: bool = True
    crawl_delay: float | None = None
    sitemaps: tuple[str, ...] = ()
    lifetime: float = _DAY
    text: str = ""
    token: str = ""
    _parser: Protego | None = None

    def allows(self, url: str) -> bool:
        """Tell whether a serialised URL may be fetched: 25 us, so ask after deduplication."""
        if self.unrestricted:
            return True
        if self._parser is None:
            return False
        return self._parser.can_fetch(url, self.token)

    def discard(self) -> None:
        """Free what was parsed, for good: its parts hold one another until a collection."""
        if self._parser is not None:
            vars(self._parser).clear()


def rules_from_response(status: int | None, body: bytes, user_agent: str) -> RobotsRules:
    """Read the answer to a request for /robots.txt, its redirects followed (RFC 9309 §2.3.1).

    Args:
        status: The last answer's; None when there was none (no DNS, no connection, time-out).
        body: Its decoded bytes; what is beyond `MAX_BYTES` is not looked at.
        user_agent: This crawler's User-Agent; its product token finds the group of rules.

    Returns:
        2xx: the rules. 4xx, and redirects that were too many: no rules, all is allowed. 5xx, 429
        and no answer: nothing is allowed, for five minutes.
    """
    if status is None or status >= 500 or status == 429 or status < 200:
        return RobotsRules(reachable=False, unrestricted=False, lifetime=_UNREACHABLE_LIFETIME)
    if status >= 300:
        return RobotsRules()
    return parse_rules(body, user_agent)


def parse_rules(body: bytes, user_agent: str) -> RobotsRules:
    """Parse the bytes of a robots.txt; any bytes will do, HTML gives no rules."""
    from protego import Protego

    token = product_token(user_agent)
    decoded = _decode(body)
    text = _for_token(decoded, token)
    parser = Protego.parse(text)
    delay = parser.crawl_delay(token)
    return RobotsRules(
        unrestricted=_DISALLOW_LINE.search(text) is None,
        crawl_delay=None if delay is None else min(delay, _MAX_CRAWL_DELAY),
        sitemaps=tuple(parser.sitemaps),
        text=decoded,
        _parser=parser,
        token=token,
    )


def product_token(user_agent: str) -> str:
    """Return the name a robots.txt knows us by: `crawler` for `crawler/1.0 (+https://...)`.

    A User-Agent that poses as a browser gives the name behind `compatible;`, if there is one.
    """
    posing = _COMPATIBLE.search(user_agent)
    token = posing or _TOKEN.match(user_agent.strip())
    # "*" finds the rules for everybody, and no others.
    return token.group(token.lastindex or 0).lower() if token else "*"


def _for_token(text: str, token: str) -> str:
    """Rewrite every `User-agent` line to the token, to `*`, or to a name nobody has.

    The RFC compares product tokens whole (§2.2.1): `MyBot/2.1` in the file is `mybot`, and rules
    for `craw` are not for `crawler`. Protego looks for the line's text within the agent's name.
    """

    def rewrite(line: re.Match[str]) -> str:
        value = line.group(2).strip()
        name = _TOKEN.match(value)
        if value[:1] == "*":
            agent = "*"
        else:
            agent = token if name is not None and name.group().lower() == token else "?"
        return f"{line.group(1)}{agent}"

    return _AGENT_LINE.sub(rewrite, _OTHER_LINE.sub("", text))


def _decode(body: bytes) -> str:
    """Decode leniently: whole lines only, each ended by one line feed."""
    if len(body) > MAX_BYTES:
        # Half a rule may forbid far more than the whole one, so the cut line goes altogether.
        body = body[:MAX_BYTES]
        body = body[: max(body.rfind(b"\n"), body.rfind(b"\r")) + 1]
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = body.decode("utf-16", "replace")
    else:
        text = body.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
        # A byte that is not UTF-8 stands in a path of another encoding; a URL has it like this.
        text = _LOST_BYTE.sub(lambda byte: f"%{ord(byte.group()) - 0xDC00:02X}", text)
    return _ODD_SPACE.sub(" ", _LINE_END.sub("\n", text))
