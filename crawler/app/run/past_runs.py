"""The last good runs of a job, out of what they left in `reports/NAME/`."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from crawler.damage import UNREADABLE
from crawler.engine.limits import LIMIT_REACHED, PAUSED
from crawler.observe.past import PastRun

#: Good runs that are compared with.
RUNS = 5
#: Folders that are looked into for them.
_LOOKED_INTO = 30
#: Bytes of a summary at most: it lies where anybody may put a file.
_MAX_BYTES = 4 << 20


def past_runs(reports: Path, run_id: str) -> list[PastRun]:
    """Return the newest good runs before this one, the last one first.

    What cannot be read counts as no run; a look with `--limit`, or a retry, is none
    to compare with.

    Args:
        reports: The folder of all reports of the job.
        run_id: This run.
    """
    try:
        with os.scandir(reports) as entries:
            names = sorted(entry.name for entry in entries if entry.name < run_id)
    except OSError:
        return []
    found: list[PastRun] = []
    for name in reversed(names[-_LOOKED_INTO:]):
        run = _read(reports / name / "summary.json")
        if (
            run is not None
            and run.exit == 0
            and run.reason not in (LIMIT_REACHED, PAUSED)
            and not run.retry_of
        ):
            found.append(run)
            if len(found) == RUNS:
                break
    return found


def _read(path: Path) -> PastRun | None:
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_MAX_BYTES), type=PastRun)
    except (OSError, *UNREADABLE):
        return None
