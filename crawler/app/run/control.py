"""What another terminal may ask of a run: how it goes, to pause, to go on, to stop."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from crawler.app.job.job_paths import JobPaths, rfc3339
from crawler.app.run.pausing import Pausing
from crawler.app.run.stop_signals import StopSignals
from crawler.interfaces import Clock
from crawler.observe.control_socket import ControlSocket, default_path, remove
from crawler.storage.job_lock import JobLock

#: Who holds a job's lock, as it stands in the lock file.
Holder = dict[str, str | int]


def holder_now(clock: Clock) -> Holder:
    """Return what stands in the lock of a run that begins now."""
    since = rfc3339(clock.wall())
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": since}


class Live(Protocol):
    """A crawl that can be looked at."""

    def figures(self, width: int) -> dict[str, Any]:
        """Return where it stands; lines for people are that wide."""
        ...


class Control:
    """Answers for one run, from its first moment to its last.

    Args:
        paths: The job's.
        lock: Held; says where to ask when that is not the usual place.
        holder: What stands in the lock.
        go_on: The command that goes on with the run once it was stopped.
    """

    def __init__(self, paths: JobPaths, lock: JobLock, holder: Holder, go_on: str) -> None:
        self._paths = paths
        self._lock = lock
        self._holder = holder
        self._go_on = go_on
        self._signals: StopSignals | None = None
        self._socket: ControlSocket | None = None
        self._live: Live | None = None
        self._pausing: Pausing | None = None
        self._phase = "starting"
        self._exit: int | None = None
        self._commands: dict[str, Callable[[dict[str, Any]], tuple[dict[str, Any], bool]]] = {
            "status": self._status, "pause": self._pause, "resume": self._resume,
            "stop": self._stop,
        }  # fmt: skip

    async def open(self, signals: StopSignals) -> str | None:
        """Begin to answer; return why that cannot be, or None."""
        self._signals = signals
        left = self._lock.before.get("socket")
        if isinstance(left, str):
            remove(Path(left))  # of a run that was killed: its lock is ours
        self._socket = ControlSocket(self.answer)
        try:
            await self._socket.open(self._paths.state)
        except OSError as error:
            return f"status, pause and stop cannot reach this run: {error.strerror or error}"
        if self._socket.path != default_path(self._paths.state):
            self._lock.note({**self._holder, "socket": str(self._socket.path)})
        return None

    def watch(self, live: Live, pausing: Pausing) -> None:
        """Note that the crawl has begun."""
        self._live, self._pausing, self._phase = live, pausing, "running"

    def ending(self) -> None:
        """Note that it is over, and is being written down."""
        self._phase = "ending"

    def ended(self, exit_code: int) -> None:
        """Note the exit code."""
        self._exit = exit_code

    async def close(self) -> None:
        """Tell those who wait that it is over."""
        if self._socket is not None:
            await self._socket.close({"ended": True, "exit": self._exit, **self._how_to_go_on()})

    def answer(self, request: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """Answer one request; the second value says that the client waits for the end."""
        command = self._commands.get(str(request.get("do")))
        if command is None:
            known = ", ".join(self._commands)
            return {"ok": False, "error": f"what to do? One of: {known}"}, False
        return command(request)

    @property
    def _state(self) -> str:
        if self._phase == "running" and self._signals is not None:
            if self._signals.exit_code is not None:
                return "stopping"
            if self._pausing is not None and self._pausing.paused:
                return "paused"
        return self._phase

    def _how_to_go_on(self) -> dict[str, Any]:
        return {"go_on": self._go_on, "folder": str(Path.cwd())}

    def _said(self, **more: Any) -> dict[str, Any]:
        return {
            "ok": True, "job": self._paths.name, "state": self._state, **self._holder,
            "pid": os.getpid(), **more,
        }  # fmt: skip

    def _status(self, request: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        width = request.get("width")
        width = min(max(width, 60), 400) if isinstance(width, int) else 100
        figures = self._live.figures(width) if self._live is not None else {}
        return self._said(**figures), False

    def _pause(self, _: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        if self._pausing is None or self._state not in ("running", "paused"):
            return self._cannot("paused"), False
        was = self._pausing.paused
        self._pausing.pause("from another terminal")
        return self._said(was=was, in_flight=self._pausing.in_flight), False

    def _resume(self, _: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        if self._pausing is None or self._state not in ("running", "paused"):
            return self._cannot("resumed"), False
        was = self._pausing.paused
        self._pausing.go_on("from another terminal")
        return self._said(was=was), False

    def _cannot(self, what: str) -> dict[str, Any]:
        return {"ok": False, "error": f"it is {self._state} and cannot be {what} now"}

    def _stop(self, request: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        assert self._signals is not None  # nobody can ask before `open`
        then = self._signals.ask(now=request.get("now") is True)
        return self._said(then=then), True
