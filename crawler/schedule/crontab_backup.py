"""What a crontab was before we changed it, kept under `state/`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from crawler.errors import StateError

#: Backups that are kept.
_KEPT = 20


def back_up(raw: bytes, base: Path, wall: float) -> Path:
    """Keep a crontab; return the file.

    The folder's name begins with a dot, which that of no job does.

    Args:
        raw: The text.
        base: Base of `state`.
        wall: Seconds since 1970 UTC.

    Raises:
        StateError: It cannot be written; then the crontab must not be changed.
    """
    folder = base / "state" / ".crontab"
    stamp = datetime.fromtimestamp(wall, UTC).strftime("%Y%m%d-%H%M%S-%f")
    # Several jobs are taken out at the same time.
    names = (folder / f"{stamp}-{number:02}.txt" for number in range(100))
    path = next(name for name in names if not name.exists())
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A crontab may hold secrets.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(handle)
        for old in sorted(folder.glob("*.txt"))[:-_KEPT]:
            old.unlink(missing_ok=True)
    except OSError as error:
        text = f"the crontab was left as it is: its backup {path} cannot be written"
        raise StateError(f"{text}: {error.strerror}") from error
    return path
