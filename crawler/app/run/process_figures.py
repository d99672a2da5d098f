"""What the process has cost so far."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

_STATM = Path("/proc/self/statm")


class CpuMeter:
    """CPU seconds of this process and of the children that end from now on.

    Children that ended before are not ours: a script that made a venv and then became this
    process leaves its own behind.
    """

    def __init__(self) -> None:
        self._children = _seconds(resource.RUSAGE_CHILDREN)
        self._begun = self.total()

    def total(self) -> float:
        """Return the seconds since the process began."""
        return _seconds(resource.RUSAGE_SELF) + _seconds(resource.RUSAGE_CHILDREN) - self._children

    def since_made(self) -> float:
        """Return the seconds since the meter was made."""
        return self.total() - self._begun


def _seconds(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def peak_rss_bytes() -> int:
    """Return the largest resident size so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts KiB, macOS bytes


def rss_bytes() -> int:
    """Return the resident size now; the largest so far where only that is known."""
    try:
        return int(_STATM.read_bytes().split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return peak_rss_bytes()
