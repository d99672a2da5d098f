"""What the history of runs keeps: one record for each start of a job."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

#: What starts a job.
Trigger = Literal["hand", "cron", "systemd"]
#: What became of a start. "ended": whatever its exit code; "crashed": it never said how it ended;
#: "skipped": another run held the lock; "refused": it ended before it held the lock, or its config
#: could not be run; "missed": the schedule asks for it, and nothing was started.
Standing = Literal["running", "ended", "crashed", "skipped", "refused", "missed"]

#: Reasons of a crash.
KILLED, MACHINE_DOWN = "killed", "machine_down"
#: Reason of a start that found nothing to do, as a retry without failures.
NOTHING_TO_DO = "nothing to do"


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """When a job is to be started, as its config had it when it was.

    Attributes:
        cron: The expression: `15 3 * * *`.
        zone: Name of the time zone that it is meant in; None for the machine's.
        slack: Seconds that a start may be late, as by jitter.
    """

    cron: str
    zone: str | None = None
    slack: float = 0.0


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What a run had by then, earlier starts of it included.

    Attributes:
        pages: That were answered well.
        items: Written.
        failed: Requests that failed or were given up.
        bytes: Bodies, as on the wire.
        peak_rss_bytes: Memory of the process.
    """

    pages: int
    items: int
    failed: int
    bytes: int | None = None
    peak_rss_bytes: int | None = None


class RunBegan(msgspec.Struct, frozen=True, kw_only=True):
    """A process that starts a job.

    Attributes:
        started: Wall-clock second.
        boot: Which boot of the machine it runs in; None where that cannot be known.
        config: Absolute path of the config.
        go_on: The command that goes on with the run if it is interrupted.
        folder: Where that command is to be given.
        version: Of the program.
        planned: When the job is to be started; None for one without a schedule.
    """

    job: str
    started: float
    pid: int
    host: str
    trigger: Trigger = "hand"
    boot: str | None = None
    config: str | None = None
    go_on: str | None = None
    folder: str | None = None
    version: str | None = None
    planned: Planned | None = None


class RunEnded(msgspec.Struct, frozen=True, kw_only=True):
    """How a process ended its part of a run.

    Attributes:
        ended: Wall-clock second.
        exit: Exit code.
        reason: In a word: "finished", "max_pages", "SIGINT", "error"...
        why: What it was found wanting in, or the error, in words; empty when all is well.
        counts: None for one that fetched nothing.
    """

    ended: float
    exit: int
    reason: str
    why: str = ""
    counts: Counts | None = None


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """What a process that crashed left.

    Attributes:
        seen: Wall-clock second of its last sign of life.
        counts: What was committed of its run.
    """

    seen: float | None = None
    counts: Counts | None = None


class PastRun(msgspec.Struct, frozen=True, kw_only=True):
    """One start of a job, and what became of it.

    Attributes:
        number: Starts of all jobs, in order; 0 for one that was missed.
        run: Id of the run; a resumed run keeps its id, so that several starts have the same. None
            for a start that came to none.
        started: Wall-clock second, as is `ended`; of a missed one, when it should have been.
        ended: None while it runs; of a crashed one the last sign of life, None if there was none.
        exit: None for one that runs, crashed, or was missed.
        reason: In a word; of a crashed one "killed" or "machine_down".
        why: What there is to say of it, in words; may be empty.
        resumed: It went on with a run that an earlier start had begun.
        counts: None for one that fetched nothing.
        report: Folder of the run's report.
    """

    number: int
    job: str
    standing: Standing
    started: float
    run: str | None = None
    ended: float | None = None
    exit: int | None = None
    reason: str | None = None
    why: str = ""
    pid: int | None = None
    host: str | None = None
    boot: str | None = None
    trigger: Trigger = "hand"
    resumed: bool = False
    counts: Counts | None = None
    report: str | None = None
    config: str | None = None
    go_on: str | None = None
    folder: str | None = None
    version: str | None = None
    planned: Planned | None = None

    @property
    def good(self) -> bool:
        """It ended well."""
        return self.standing == "ended" and self.exit == 0

    @property
    def bad(self) -> bool:
        """It did not do what it was started for; one that was skipped or runs is neither."""
        return self.standing in ("crashed", "refused", "missed") or (
            self.standing == "ended" and self.exit != 0
        )

    @property
    def duration(self) -> float | None:
        """Seconds of real time that this start took; None where that is not known."""
        return None if self.ended is None else max(0.0, self.ended - self.started)

    @property
    def summary(self) -> Path | None:
        """Its `summary.json`, which may not be there; None for a start that came to no run."""
        return None if self.report is None else Path(self.report) / "summary.json"
