"""The terminal: redrawn lines, single keys, and how it is left behind. Each test has a pty."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import io
import os
import pty
import struct
import sys
import termios
from collections.abc import Iterator
from typing import TextIO

import pytest

from crawler.observe.console import Console
from crawler.observe.keys import Keys
from crawler.observe.live_screen import LiveScreen, can_redraw

PLAIN = {"TERM": "xterm"}


class Terminal:
    """A terminal, seen from its two ends."""

    def __init__(self, columns: int = 100) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        raw = io.BufferedWriter(io.FileIO(slave, "w"))
        self.stream: TextIO = io.TextIOWrapper(raw, "utf-8", write_through=True)

    @property
    def mode(self) -> list[object]:
        return list(termios.tcgetattr(self.stream.fileno()))

    def shown(self) -> str:
        """Return what was written since the last time."""
        os.set_blocking(self.master, False)
        parts = []
        try:
            while part := os.read(self.master, 65536):
                parts.append(part)
        except BlockingIOError:
            pass
        return b"".join(parts).decode()

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def close(self) -> None:
        self.stream.close()
        os.close(self.master)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.close()


@pytest.fixture
def foreground(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every terminal listen to this process; a test has none of its own."""
    monkeypatch.setattr("crawler.observe.keys.in_foreground", lambda _: True)


def test_lines_are_redrawn_in_place_and_what_is_said_stays_above(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = LiveScreen(terminal.stream)
    console = Console(terminal.stream)
    console.above = screen.say

    screen.show(["one", "two"])
    console.say("a line of the log")
    screen.show(["three", "four"])
    screen.close()

    shown = terminal.shown()
    assert shown.index("two") < shown.index("a line of the log") < shown.index("three")
    assert "\x1b[?25l" in shown  # the cursor is hidden
    assert shown.rindex("\x1b[?25h") > shown.rindex("four")  # and shown again in the end


def test_what_waits_to_be_said_is_not_lost_when_the_screen_goes(terminal: Terminal) -> None:
    screen = LiveScreen(terminal.stream)

    screen.show(["one"])
    screen.say("the last words")
    screen.close()
    screen.say("after it")

    shown = terminal.shown()
    assert shown.index("the last words") < shown.index("after it")


def test_texts_of_a_site_are_not_read_as_markup(terminal: Terminal) -> None:
    screen = LiveScreen(terminal.stream)

    screen.show(["[bold]x[/bold] :smile:"])
    screen.say("[red]y[/red] [/nothing]")
    screen.close()

    shown = terminal.shown()
    assert "[bold]x[/bold] :smile:" in shown
    assert "[red]y[/red] [/nothing]" in shown


def test_a_screen_that_never_showed_anything_leaves_nothing(terminal: Terminal) -> None:
    LiveScreen(terminal.stream).close()

    assert terminal.shown() == ""


@pytest.mark.parametrize(
    ("environ", "columns", "can"),
    [
        (PLAIN, 100, True),
        (PLAIN, 59, False),
        ({"TERM": "dumb"}, 100, False),
        ({}, 100, False),
        (PLAIN | {"NO_COLOR": "1"}, 100, False),
        (PLAIN | {"NO_COLOR": ""}, 100, True),
    ],
)
def test_lines_are_redrawn_only_where_a_terminal_is_up_to_it(
    environ: dict[str, str], columns: int, can: bool
) -> None:
    terminal = Terminal(columns)

    assert can_redraw(terminal.stream, environ) is can

    terminal.close()


def test_a_file_is_no_terminal() -> None:
    assert not can_redraw(io.StringIO(), PLAIN)


def test_without_rich_there_are_plain_lines(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rich", None)

    assert not can_redraw(terminal.stream, PLAIN)


@pytest.mark.usefixtures("foreground")
async def test_keys_act_at_once_unseen_and_others_do_nothing(terminal: Terminal) -> None:
    pressed: list[str] = []
    done = asyncio.Event()
    keys = Keys(
        terminal.stream,
        {"p": lambda: pressed.append("p"), "e": lambda: pressed.append("e"), "q": done.set},
    )

    keys.open()
    terminal.type(b"pxE\xff\x1bq")
    await asyncio.wait_for(done.wait(), 5)
    keys.close()

    assert pressed == ["p", "e"]
    assert terminal.shown() == ""


@pytest.mark.usefixtures("foreground")
async def test_the_terminal_is_left_as_it_was(terminal: Terminal) -> None:
    before = terminal.mode
    keys = Keys(terminal.stream, {})

    keys.open()
    during = terminal.mode
    keys.open()
    keys.close()
    keys.close()

    assert during != before
    assert terminal.mode == before
    assert not keys.listening


@pytest.mark.usefixtures("foreground")
async def test_signals_of_keys_are_still_signals(terminal: Terminal) -> None:
    keys = Keys(terminal.stream, {})

    keys.open()
    flags = termios.tcgetattr(terminal.stream.fileno())[3]
    keys.close()

    assert flags & termios.ISIG


async def test_in_the_background_the_terminal_is_not_touched(terminal: Terminal) -> None:
    before = terminal.mode
    keys = Keys(terminal.stream, {})

    keys.open()

    assert not keys.listening
    assert terminal.mode == before


@pytest.mark.usefixtures("foreground")
async def test_a_terminal_that_goes_away_is_listened_to_no_more() -> None:
    terminal = Terminal()
    keys = Keys(terminal.stream, {})
    keys.open()

    os.close(terminal.master)
    keys._read()
    assert not keys.listening

    terminal.stream.close()


class Leaving(io.StringIO):
    """A terminal that goes away."""

    gone = False

    def isatty(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        if self.gone:
            raise OSError(errno.EIO, "Input/output error")
        return super().write(text)


def test_a_terminal_that_is_gone_is_an_error_to_show_on_and_none_to_close(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Leaving()
    screen = LiveScreen(stream)
    screen.show(["one"])
    screen.say("words that nobody hears")

    stream.gone = True
    with pytest.raises(OSError, match="Input/output error"):
        screen.show(["two"])
    screen.close()
