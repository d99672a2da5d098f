"""What glibc is told about memory; elsewhere these do nothing."""

from __future__ import annotations

import contextlib
import gc

#: Of glibc's malloc.h.
_ARENA_MAX = -8


def share_heaps() -> None:
    """Have all threads that are to come share two heaps.

    glibc gives each thread one of its own, up to eight for each core, and what one has freed no
    other uses: bodies of some MiB, read by thirty threads, would be paid for many times over.
    """
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 2)


def trim() -> None:
    """Give the system what is free but kept; it costs tens of milliseconds."""
    import ctypes

    gc.collect()
    # Of glibc only: others give memory back by themselves, or never.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
