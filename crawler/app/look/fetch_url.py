"""`crawler fetch`: one URL as a config would fetch it, its redirects followed one by one."""

from __future__ import annotations

from typing import BinaryIO, TextIO

import msgspec

from crawler.app.look.answer_words import answer_words
from crawler.app.look.one_page import OnePage
from crawler.app.look.polite_fetch import Forbidden, hops_politely
from crawler.errors import FetchError, OutputError
from crawler.messages import HttpResponse
from crawler.observe.console import safe

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
    obey = page.obeys_robots and not wish.ignore_robots
    answer: HttpResponse | None = None
    try:
        async for hop in hops_politely(page, url, obey=obey, any_type=True, follow=wish.follow):
            answer = hop.http
            _say(err, answer_words(answer))
    except Forbidden as error:
        _say(err, f"not fetched: {error}; see --ignore-robots")
        return NOT_FETCHED if error.answer.rules.reachable else NO_ANSWER
    except FetchError as error:
        _say(err, f"{error.url}: {error.kind}: {error}")
        return NO_ANSWER
    if answer is None:
        return NO_ANSWER
    _write(answer, wish, out)
    return GOOD if answer.status < 400 else NOT_FETCHED


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
