"""`crawler fetch`: one URL as a config would fetch it, its redirects followed one by one."""

from __future__ import annotations

from typing import BinaryIO, TextIO

import msgspec

from crawler.app.one_page import OnePage, RobotsAnswer
from crawler.errors import FetchError, OutputError
from crawler.extract.encoding import detect
from crawler.extract.media import Kind, kind_of
from crawler.messages import FetchRequest, HttpResponse
from crawler.observe.console import safe
from crawler.urls import join

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
MAX_HOPS = 20
GOOD, NOT_FETCHED, NO_ANSWER = 0, 3, 4


class FetchWish(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for.

    Attributes:
        url: As written.
        headers: Print the answer's status and fields before its body.
        follow: Follow redirects.
        ignore_robots: Fetch what robots.txt forbids.
    """

    url: str
    headers: bool = False
    follow: bool = True
    ignore_robots: bool = False


async def fetch_url(page: OnePage, wish: FetchWish, out: BinaryIO, err: TextIO) -> int:
    """Fetch, write the body to `out` and what happened to `err`; return the exit code.

    Raises:
        ConfigError: The URL is none.
    """
    url = page.url(wish.url)
    for _ in range(MAX_HOPS + 1):
        if page.obeys_robots and not wish.ignore_robots:
            robots = await page.robots(url)
            if not robots.allowed:
                _say(err, f"{url}: not fetched: {robots_words(robots)}; see --ignore-robots")
                return NOT_FETCHED if robots.rules.reachable else NO_ANSWER
        try:
            answer = await page.fetcher.fetch(FetchRequest(url=url, any_type=True))
        except FetchError as error:
            _say(err, f"{url}: {error.kind}: {error}")
            return NO_ANSWER
        _say(err, answer_words(answer))
        target = answer.headers.text("location") if answer.status in _REDIRECTS else ""
        onward = join(url, target) if target and wish.follow else None
        if onward is None:
            _write(answer, wish, out)
            return GOOD if answer.status < 400 else NOT_FETCHED
        url = onward
    _say(err, f"more than {MAX_HOPS} redirects in a row")
    return NO_ANSWER


def answer_words(answer: HttpResponse) -> str:
    """Describe an answer in a line: status, type, encoding, size, time, where it leads."""
    body = answer.body
    parts = [f"{answer.status}", answer.media_type or "no media type"]
    if body and kind_of(answer.media_type, body) is not Kind.BINARY:
        parts.append(detect(body, answer.headers.text("content-type")).codec)
    parts.append(f"{len(body):,} bytes ({answer.wire_size:,} on the wire)")
    parts.append(f"{answer.elapsed * 1000:.0f} ms")
    if answer.status in _REDIRECTS:
        parts.append(f"to {answer.headers.text('location') or 'nowhere'}")
    names = sorted({cookie.name for cookie in answer.cookies_set})
    if names:
        parts.append(f"sets {', '.join(names)}")
    if answer.retry_after is not None:
        parts.append(f"asks to wait {answer.retry_after:.0f} s")
    return f"{answer.url}  {' · '.join([*parts, *answer.flags])}"


def robots_words(robots: RobotsAnswer) -> str:
    """Describe in a line what robots.txt says about a URL."""
    if not robots.rules.reachable:
        what = robots.error or f"HTTP {robots.status}"
        return f"{robots.url} could not be had ({what}), so nothing of its site is fetched for now"
    line = robots.line
    verdict = "allowed" if robots.allowed else "forbidden"
    if line is None:
        known = f"HTTP {robots.status}" if robots.status != 200 else "no line is about it"
        return f"{verdict} by {robots.url}: {known}"
    return f"{verdict} by {robots.url}, line {line.number} ({line.text}), group {line.group}"


def _write(answer: HttpResponse, wish: FetchWish, out: BinaryIO) -> None:
    try:
        if wish.headers:
            lines = [f"HTTP {answer.status}".encode()]
            lines += [name.encode("latin-1") + b": " + v for name, v in answer.headers.pairs()]
            out.write(b"\n".join([*lines, b"", b""]))
        out.write(answer.body)
        out.flush()
    except BrokenPipeError:
        return  # `| head` has seen enough
    except OSError as error:
        raise OutputError(f"cannot write the body: {error.strerror}") from error


def _say(err: TextIO, text: str) -> None:
    err.write(f"{safe(text)}\n")
