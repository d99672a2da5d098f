"""A Python prompt with a page in it."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import msgspec

from crawler.app.look.live_code import Prompt, complete_names, run_source, shown
from crawler.app.look.loop_thread import LoopThread
from crawler.app.look.one_page import OnePage
from crawler.app.look.page_in_hand import PageInHand
from crawler.app.look.polite_fetch import Forbidden
from crawler.config.load import LoadedJob
from crawler.errors import FetchError
from crawler.interfaces import Clock
from crawler.loop import new_loop_factory

_FORBIDDEN, _UNREACHED, _RAISED = 3, 4, 1
_BANNER = """\
response, request     the page in hand: response.css(...), response.text, response.headers...
css(q) xpath(q)       select from it; jmes(q) from JSON; links() its links
fetch(url)            take another page; follow(link) a link of this one
try_rules(label=None) the items that the config's rules find on it
view()                show it in a browser
await works; exit() or Ctrl-D ends"""


class ShellOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for.

    Attributes:
        url: The first page; None for none.
        base: Base of the job's state.
        obey: Obey robots.txt, if the job does.
        any_type: Take bodies of any media type, not only those that the job reads.
        source: Code to run instead of a prompt; None for a prompt.
    """

    url: str | None
    base: Path
    obey: bool = True
    any_type: bool = False
    source: str | None = None


def open_shell(loaded: LoadedJob, options: ShellOptions, clock: Clock) -> int:
    """Open a shell, or run code in it; returns the exit code.

    Args:
        loaded: The job as which pages are fetched and read.
        options: The command line's.
        clock: The time.

    Raises:
        ConfigError: The config or the URL is wrong.
    """
    factory, _ = new_loop_factory(loaded.job.run.loop)
    with LoopThread(factory) as loop, ExitStack() as stack:
        page = OnePage(loaded, clock, options.base)
        loop.run(page.__aenter__())
        stack.callback(lambda: loop.run(page.__aexit__(None, None, None)))
        hand = PageInHand(
            page, loop, _say, obey=options.obey and page.obeys_robots, any_type=options.any_type,
            browse=options.source is None,
        )  # fmt: skip
        code = _fetch_first(hand, options.url)
        if options.source is None:
            return _prompt(hand, loop)
        return code or _run(options.source, hand, loop)


def _fetch_first(hand: PageInHand, url: str | None) -> int:
    """Take the first page in hand; returns the exit code for when it cannot be had."""
    if url is None:
        return 0
    try:
        hand.fetch(url)
    except Forbidden as error:
        _say(shown(error).rstrip())
        if not error.answer.rules.reachable:
            return _UNREACHED
        _say("--ignore-robots fetches it all the same: for sites of your own")
        return _FORBIDDEN
    except FetchError as error:
        _say(shown(error).rstrip())
        return _UNREACHED
    return 0


def _prompt(hand: PageInHand, loop: LoopThread) -> int:
    complete_names(hand.names)
    try:
        Prompt(hand.names, loop).interact(banner=_BANNER, exitmsg="")
    except SystemExit as stop:
        return _code(stop)
    return 0


def _run(source: str, hand: PageInHand, loop: LoopThread) -> int:
    try:
        return 0 if run_source(source, hand.names, loop) else _RAISED
    except SystemExit as stop:
        return _code(stop)


def _code(stop: SystemExit) -> int:
    """Return the code that `exit(...)` asks for, as Python itself reads it."""
    if stop.code is None or isinstance(stop.code, int):
        return stop.code or 0
    _say(str(stop.code))
    return _RAISED


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
