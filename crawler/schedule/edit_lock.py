"""One edit of a user's crontab or units at a time, whatever the folder it is made from."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crawler.errors import BusyError, StateError

#: Looks at a lock that is held, and seconds between them: an edit takes less than a second.
_LOOKS, _BETWEEN = 100, 0.1


@contextmanager
def edit_lock(path: Path | None = None) -> Iterator[None]:
    """Hold the lock; the kernel frees it if the process dies.

    Args:
        path: The file; one of the user's own by default.

    Raises:
        BusyError: Another edit takes longer than ten seconds.
        StateError: The file cannot be opened, or is somebody else's.
    """
    path = path or _own_file()
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        handle = os.open(path, flags, 0o600)
    except OSError as error:
        raise StateError(f"cannot open {path}: {error.strerror}") from error
    try:
        if os.fstat(handle).st_uid != os.geteuid():
            raise StateError(f"{path} belongs to somebody else; remove it")
        _lock(handle)
        yield
    finally:
        os.close(handle)


def _own_file() -> Path:
    # Not XDG_RUNTIME_DIR: of two sessions of a user, often one has it and the other has not.
    return Path(tempfile.gettempdir()) / f"crawler-cron-{os.geteuid()}.lock"


def _lock(handle: int) -> None:
    for look in range(_LOOKS):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if look + 1 < _LOOKS:
                time.sleep(_BETWEEN)
        else:
            return
    raise BusyError("another `crawler cron` is at work; try again when it has ended")
