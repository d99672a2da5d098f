"""What a process puts into the history of runs; whatever goes wrong there, the run goes on."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from crawler.app.exit_codes import exit_code_of
from crawler.app.grouped import leaves
from crawler.app.job.history import history_of, left_by
from crawler.app.job.job_paths import JobPaths
from crawler.app.job.this_boot import this_boot
from crawler.app.run.options import RunOptions
from crawler.config.models.job import Job
from crawler.errors import BusyError, ConfigError, StateError
from crawler.interfaces import Clock, Opened
from crawler.observe.console import safe
from crawler.observe.summary import Summary
from crawler.schedule.history_file import BUSY
from crawler.schedule.past_run import NOTHING_TO_DO
from crawler.schedule.run_history import Counts, Planned, RunBegan, RunEnded
from crawler.version import VERSION

_T = TypeVar("_T")

#: Exit codes beyond are those of signals.
_SIGNALS = 128
#: Seconds that a process which is to end at once waits for others that write.
_AT_ONCE = 0.5


class Recording:
    """The record of one process that starts a job.

    Args:
        paths: The job's.
        config: Its file.
        options: The command line's.
        clock: The time.
        tell: Is told, once, if nothing can be put on record.
        planned: When the job is to be started; None if it has no schedule, or nobody knows.

    Attributes:
        run: Id of the run, once it is known.
    """

    def __init__(
        self,
        paths: JobPaths,
        config: Path,
        options: RunOptions,
        clock: Clock,
        tell: Callable[[str], None],
        *,
        planned: Planned | None = None,
    ) -> None:
        self._planned = planned
        self._paths = paths
        self._config = config.absolute()
        self._options = options
        self._clock = clock
        self._tell = tell
        self._history = history_of(paths.base)
        self._started = clock.wall()
        self._number: int | None = None
        self._summary: Summary | None = None
        self._lost = False
        self.run: str | None = None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Put on record whatever error leaves the context."""
        try:
            yield
        except BaseException as error:
            self._failed(error)
            raise
        finally:
            self._history.close()

    def began(self) -> None:
        """Put on record that the job runs; its lock is held, and nothing else is open."""

        def begin() -> int:
            self._history.hold()
            crashed = self._history.unsettled(self._paths.name)
            left = left_by(self._paths, crashed) if crashed is not None else None
            return self._history.began(self._who(), left)

        self._number = self._try(begin)

    def named(self, opened: Opened) -> None:
        """Put on record which run it is."""
        number, report = self._number, self._paths.report(opened.run_id)
        self.run = opened.run_id
        if number is not None:
            self._try(
                lambda: self._history.named(
                    number, opened.run_id, report, resumed=opened.resumed
                )
            )  # fmt: skip

    def summed_up(self, summary: Summary) -> None:
        """Take what the run came to."""
        self._summary = summary

    def ended(self, code: int) -> None:
        """Put on record how the process ends."""
        found = self._summary
        if found is None:
            self._end(code, "stopped" if code > _SIGNALS else NOTHING_TO_DO)
        else:
            self._end(code, found.reason, "; ".join(found.checks), _counts_of(found))

    def quit_at_once(self, code: int) -> None:
        """Put on record that the process ends where it stands; takes no time worth speaking of."""
        self._end(code, "quit", "quit at once, in the middle of its work", patience=_AT_ONCE)

    def _failed(self, error: BaseException) -> None:
        why = _words(error)
        if self._number is not None:
            self._end(exit_code_of(error), type(error).__name__, why, self._so_far(self._number))
        elif isinstance(error, BusyError):
            self._try(lambda: self._history.skipped(self._who(), why))
        # A mistake at the keyboard leaves nothing behind where nothing was run yet.
        elif self._options.trigger != "hand" or self._history.path.exists():
            code = exit_code_of(error)
            self._try(lambda: self._history.refused(self._who(), why, code))

    def _end(
        self, code: int, reason: str, why: str = "", counts: Counts | None = None,
        patience: float = BUSY,
    ) -> None:  # fmt: skip
        number = self._number
        if number is None:
            return
        ended = RunEnded(
            ended=self._clock.wall(), exit=code, reason=reason, why=safe(why), counts=counts
        )
        self._try(lambda: self._history.ended(number, ended, patience))

    def _so_far(self, number: int) -> Counts | None:
        found = self._try(lambda: self._history.start(number))
        return None if found is None else left_by(self._paths, found).counts

    def _who(self) -> RunBegan:
        boot = this_boot()
        return RunBegan(
            job=self._paths.name, started=self._started, pid=os.getpid(),
            host=socket.gethostname(), boot=None if boot is None else boot[1],
            trigger=self._options.trigger, config=str(self._config),
            go_on=self._options.go_on, folder=str(Path.cwd()), version=VERSION,
            planned=self._planned,
        )  # fmt: skip

    def _try(self, record: Callable[[], _T]) -> _T | None:
        try:
            return record()
        except StateError as error:
            if not self._lost:
                self._tell(f"this run is not in the history: {error}")
            self._lost = True
            return None


def record_refusal(
    error: ConfigError, config: Path, options: RunOptions, clock: Clock,
    tell: Callable[[str], None],
) -> None:  # fmt: skip
    """Put on record that a config could not be loaded, if it says whose it is."""
    if error.job is not None:
        paths = JobPaths(options.base.absolute(), error.job)
        with suppress(ConfigError), Recording(paths, config, options, clock, tell).kept():
            raise error


def planned_of(job: Job) -> Planned | None:
    """Return when a job is to be started, as its config has it."""
    schedule = job.schedule
    if schedule.cron is None:
        return None
    waits = schedule.max_wait if schedule.overlap != "skip" else 0.0
    return Planned(cron=schedule.cron, zone=schedule.timezone, slack=schedule.jitter + waits)


def _counts_of(summary: Summary) -> Counts:
    return Counts(
        pages=summary.books["done"], items=sum(kind["out"] for kind in summary.items.values()),
        failed=summary.books["failed"] + summary.books["dead"], bytes=summary.bytes,
        peak_rss_bytes=summary.peak_rss_bytes,
    )  # fmt: skip


def _words(error: BaseException) -> str:
    """Return an error in one line."""
    first, *more = (str(one) or type(one).__name__ for one in leaves(error))
    line, _, rest = first.removeprefix("error: ").partition("\n")
    return safe(line + (" (and more)" if rest or more else ""))
