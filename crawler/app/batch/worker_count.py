"""How many processes keep this machine busy."""

from __future__ import annotations

import os


def worker_count(wanted: int | None) -> int:
    """Return a number of processes: what is wanted, or one for each CPU that we may use."""
    if wanted is not None:
        return wanted
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1
