"""When the process has no file descriptor left for another connection.

That is no fault of the host that was to be asked: idle connections are given up, and the request
waits for others to end theirs, before anything is said of it.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator

#: Seconds between tries; together longer than most pages take, shorter than anybody's patience.
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)

_SHORTAGES = frozenset((errno.EMFILE, errno.ENFILE))


def is_shortage(error: BaseException) -> bool:
    """Tell whether an error comes of too many open files, in this process or on this machine."""
    return any(isinstance(one, OSError) and one.errno in _SHORTAGES for one in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(8):  # chains are short, and could be a ring
        if cause is None:
            return
        yield cause
        cause = cause.__cause__
