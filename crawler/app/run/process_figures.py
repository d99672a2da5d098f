"""What the process has cost so far."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


class CpuMeter:
    """CPU seconds of this process and of every process below it, at any depth.

    A process that ended and was waited for is in the figures of the one that waited, one that lives
    is asked. So is the fork server, in whose figures the process slots are that it started: it is
    waited for only when this process ends, too late to be counted. Where there is no `/proc`, the
    living are left out. Children from before the meter was made are not ours: a script that made a
    venv and then became this process leaves its own behind.
    """

    def __init__(self) -> None:
        self._others = _seconds(resource.RUSAGE_CHILDREN)
        self._below = below(os.getpid())
        self._before = (0.0, 0.0)
        self.begin()

    def begin(self, living: Iterable[int] = ()) -> None:
        """Have `busy` count from here on; `living` are worker processes."""
        self._before = self._own_and_others(living)

    def total(self) -> float:
        """Return the seconds since the process began, of the whole tree. Reads all of `/proc`."""
        ended = _seconds(resource.RUSAGE_CHILDREN) - self._others
        living = below(os.getpid()) - self._below
        return _seconds(resource.RUSAGE_SELF) + ended + living

    def busy(self, workers: int, living: Iterable[int] = ()) -> float:
        """Return for how many seconds, since `begin`, the processor was the limit.

        A run goes no faster than its busiest part: this process, its worker processes taken
        together, or all of them on the processors that there are.

        Args:
            workers: Processes that share the work; 1 where this one does it.
            living: Those of them that live.
        """
        own, others = self._own_and_others(living)
        own, others = own - self._before[0], others - self._before[1]
        room = min(usable_cpus(), workers + 1)
        return max(own, others / workers, (own + others) / room)

    def _own_and_others(self, living: Iterable[int]) -> tuple[float, float]:
        ended = _seconds(resource.RUSAGE_CHILDREN) - self._others
        return _seconds(resource.RUSAGE_SELF), ended + sum(map(cpu_of, living))


def below(root: int) -> float:
    """Return the CPU seconds of the processes below one, and of all that they waited for.

    Returns:
        0 where there is no `/proc`.
    """
    if _childless(root):
        return 0.0  # as most are; to look at every process takes milliseconds
    children: dict[int, list[int]] = {}
    spent: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent, ticks = _ticks(path)
        except OSError:
            continue  # it has just ended
        pid = int(path.parent.name)
        children.setdefault(parent, []).append(pid)
        spent[pid] = ticks
    found, queue = 0, [root]
    while queue:
        for pid in children.get(queue.pop(), ()):
            found += spent[pid]
            queue.append(pid)
    return found / os.sysconf("SC_CLK_TCK")


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process and of those it waited for; 0 if that is not known."""
    try:
        return _ticks(_PROC / str(pid) / "stat")[1] / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0.0


def usable_cpus() -> int:
    """Return the CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _ticks(path: Path) -> tuple[int, int]:
    """Return the parent of a process and its CPU time, of those it waited for included."""
    # The name, in brackets, may hold anything; the fields behind it begin with the third.
    fields = path.read_bytes().rpartition(b") ")[2].split()
    return int(fields[1]), sum(int(field) for field in fields[11:15])


def _childless(pid: int) -> bool:
    """Tell whether a process has no children, as far as the kernel has it written down."""
    try:
        tasks = list((_PROC / str(pid) / "task").iterdir())
        return bool(tasks) and not any((task / "children").read_bytes() for task in tasks)
    except OSError:
        return False  # a kernel without such a list, or a thread that has just ended


def _seconds(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def peak_rss_bytes() -> int:
    """Return the largest resident size so far.

    The kernel's figure of usage may be that of whoever started this process: it outlives `exec`.
    """
    with suppress(OSError, IndexError, ValueError):
        for line in (_PROC / "self" / "status").read_bytes().splitlines():
            if line.startswith(b"VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts KiB, macOS bytes


def rss_bytes(others: Iterable[int] = ()) -> int:
    """Return the resident size now; the largest so far where only that is known.

    Args:
        others: Processes whose size counts as well, as far as they live.
    """
    own = _resident("self")
    return (peak_rss_bytes() if own is None else own) + sum(_resident(one) or 0 for one in others)


def _resident(process: int | str) -> int | None:
    try:
        fields = (_PROC / str(process) / "statm").read_bytes().split()
        return int(fields[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return None
