"""Run a command and say what it cost: wall time, CPU of its whole process tree, peak memory."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_TREE = str(Path(__file__).with_name("process_tree.py"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one run of a command cost.

    Attributes:
        seconds: Wall time.
        cpu: CPU seconds, user and system, of every process that came of it, orphans included.
        peak_mib: Largest resident set of one process of the tree.
        peaks_mib: The same of each process, largest first.
    """

    seconds: float
    cpu: float
    peak_mib: float
    peaks_mib: tuple[float, ...] = ()


def run_measured(
    command: Sequence[str],
    *,
    folder: Path,
    limit: float | None = None,
    good: Sequence[int] = (0,),
) -> Cost:
    """Run a command in a folder.

    Python may cache its bytecode, whatever the shell's environment says: from the second run on
    that is what a user has.

    Args:
        command: Program and arguments.
        folder: Where it runs; what it prints goes to `stderr` there.
        limit: Seconds after which it counts as failed.
        good: Exit codes of a run that went well.

    Raises:
        RuntimeError: It ended with another code, left processes behind, or took too long.
    """
    report = folder / "cost.json"
    report.unlink(missing_ok=True)
    said = folder / "stderr"
    with said.open("wb") as errors:
        tree = subprocess.Popen(
            [sys.executable, "-S", _TREE, str(report), *command],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
            start_new_session=True,
            env={k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
        )  # fmt: skip
        try:
            tree.wait(limit)
        except BaseException as error:
            os.killpg(tree.pid, 9)
            tree.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise RuntimeError(f"{command[0]} took more than {limit:.0f} s") from None
            raise
    spoken = said.read_text(encoding="utf-8", errors="replace")[-4000:]
    if tree.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} cannot be run:\n{spoken}")
    found = json.loads(report.read_bytes())
    if found["code"] not in good:
        raise RuntimeError(f"{' '.join(command)} ended with {found['code']}:\n{spoken}")
    if found["left"]:
        raise RuntimeError(f"{' '.join(command)} left {found['left']} processes behind")
    peaks = tuple(found["peaks_mib"])
    return Cost(
        seconds=found["seconds"], cpu=found["cpu"], peak_mib=max(peaks, default=0.0),
        peaks_mib=peaks,
    )  # fmt: skip


def busy_cores(seconds: float = 2.0) -> float:
    """Return how many cores were busy, on average, during some seconds from now; 0 if not known."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0.0

    def busy() -> float:
        # user, nice, system, idle, iowait, irq, softirq, steal
        ticks = [int(field) for field in stat.read_text().split("\n", 1)[0].split()[1:9]]
        return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")

    before = busy()
    time.sleep(seconds)
    return (busy() - before) / seconds


def median_cost(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure; of the runs' processes, the median of each by size."""
    peaks = zip(*(cost.peaks_mib for cost in costs), strict=False)
    return Cost(
        seconds=statistics.median(cost.seconds for cost in costs),
        cpu=statistics.median(cost.cpu for cost in costs),
        peak_mib=statistics.median(cost.peak_mib for cost in costs),
        peaks_mib=tuple(statistics.median(peak) for peak in peaks),
    )
