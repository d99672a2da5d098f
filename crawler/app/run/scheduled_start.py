"""What a run that a scheduler started does before it begins: it is a little late, it gives way."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from crawler.app.job.job_paths import JobPaths
from crawler.app.run.options import RunOptions
from crawler.app.steer.running import running
from crawler.config.models.job import Job
from crawler.errors import BusyError, ConfigError
from crawler.interfaces import Clock
from crawler.observe.quantities import took
from crawler.policy.jitter import fixed_jitter
from crawler.storage.job_lock import JobLock

#: Seconds between two looks at the lock of a run that is waited for.
_LOOK = 0.5
_MACHINE = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


class ScheduledStart:
    """The way of one run to the lock of its job.

    A run that a person started goes it at once, or not at all. Signals end the waits here, as no
    run listens to them yet. They are measured by a clock that nobody sets.

    Args:
        job: What it runs.
        paths: The job's files.
        options: Say who starts it.
        clock: The time.
        sleep: Waits for some seconds.

    Attributes:
        notes: What was waited for, a line each, for the log of the run.
    """

    def __init__(
        self,
        job: Job,
        paths: JobPaths,
        options: RunOptions,
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._job = job
        self._paths = paths
        self._options = options
        self._clock = clock
        self._sleep = sleep
        self.notes: list[str] = []

    @property
    def _by_hand(self) -> bool:
        return self._options.trigger == "hand"

    def delayed(self) -> Self:
        """Wait for as long as this job is late on this machine."""
        most = 0.0 if self._by_hand else self._job.schedule.jitter
        seconds = fixed_jitter(self._job.name, machine_name(), most)
        if seconds:
            self._sleep(seconds)
            self.notes.append(f"it began {took(seconds)} after its time (schedule.jitter)")
        return self

    def lock(self, holder: Callable[[], dict[str, Any]]) -> JobLock:
        """Take the job's lock, in the way that `schedule.overlap` says.

        Args:
            holder: Gives what is to stand in the lock.

        Raises:
            BusyError: Another run holds it, and goes on holding it.
            StateError: The lock file cannot be opened.
        """
        try:
            return JobLock(self._paths.lock).acquire(holder())
        except BusyError as busy:
            if self._by_hand or self._job.schedule.overlap == "skip":
                raise
            # One waits, not one for each time that came round meanwhile.
            next_one = JobLock(self._paths.lock.with_name("lock.next"))
            try:
                next_one.acquire(holder())
            except BusyError:
                raise BusyError(f"{busy}; and one waits for its end already") from None
            try:
                return self._lock_at_last(holder, busy)
            finally:
                next_one.release()

    def _lock_at_last(self, holder: Callable[[], dict[str, Any]], busy: BusyError) -> JobLock:
        schedule = self._job.schedule
        begun = self._clock.monotonic()
        if schedule.overlap == "stop_old":
            self._stop_old(busy)
        while (waited := self._clock.monotonic() - begun) < schedule.max_wait:
            try:
                lock = JobLock(self._paths.lock).acquire(holder())
            except BusyError as error:
                busy = error
                self._sleep(min(_LOOK, schedule.max_wait - waited))
            else:
                why = f"schedule.overlap: {schedule.overlap}"
                self.notes.append(f"it waited {took(waited)} for the run before it ({why})")
                return lock
        raise BusyError(f"{busy}; it was waited for, {took(schedule.max_wait)} (schedule.max_wait)")

    def _stop_old(self, busy: BusyError) -> None:
        """Have the run that goes on end as by Ctrl-C."""
        try:
            old = running(self._paths)
            if old is not None:
                self.notes.append(f"{old.text} was stopped for this one (schedule.overlap)")
                old.ask_to_stop()
        except ConfigError as error:
            raise BusyError(f"{busy}; it cannot be stopped: {error}") from error


def machine_name() -> str:
    """Return what names this machine, and stays the same."""
    for path in _MACHINE:
        try:
            name = path.read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            continue
        if name:
            return name
    return socket.gethostname()
