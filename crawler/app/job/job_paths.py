"""Where the files of a job lie, under its base directory."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec


class JobPaths(msgspec.Struct, frozen=True):
    """The files of one job.

    Attributes:
        base: Base of state, data and reports (`--dir`), absolute.
        name: The job's name.
    """

    base: Path
    name: str

    @property
    def state(self) -> Path:
        """Folder of the job's state."""
        return self.base / "state" / self.name

    @property
    def database(self) -> Path:
        """Frontier and history."""
        return self.state / "crawl.sqlite"

    @property
    def files(self) -> Path:
        """What is known of the files that were downloaded."""
        return self.state / "files.sqlite"

    @property
    def slots(self) -> Path:
        """Rows whose callback is running."""
        return self.state / "running.slots"

    @property
    def lock(self) -> Path:
        """Held while the job runs."""
        return self.state / "lock"

    @property
    def bodies(self) -> Path:
        """Folder of the bodies that are kept."""
        return self.state / "bodies"

    @property
    def made_files(self) -> Path:
        """What files the job made of outputs with `keep`."""
        return self.state / "outputs.json"

    @property
    def stdin(self) -> Path:
        """The list of URLs that came in on standard input."""
        return self.state / "stdin.spool"

    @property
    def practice_port(self) -> Path:
        """Port that the practice site last had for this job."""
        return self.state / "practice-port"

    def report(self, run_id: str) -> Path:
        """Folder of a run's report."""
        return self.reports / run_id

    @property
    def reports(self) -> Path:
        """Folder of the reports of all runs."""
        return self.base / "reports" / self.name

    def newest_report(self) -> Path | None:
        """Folder of the newest run's report, None when there is none."""
        runs = sorted(self.reports.iterdir()) if self.reports.is_dir() else []
        return runs[-1] if runs else None

    def output(self, template: str, run_id: str, started: float) -> Path:
        """Fill in an output path; `{date}` is the day on which the run started, UTC."""
        date = datetime.fromtimestamp(started, UTC).date().isoformat()
        filled = (
            template.replace("{name}", self.name)
            .replace("{run_id}", run_id)
            .replace("{date}", date)
        )
        return self.base / filled


def history_path(base: Path) -> Path:
    """Return where the history of the runs of all jobs under a base is."""
    return base / "state" / "runs.sqlite"


def new_run_id(wall: float) -> str:
    """Return an id that sorts by time: UTC to the second, then its fraction and a random part."""
    stamp = datetime.fromtimestamp(wall, UTC).strftime("%Y%m%d-%H%M%S")
    return f"{stamp}-{int(wall % 1 * 0x10000):04x}{os.urandom(1).hex()}"


def rfc3339(wall: float) -> str:
    """Return a wall-clock time as `2026-11-22T03:15:00Z`."""
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
