"""Runs a command and waits for every process that comes of it, whoever started it.

    python -m scripts.bench.process_tree REPORT COMMAND...

A program on its own, as it makes itself the one to whom the kernel gives the orphans below it
(`PR_SET_CHILD_SUBREAPER`, Linux alone): a fork server, its slots and whatever else was left behind
are waited for here, and what each cost is in the figures that waiting gives. `getrusage` of the
command's parent would know only those that were waited for on the way.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
#: Seconds between two looks at the memory of the processes. The peak is the kernel's own count, so
#: that only what grows in the last moment of a process is missed.
_LOOK = 0.2
#: Seconds that orphans have to end once the command has.
_PATIENCE = 20.0


@dataclass(slots=True)
class TreeCost:
    """What a command and all processes that came of it cost.

    Attributes:
        code: The command's exit code; -N if signal N ended it.
        seconds: From its start to its end, orphans not waited for.
        cpu: CPU seconds, user and system, of all processes.
        peaks_mib: Largest resident set of each process that lived long enough to be looked at,
            largest first.
        left: Processes that had to be killed, as they outlived the command.
    """

    code: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    peaks_mib: list[float] = field(default_factory=list)
    left: int = 0


class _Peaks(threading.Thread):
    """Looks at the processes below this one, again and again."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.done = threading.Event()
        self.mib: dict[int, float] = {}

    def run(self) -> None:
        while not self.done.wait(_LOOK):
            self.look()

    def look(self) -> None:
        queue = children(os.getpid())
        while queue:
            pid = queue.pop()
            peak = peak_mib(pid)
            if peak:
                self.mib[pid] = peak
            queue += children(pid)


def children(pid: int) -> list[int]:
    """Return the processes that a process has started and that live."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in path.read_text().split()]
    return found


def peak_mib(pid: int) -> float:
    """Return the largest resident set of a process so far; 0 if it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def run_tree(command: Sequence[str]) -> TreeCost:
    """Run a command, wait for its whole tree.

    Raises:
        OSError: This is no Linux, or the command cannot be run.
    """
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "cannot take over orphans")
    cost, peaks = TreeCost(), _Peaks()
    began = time.perf_counter()
    root = os.posix_spawnp(command[0], list(command), os.environ)
    peaks.start()
    overdue: threading.Timer | None = None
    while True:
        try:
            pid, status, usage = os.wait4(-1, 0)
        except ChildProcessError:
            break
        cost.cpu += usage.ru_utime + usage.ru_stime
        if pid == root:
            cost.seconds = time.perf_counter() - began
            cost.code = os.waitstatus_to_exitcode(status)
            overdue = threading.Timer(_PATIENCE, _kill_all, (cost,))
            overdue.daemon = True
            overdue.start()
    if overdue is not None:
        overdue.cancel()
    peaks.done.set()
    peaks.join()
    cost.peaks_mib = sorted(peaks.mib.values(), reverse=True)
    return cost


def _kill_all(cost: TreeCost) -> None:
    while below := children(os.getpid()):
        for pid in below:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                cost.left += 1
        time.sleep(0.1)


def main() -> int:
    """Run the command, write what it cost."""
    report, *command = sys.argv[1:]
    cost = run_tree(command)
    Path(report).write_text(json.dumps(asdict(cost)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
