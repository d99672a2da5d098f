"""Answers that say no, or not now: F69 to F75."""

from __future__ import annotations

import asyncio

from crawler.outcome import ErrorClass
from crawler.testing.faults.play import html, keeps, site
from crawler.testing.faults.row import FaultRow, dead, done, failed
from crawler.testing.raw_server import Exchange, Script, answer

_RETRY = {"fetch.retries": "1"}
_NO_ROBOTS = answer(b"", status="404 Not Found")
_MANY = tuple(f"/{n}" for n in range(30))


def first(refusal: bytes, *, wait: float) -> Script:
    """Refuse once; then be good, but only to those who come back no sooner than they should."""
    when: list[float] = []

    async def script(exchange: Exchange) -> None:
        now = asyncio.get_running_loop().time()
        if exchange.path != "/" or (when and now - when[0] >= wait):
            await exchange.send(html(""))
        elif when:
            await exchange.send(html("too soon", status="400 Bad Request"))
        else:
            when.append(now)
            await exchange.send(refusal)

    return script


def _paused(number: str, does: str, status: str, *, wait: float, **fields: str) -> FaultRow:
    return FaultRow(
        number=number, does=does, expected=done(), settings=_RETRY, tries=2,
        makes=lambda: first(answer(b"", status=status, **fields), wait=wait),
    )  # fmt: skip


def _refuses(number: str, status: str) -> FaultRow:
    return FaultRow(
        number=number, does=f"answers {status}", expected=failed(ErrorClass.STATUS, status[:3]),
        play=keeps(html("", status=status)), settings=_RETRY,
    )  # fmt: skip


def _storm(number: str, status: str, decided: str = "") -> FaultRow:
    ending = failed(ErrorClass.STATUS, status[:3])
    return FaultRow(
        number=number, does=f"answers {status} to everything", expected=ending, starts=_MANY,
        play=keeps(html("", status=status)), ends=dict.fromkeys(_MANY, ending),
        most=len(_MANY) + 3, decided=decided,
    )  # fmt: skip


WAITS = (
    _paused("F69", "answers 429, and asks for a second", "429 Too Many Requests", wait=0.9,
            retry_after="1"),
    _paused("F69b", "answers 503, and asks for a second", "503 Service Unavailable", wait=0.9,
            retry_after="1"),
    _paused("F70", "asks to come back in the past", "429 Too Many Requests", wait=0.5,
            retry_after="Mon, 01 Jan 2001 00:00:00 GMT"),
    _paused("F70b", "asks to come back in -5 seconds", "429 Too Many Requests", wait=0.5,
            retry_after="-5"),
    _paused("F70c", "asks to come back at some time", "429 Too Many Requests", wait=0.5,
            retry_after="soon"),
    _paused("F70d", "asks to come back a second later than now, its clock being years behind",
            "503 Service Unavailable", wait=0.9, retry_after="Sat, 01 Jan 2011 00:00:01 GMT",
            date="Sat, 01 Jan 2011 00:00:00 GMT"),
    FaultRow(
        number="F70e", does="asks to come back in 30,000 years",
        expected=dead(ErrorClass.RATE_LIMITED, "429"), has_after=False,
        play=keeps(answer(b"", status="429 Too Many Requests", retry_after="1000000000000")),
        settings={"fetch.retries": "0"}, decided="an hour is waited at most; here no try is left",
    ),
)  # fmt: skip

FAILURES = (
    FaultRow(
        number="F71", does="answers 503 to everything",
        expected=dead(ErrorClass.UNAVAILABLE, "did not work"), starts=_MANY[1:], path="/last",
        play=site({"/robots.txt": _NO_ROBOTS, "*": answer(b"", status="503 Service Unavailable")}),
        plays_robots=True, has_after=False, most=16, tries=8, settings=_RETRY,
        decided="five failures in a row, then probes until it is given up",
    ),
    FaultRow(
        number="F72", does="answers 500 once, then 200", expected=done(), settings=_RETRY, tries=2,
        makes=lambda: first(answer(b"", status="500 Internal Server Error"), wait=0.5),
    ),
    _storm("F73", "401 Unauthorized"),
    _storm("F73b", "403 Forbidden", "no retry; the end of the run names the host"),
    _storm("F73c", "451 Unavailable For Legal Reasons"),
    _refuses("F74", "404 Not Found"),
    _refuses("F74b", "410 Gone"),
    FaultRow(
        number="F75", does="answers 200 to what it does not have", expected=done(),
        play=site({"*": html("Nothing found.", title="404")}),
        decided="a page is what its status says; checks and rules tell of too many of one kind",
    ),
)  # fmt: skip

ROWS = (*WAITS, *FAILURES)
