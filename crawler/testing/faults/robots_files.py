"""What stands at /robots.txt: F86 to F95."""

from __future__ import annotations

from collections.abc import Callable

from crawler.outcome import ErrorClass, SkipReason, State
from crawler.testing.faults.play import ENDLESS, close, floods, hold, html, moved, site
from crawler.testing.faults.row import OBEY, Expected, FaultRow, dead, done, skipped
from crawler.testing.raw_server import Exchange, Script, answer

_FORBIDDEN = skipped(SkipReason.ROBOTS)
_UNREACHABLE = dead(ErrorClass.ROBOTS_UNREACHABLE)
_RULE = b"User-agent: *\nDisallow: /no\n"


def _file(body: bytes, **fields: str) -> bytes:
    return answer(body, **({"content_type": "text/plain"} | fields))


def _row(  # noqa: PLR0913 - a site, and how its pages end
    number: str,
    does: str,
    robots: bytes | Script,
    ends: dict[str, Expected] | None = None,
    *,
    start: Expected | None = None,
    pages: dict[str, bytes | Script] | None = None,
    settings: dict[str, str] | None = None,
    makes: Callable[[], Script] | None = None,
    decided: str = "",
) -> FaultRow:
    """Return a row with this robots.txt; a page that must not be fetched must not be asked for."""
    ends, expected = ends or {}, start or done()
    return FaultRow(
        number=number, does=does, expected=expected, plays_robots=True, settings=settings or OBEY,
        play=site({"/robots.txt": robots, "*": html("")} | (pages or {})), makes=makes,
        starts=tuple(ends),
        ends=ends, never=tuple(path for path, end in ends.items() if end.reason is not None),
        tries=1 if expected.reason is None else 0, has_after=expected == done(),
        decided=decided,
    )  # fmt: skip


def _rules(number: str, does: str, text: str | bytes, *, no: str, yes: str) -> FaultRow:
    """Return a row whose rules forbid some paths and allow others, each list by blanks."""
    raw = text.encode() if isinstance(text, str) else text
    ends = dict.fromkeys(no.split(), _FORBIDDEN) | dict.fromkeys(yes.split(), done())
    return _row(number, does, _file(raw), ends)


_ALLOWED = {"/no": done()}
_RULED = {"/no": _FORBIDDEN}

STATUSES = (
    _row("F86", "answers 404 for its robots.txt", _file(_RULE, status="404 Not Found"), _ALLOWED),
    _row("F86b", "answers 403 for its robots.txt", _file(_RULE, status="403 Forbidden"), _ALLOWED),
    _row("F86c", "answers 401 for its robots.txt", _file(_RULE, status="401 Unauthorized"),
         _ALLOWED),
    _row("F87", "answers 500 for its robots.txt", _file(b"", status="500 Internal Server Error"),
         start=_UNREACHABLE),
    _row("F87b", "answers 503 for its robots.txt", _file(b"", status="503 Service Unavailable"),
         start=_UNREACHABLE),
    _row("F87c", "answers 429 for its robots.txt", _file(b"", status="429 Too Many Requests"),
         start=_UNREACHABLE),
    _row("F87d", "falls silent at its robots.txt", hold, start=_UNREACHABLE),
    _row("F87e", "closes the connection at its robots.txt", close, start=_UNREACHABLE),
)  # fmt: skip


def _hops(count: int) -> dict[str, bytes | Script]:
    pages: dict[str, bytes | Script] = {f"/r{n}": moved(f"/r{n + 1}") for n in range(1, count)}
    return pages | {f"/r{count}": _file(_RULE)}


FILES = (
    _row("F88", "redirects its robots.txt five times", moved("/r1"), _RULED, pages=_hops(5)),
    _row("F88b", "redirects its robots.txt six times", moved("/r1"), _ALLOWED, pages=_hops(6)),
    _row("F88c", "redirects its robots.txt to itself", moved("/robots.txt"), _ALLOWED),
    _row("F89", "has a robots.txt of 10 GB",
         floods(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + _RULE, b"# filler\n" * 7_000,
                total=ENDLESS), _RULED),
    _row("F89b", "has a rule behind the first 500 KiB of its robots.txt",
         _file(_RULE + b"# filler\n" * 70_000 + b"Disallow: /late\n"),
         {"/no": _FORBIDDEN, "/late": done()}),
    _row("F91", "sends a page in the place of its robots.txt",
         html("<p>User-agent: *</p><p>Disallow: /</p>"), _ALLOWED),
)  # fmt: skip

LETTERS = (
    _rules("F90", "begins its robots.txt with a mark", b"\xef\xbb\xbf" + _RULE, no="/no", yes="/a"),
    _rules("F90b", "writes its robots.txt in UTF-16",
           ("\ufeff" + _RULE.decode()).encode("utf-16-le"), no="/no", yes="/a"),
    _rules("F90c", "writes Latin-1 in its robots.txt",
           b"User-agent: *\nDisallow: /caf\xe9\nDisallow: /no", no="/no /caf%E9", yes="/a"),
    _rules("F90d", "ends lines with a carriage return", _RULE.replace(b"\n", b"\r"), no="/no",
           yes="/a"),
    _rules("F90e", "has NUL in its robots.txt, and no end of its last line",
           b"User-agent: *\n\0\nDisallow: /no", no="/no", yes="/a"),
)  # fmt: skip

GRAMMAR = (
    _rules("F93", "mixes case in names of fields and agents",
           "USER-AGENT: CRAWLER\ndisALLOW: /no", no="/no", yes="/NO"),
    _rules("F93b", "has patterns with stars and an end",
           "User-agent: *\nDisallow: /*.php$\nDisallow: /a/*/z", no="/b.php /a/b/z",
           yes="/b.php?x /a/z"),
    _rules("F93c", "encodes what need not be, and does not what should be",
           "User-agent: *\nDisallow: /%61b\nDisallow: /ü", no="/ab /%C3%BC", yes="/b"),
    _rules("F93d", "allows within what it forbids",
           "User-agent: *\nDisallow: /q\nAllow: /q/b\nAllow: /s\nDisallow: /s", no="/q/x",
           yes="/q/b /s"),
    _rules("F93e", "has two groups for us, and one for all",
           "User-agent: crawler\nDisallow: /1\n\nUser-agent: *\nDisallow: /2\n\n"
           "User-agent: crawler\nDisallow: /3", no="/1 /3", yes="/2"),
    _rules("F93f", "has lines that nobody knows between its groups",
           "User-agent: a\nSurprise: 1\n\nUser-agent: *\nNoise\nDisallow: /no", no="/no", yes="/a"),
)  # fmt: skip


def _changing() -> Script:
    """Forbid a page at first, then all."""
    asked: list[str] = []

    async def rules(exchange: Exchange) -> None:
        asked.append(exchange.path)
        await exchange.send(_file(_RULE if len(asked) == 1 else b"User-agent: *\nDisallow: /"))

    return site({"/robots.txt": rules, "*": html("")})


DELAYS = (
    _row("F92", "asks for a pause of -1 seconds", _file(_RULE + b"Crawl-delay: -1"), _RULED),
    _row("F92b", "asks for a pause of some time", _file(_RULE + b"Crawl-delay: often"), _RULED),
    _row("F92c", "asks for a pause of a day", _file(_RULE + b"Crawl-delay: 86400"),
         start=Expected(State.PENDING), settings=OBEY | {"scope.max_runtime": "1s"},
         decided="a minute is waited at most; within a second no page is asked for"),
    _row("F92d", "asks for a pause of NaN seconds", _file(_RULE + b"Crawl-delay: nan"), _RULED),
    _row("F94", "changes its rules after they were read", b"", {"/no": _FORBIDDEN}, makes=_changing,
         decided="read again after a day; within a run of seconds the first answer holds"),
)  # fmt: skip

ROWS = (*STATUSES, *FILES, *LETTERS, *GRAMMAR, *DELAYS)
