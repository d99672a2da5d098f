"""What a run tells people, from its start to its end; whatever goes wrong there, the run goes on.

A run that is killed tells nothing: that it fell silent is for a healthcheck to notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from crawler.app.exit_codes import exit_code_of
from crawler.app.grouped import leaves
from crawler.app.job.history import history_of
from crawler.app.job.job_paths import JobPaths
from crawler.app.job.unjudged import is_unjudged
from crawler.app.tell.end_of_run import EndOfRun
from crawler.app.tell.receivers import Receivers
from crawler.app.tell.run_numbers import run_numbers
from crawler.config.load import LoadedJob
from crawler.config.masked import without_secrets
from crawler.errors import ConfigError, OutputError, StateError
from crawler.interfaces import Clock, Opened
from crawler.notify.courier import Couriers, Told
from crawler.observe.console import NORMAL, QUIET
from crawler.observe.run_log import RunLog
from crawler.observe.summary import Summary, write_summary
from crawler.policy.notices import (
    Rule,
    Standing,
    events_of,
    failures_before,
    notices,
    standing_of,
)
from crawler.schedule.past_run import PastRun

#: Exit codes beyond are those of signals.
_SIGNALS = 128
#: Seconds that telling takes at most when a signal ended the run.
_QUICK = 3.0
#: Starts that are looked back on.
_LOOKED_BACK = 1000


class Telling:
    """Whom one process tells what of its run.

    Args:
        loaded: The job.
        paths: Its files.
        clock: The time.
        say: Prints a line at a level of `crawler.observe.console`.
        by_hand: Somebody is there, who sees what they do wrong.
        a_look: The run is cut short by `--limit`, which is a look and nobody else's business.
    """

    def __init__(
        self,
        loaded: LoadedJob,
        paths: JobPaths,
        clock: Clock,
        say: Callable[[str, int], None],
        *,
        by_hand: bool = False,
        a_look: bool = False,
    ) -> None:
        self._settings = loaded.job.notify
        self._paths = paths
        self._clock = clock
        self._say = say
        self._by_hand = by_hand
        self._receivers = Receivers(loaded.job, paths.base, without_secrets(loaded))
        self._off = a_look or self._receivers.nobody
        if a_look and not self._receivers.nobody:
            say("a run with --limit is a look: nobody is told of it", NORMAL)
        self._couriers = Couriers(clock)
        self._started = clock.wall()
        self._past: list[PastRun] = []
        self._run_id: str | None = None
        self._summary: Summary | None = None
        self._lines: Sequence[str] = ()
        self._paused = False
        self._code: int | None = None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Tell how it ended, whatever leaves the context."""
        if self._off:
            yield
            return
        with suppress(StateError):  # its own record says so
            self._past = history_of(self._paths.base).recent(self._paths.name, _LOOKED_BACK)
        try:
            yield
        except BaseException as error:
            self._failed(error)
            raise
        if self._code is not None:
            self._ended(self._code)

    def began(self, opened: Opened) -> None:
        """Tell that a run begins, or goes on; it takes no time."""
        self._run_id = opened.run_id
        if not self._off:
            for errand in self._receivers.started(opened.run_id, self._settings.timeout):
                self._couriers.send(errand)

    def summed_up(self, summary: Summary, lines: Sequence[str], *, finished: bool) -> None:
        """Take what the run came to, how that was put, and whether it is not to be gone on with."""
        self._summary, self._lines, self._paused = summary, lines, not finished

    def ended(self, code: int) -> None:
        """Take the exit code; telling it is left to the end of the context."""
        self._code = code

    def _failed(self, error: BaseException) -> None:
        if self._run_id is None and self._by_hand and isinstance(error, ConfigError):
            return
        lines = [str(one) or type(one).__name__ for one in leaves(error)]
        lines += getattr(error, "__notes__", [])
        whys = [line.partition("\n")[0] for line in lines[:1]]
        self._tell(exit_code_of(error), type(error).__name__, whys, lines)

    def _ended(self, code: int) -> None:
        found = self._summary
        if found is not None:
            self._tell(code, found.reason, found.checks, self._lines)
        elif self._run_id is not None:
            self._tell(code, "stopped", ("stopped before the crawl began",), ())
        # Else nothing was begun: there was nothing to retry, or it was stopped before.

    def _tell(self, code: int, reason: str, whys: Sequence[str], lines: Sequence[str]) -> None:
        # One that paused is neither: nobody has judged it yet.
        standing = "neither" if self._paused and code == 0 else standing_of(code)
        before = failures_before(_standing(one) for one in self._past)
        named = self._run_id is not None
        end = EndOfRun(
            job=self._paths.name, run=self._run_id, exit=code, standing=standing, reason=reason,
            whys=whys, lines=lines, summary=self._summary, started=self._started,
            ended=self._clock.wall(),
            report=self._paths.report(self._run_id or "") if named else None,
            failures=before + (standing == "bad"), previous=self._previous(),
        )  # fmt: skip
        seconds = self._settings.timeout
        if code > _SIGNALS:
            seconds = min(seconds, _QUICK)
        for errand in self._receivers.pinged(end, seconds):
            self._couriers.send(errand)
        rule = Rule(self._settings.after, self._settings.remind_every)
        numbers = run_numbers(self._summary, code, 0 if standing == "good" else end.failures)
        events = events_of(standing, before, rule)
        for notice in notices(events, self._receivers.listening(numbers)):
            self._couriers.send(self._receivers.told(notice.to, notice.event, end, seconds))
        self._note(self._couriers.collect(), code, end.report)

    def _previous(self) -> int | None:
        counted = (one for one in self._past if _standing(one) != "neither")
        last = next(counted, None)
        return last.exit if last is not None else None

    def _note(self, told: list[Told], code: int, report: Path | None) -> None:
        """Put down what became of it; no more than a line for people, and only if it went wrong."""
        lost = [f"{one.to} ({one.what}): {one.error}" for one in told if not one.ok]
        line = f"not told: {'; '.join(lost)}"
        if lost:
            self._say(line, NORMAL if code == 0 else QUIET)
        if report is None or not report.is_dir():
            return
        with suppress(OutputError):
            if lost:
                log = RunLog(report / "run.log", self._paths.name)
                log.note(line)
                log.close()
            if self._summary is not None:
                self._summary.notified = [msgspec.to_builtins(one) for one in told]
                write_summary(report / "summary.json", self._summary)


def _standing(past: PastRun) -> Standing:
    """Return how an earlier start counts."""
    if is_unjudged(past):
        return "neither"
    if past.standing == "ended":
        return standing_of(past.exit)
    if past.standing == "refused":
        return "neither" if past.trigger == "hand" else "bad"
    return "bad" if past.standing == "crashed" else "neither"
