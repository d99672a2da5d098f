"""The run of a job that goes on now: found by its lock, asked over its socket."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crawler.app.job.job_paths import JobPaths
from crawler.errors import ConfigError
from crawler.observe.console import safe
from crawler.observe.control_call import ControlCall, NoAnswer, NobodyThere
from crawler.observe.control_socket import default_path
from crawler.storage.job_lock import holder_of

#: Seconds between two signals, so that the second is no echo of the first.
_BETWEEN = 0.5
#: Seconds between two looks at the lock.
_LOOK = 0.1
#: Seconds after which whoever waits for the end is told that it goes on.
_TELL = 30.0


class Unreachable(ConfigError):
    """A run goes on that cannot be asked; the message says why, and what to do."""


class Running:
    """A run that goes on.

    Args:
        paths: The job's.
        holder: What stands in its lock.
    """

    def __init__(self, paths: JobPaths, holder: dict[str, Any]) -> None:
        self._paths = paths
        self._holder = holder

    @property
    def text(self) -> str:
        """Who it is, for people."""
        held = self._holder
        if not held:
            return f"a run of {self._paths.name} that has only just begun"
        host, since = safe(str(held.get("host"))), safe(str(held.get("since")))
        return f"the run of {self._paths.name} (pid {held.get('pid')} on {host}, since {since})"

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Ask it something, and return what it answers.

        Raises:
            Unreachable: It does not answer.
        """
        self._refuse_elsewhere()
        try:
            with ControlCall(self._socket) as call:
                return call.ask(request)
        except NobodyThere as error:
            raise Unreachable(f"{self.text} cannot be asked: {error}") from error
        except NoAnswer as error:
            raise Unreachable(f"{self.text} does not answer: {error}; {self._busy()}") from error

    def ask_to_stop(self) -> None:
        """Have it finish what is in flight and end; does not wait for that.

        A run that does not answer is sent the signal that means the same.

        Raises:
            Unreachable: It cannot be stopped from here.
        """
        self._refuse_elsewhere()
        try:
            with ControlCall(self._socket) as call:
                call.ask({"do": "stop", "now": False})
        except (NobodyThere, NoAnswer):
            self._signal(now=False)

    def stop(self, *, now: bool, tell: Callable[[str], None]) -> dict[str, Any]:
        """Stop it, and wait until it has ended; return how it did, as far as that is known.

        A run that does not answer is sent the signal that means the same.

        Raises:
            Unreachable: It cannot be stopped from here.
        """
        self._refuse_elsewhere()
        try:
            with ControlCall(self._socket) as call:
                said = call.ask({"do": "stop", "now": now})
                tell(f"{self.text} {said.get('then', 'stops')}")
                last = self._listen(call, tell)
        except (NobodyThere, NoAnswer):
            tell(f"{self.text} does not answer; it is sent a signal instead")
            self._signal(now=now)
            last = {}
        self._wait_for_lock(tell)
        return last

    @property
    def _socket(self) -> Path:
        noted = self._holder.get("socket")
        return Path(noted) if isinstance(noted, str) else default_path(self._paths.state)

    def _refuse_elsewhere(self) -> None:
        host = self._holder.get("host")
        if host is not None and host != socket.gethostname():
            raise Unreachable(
                f"{self.text} is on another machine, whose disk we share: ask it there"
            )

    def _busy(self) -> str:
        pid = self._holder.get("pid")
        return (
            "a callback that computes or blocks may keep it from everything else, and run.log"
            f" names it after a minute; two signals end it at once: kill -TERM {pid}"
        )

    def _listen(self, call: ControlCall, tell: Callable[[str], None]) -> dict[str, Any]:
        """Wait for the end, as it says itself; nothing if it ends without a word."""
        while True:
            try:
                return call.listen(_TELL) or {}
            except NoAnswer as error:
                if "nothing came" not in str(error):
                    return {}
                tell(f"{self.text} has not ended yet; --now gives up what is in flight")

    def _signal(self, *, now: bool) -> None:
        pid = self._holder.get("pid")
        if not isinstance(pid, int) or pid <= 1:
            raise Unreachable(f"{self.text} does not answer, and its lock names no process")
        try:
            os.kill(pid, signal.SIGTERM)
            if now:
                time.sleep(_BETWEEN)
                os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            return  # it has just ended
        except PermissionError as error:
            raise Unreachable(f"{self.text} belongs to another user") from error

    def _wait_for_lock(self, tell: Callable[[str], None]) -> None:
        """Wait until another run could begin."""
        told = time.monotonic()
        while (held := holder_of(self._paths.lock)) is not None and held == self._holder:
            time.sleep(_LOOK)
            if time.monotonic() - told > _TELL:
                told = time.monotonic()
                tell(f"{self.text} has not ended yet; --now gives up what is in flight")


def running(paths: JobPaths) -> Running | None:
    """Return the run of a job that goes on; None if none does.

    Raises:
        StateError: The lock cannot be read.
    """
    holder = holder_of(paths.lock)
    return None if holder is None else Running(paths, holder)
