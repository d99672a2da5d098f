"""Run a command and say what it cost: wall time, CPU of its whole process tree, peak memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one run of a command cost.

    Attributes:
        seconds: Wall time.
        cpu: CPU seconds, user and system, of the process and every child it waited for.
        peak_mib: Largest resident set of one process of the tree.
    """

    seconds: float
    cpu: float
    peak_mib: float


def run_measured(command: Sequence[str], *, folder: Path) -> Cost:
    """Run a command in a folder.

    Python may cache its bytecode, whatever the shell's environment says: from the second run on
    that is what a user has.

    Raises:
        RuntimeError: It ended with another code than 0.
    """
    began = time.perf_counter()
    with (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
            env={k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        said = (folder / "stderr").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{said}")
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(seconds=seconds, cpu=cpu, peak_mib=usage.ru_maxrss / 1024)


def median_cost(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure."""
    return Cost(
        seconds=statistics.median(cost.seconds for cost in costs),
        cpu=statistics.median(cost.cpu for cost in costs),
        peak_mib=statistics.median(cost.peak_mib for cost in costs),
    )
