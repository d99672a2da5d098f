"""Sites without end: F76, F78 to F85."""

from __future__ import annotations

from collections.abc import Callable

from crawler.outcome import SkipReason
from crawler.testing.faults.play import anchors, html, site
from crawler.testing.faults.row import FOLLOW, OBEY, FaultRow, done, skipped
from crawler.testing.raw_server import Exchange, Script, answer

#: What every page of a trap stands below; items are taken of pages outside of it alone.
TRAP = "/trap/"

#: One rule for all other pages, so that a trap brings nothing, as traps do. Where each page is an
#: item by itself the user wants them all.
RULE = (
    '[{item: Page, url: "re:^/(?!trap/)",'
    ' fields: {url: {value: "{url}"}, title: {css: "title::text"}}}]'
)
_SETTINGS = FOLLOW | {"extract": RULE}
#: Requests that a trap may cost until it is cut: a thousand pages, and what was on its way.
_MOST = 1_300


def endless(text: str, links: Callable[[str], tuple[str, ...]]) -> Script:
    """Answer any path below the trap with a text, and with links made of the path."""

    async def script(exchange: Exchange) -> None:
        path = exchange.path
        number = int("".join(filter(str.isdigit, path))[-9:] or 0)
        await exchange.send(html(text.format(n=number) + anchors(*links(path)), title="trap"))

    return script


def _trap(
    number: str, does: str, first: str, text: str, links: Callable[[str], tuple[str, ...]]
) -> FaultRow:
    return FaultRow(
        number=number, does=does, expected=done(), settings=_SETTINGS,
        play=site({"/": html(anchors(TRAP + first)), "*": endless(text, links)}),
        some=(skipped(SkipReason.TRAP),), most=_MOST,
    )  # fmt: skip


def _number(path: str) -> int:
    return int("".join(filter(str.isdigit, path)) or 0)


ENDLESS = (
    _trap("F76", "sends one text at any address, with ever new ones in it", "a/0", "Hello.",
          lambda p: (f"{TRAP}a/{_number(p)}1", f"{TRAP}a/{_number(p)}2")),
    _trap("F78", "has a calendar without an end", "cal?month=0", "No events in month {n}.",
          lambda p: (f"{TRAP}cal?month={_number(p) + 1}",)),
    _trap("F79", "has a new session in each of its addresses", "s1/home", "Welcome back.",
          lambda p: (f"{TRAP}s{_number(p)}1/home", f"{TRAP}s{_number(p)}2/home")),
    _trap("F80", "has folders in folders without an end", "a/", "Here is nothing.",
          lambda p: (f"{p}a/",)),
    _trap("F81", "has a list for any choice of its columns", "list?a=0", "Seven shirts.",
          lambda p: (f"{TRAP}list?a={_number(p) % 10**8}1", f"{TRAP}list?b={_number(p) % 10**8}2",
                     f"{TRAP}list?a=1&b={_number(p) % 10**8}3")),
    _trap("F83", "has a hundred new addresses on each page of a chain", "chain/0", "Links {n}.",
          lambda p: tuple(f"{TRAP}chain/{_number(p) + n}" for n in range(1, 101))),
)  # fmt: skip

_FORMS = ("/x#part", "/x", "./x", "/y/../x", "{base}/x", "/%78", "/x?utm_source=us")

OTHERS = (
    FaultRow(
        number="F82", does="has hosts below hosts without an end", expected=done(), most=4,
        settings=FOLLOW,
        play=site({"/": html(anchors(*(f"http://n{n}.hosts.test/" for n in range(500))))}),
        decided="only hosts that the job names, or is led to from its start, are asked",
    ),
    FaultRow(
        number="F84", does="has a link that people cannot see, and forbids it", expected=done(),
        settings=FOLLOW | OBEY, plays_robots=True, never=("/pit",),
        ends={"/pit": skipped(SkipReason.ROBOTS), "/good": done()},
        play=site({
            "/robots.txt": answer(b"User-agent: *\nDisallow: /pit"),
            "/": html('<a href="/pit" style="display:none">x</a><a href="/good">y</a>'
                      '<a href="/shy" rel="nofollow">z</a>'),
            "*": html(""),
        }),
    ),
    FaultRow(
        number="F85", does="writes one address in seven ways", expected=done(), settings=FOLLOW,
        play=site({"/": html(anchors(*_FORMS[:4], *_FORMS[5:])), "/x": html(""), "*": html("")}),
        ends={"/x": done()}, most=6, never=("/y/../x", "/x#part"),
    ),
    FaultRow(
        number="F85b", does="has other pages at addresses that differ in case and a slash",
        expected=done(), settings=FOLLOW, ends={"/x": done(), "/X": done(), "/x/": done()},
        play=site({"/": html(anchors("/x", "/X", "/x/")), "*": html("")}),
    ),
)  # fmt: skip

ROWS = (*ENDLESS, *OTHERS)
