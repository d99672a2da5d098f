"""What glibc is told about memory; elsewhere these do nothing."""

from __future__ import annotations

import contextlib
import gc

#: Of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
#: Bytes from which on a block is the system's own, and so much that is free is kept.
_LARGE = 1 << 20


def give_back() -> None:
    """Have large blocks, such as bodies of some MiB, given back to the system when they are free.

    Left alone, glibc takes the first of them that is freed as a sign that more are to come, and
    keeps up to 64 MiB of what is free, in pieces: a third of the memory of a crawl of large pages.
    """
    _tell(_MMAP_THRESHOLD, _LARGE)
    _tell(_TRIM_THRESHOLD, _LARGE)


def share_heaps() -> None:
    """Have all threads that are to come share two heaps.

    glibc gives each thread one of its own, up to eight for each core, and what one has freed no
    other uses: bodies of some MiB, read by thirty threads, would be paid for many times over.
    """
    _tell(_ARENA_MAX, 2)


def _tell(what: int, value: int) -> None:
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(what, value)


def trim() -> None:
    """Give the system what is free but kept; it costs tens of milliseconds."""
    import ctypes

    gc.collect()
    # Of glibc only: others give memory back by themselves, or never.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
