"""What the process has cost so far."""

from __future__ import annotations

import resource
import sys


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
