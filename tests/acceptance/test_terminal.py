"""A run at a terminal: lines redrawn in place, keys, and the terminal as it was afterwards."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import struct
import sys
import termios
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import ROOT

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site

#: Makes standard input the terminal of a new session, as a login does, then becomes the crawler.
_BECOME = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    " os.execv(sys.executable, [sys.executable, '-m', 'crawler', *sys.argv[1:]])"
)
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


class Terminal:
    """A terminal with a crawl in it."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        os.set_blocking(self.master, False)
        self.before = termios.tcgetattr(self.slave)
        self.text = ""
        self._came = asyncio.Event()
        self._process: asyncio.subprocess.Process
        asyncio.get_running_loop().add_reader(self.master, self._read)

    def _read(self) -> None:
        self.text += os.read(self.master, 65536).decode(errors="replace")
        self._came.set()

    async def start(self, job: Job, *options: str, **env: str) -> None:
        command = [sys.executable, "-c", _BECOME, job.file.name, *options]
        kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        self._process = await asyncio.create_subprocess_exec(
            *command, cwd=job.folder, start_new_session=True, stdin=self.slave, stdout=self.slave,
            stderr=self.slave, env={**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm", **env},
        )  # fmt: skip

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    async def shows(self, words: str) -> str:
        """Wait for words, and return what came up to them; they are not found again."""
        async with asyncio.timeout(30):
            while words not in self.text:
                self._came.clear()
                await self._came.wait()
        before, found, self.text = self.text.partition(words)
        return before + found

    async def end(self) -> tuple[int, str]:
        """Return the exit code, and what was shown since."""
        code = await asyncio.wait_for(self._process.wait(), 30)
        await asyncio.sleep(0)
        return code, self.text

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.master)
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
async def terminal() -> AsyncIterator[Terminal]:
    made = Terminal()
    yield made
    made.close()


async def test_a_crawl_is_watched_paused_asked_and_stopped_by_keys(
    job: Job, site: Site, terminal: Terminal
) -> None:
    site.tree(200)
    site.pages["/leaf0"] = site.answer("", 500)
    slow = {"per_host": {"delay": "100ms", "adaptive": False}, "retries": 0}
    job.write(fetch=slow)

    await terminal.start(job)
    await terminal.shows("limited by politeness")
    await terminal.shows("failed 1")
    terminal.type("p")
    await terminal.shows("paused: nothing is sent")
    terminal.type("e")
    await terminal.shows(f"server  such as {site.url('/leaf0')}: HTTP 500")
    terminal.type("p")
    await terminal.shows("going on")
    await terminal.shows("[p]ause")
    terminal.type("s")
    await terminal.shows("stopping: finishing what is in flight")
    await terminal.shows("INTERRUPTED (exit 130)")
    code, _ = await terminal.end()

    assert code == 130
    assert termios.tcgetattr(terminal.slave) == terminal.before
    assert job.summary()["books"]["pending"] > 0


async def test_the_lines_are_gone_when_the_summary_comes(
    job: Job, site: Site, terminal: Terminal
) -> None:
    site.tree(15)
    job.write(fetch={"per_host": {"delay": "100ms", "adaptive": False}})

    await terminal.start(job)
    shown = await terminal.shows("OK (exit 0)")
    code, _ = await terminal.end()

    assert code == 0
    assert HIDE in shown
    assert shown.rindex(SHOW) > shown.rindex("[p]ause")
    assert shown.rindex("job finished after") > shown.rindex(SHOW)
    assert termios.tcgetattr(terminal.slave) == terminal.before


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
async def test_no_control_code_is_written_where_none_is_wanted(
    job: Job, site: Site, terminal: Terminal, env: dict[str, str]
) -> None:
    site.tree(10)
    job.write(fetch={"per_host": {"delay": "100ms", "adaptive": False}})

    await terminal.start(job, **env)
    shown = await terminal.shows("OK (exit 0)")

    assert "\x1b" not in shown
    assert (await terminal.end())[0] == 0


async def test_cron_at_a_terminal_is_silent_and_takes_no_keys(
    job: Job, site: Site, terminal: Terminal
) -> None:
    site.tree(8)
    job.write(fetch={"per_host": {"delay": "100ms", "adaptive": False}})

    await terminal.start(job, "--cron")
    code, shown = await terminal.end()

    assert (code, shown) == (0, "")


async def test_a_run_that_is_over_at_once_draws_nothing(
    job: Job, site: Site, terminal: Terminal
) -> None:
    site.html("/")
    job.write()

    await terminal.start(job)
    shown = await terminal.shows("OK (exit 0)")
    await terminal.end()

    assert not re.search(r"\x1b\[\?25", shown)


async def test_items_on_the_terminal_are_not_drawn_over(
    job: Job, site: Site, terminal: Terminal
) -> None:
    site.tree(10)
    job.write(fetch={"per_host": {"delay": "100ms", "adaptive": False}})

    await terminal.start(job, "-o", "-")
    shown = await terminal.shows("OK (exit 0)")
    await terminal.end()

    assert "\x1b" not in shown
    assert shown.count('"title"') == 11
