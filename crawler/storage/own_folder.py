"""The folder in which the jobs of one user on one machine meet.

Its place must not hang on who starts a job: cron sets neither XDG_RUNTIME_DIR nor TMPDIR, a login
sets one or both, and /run/user/UID goes as its user logs out, whatever cron still runs. So it is
/tmp/crawler-UID for all of them. CRAWLER_RUNTIME_DIR names another, for containers that share one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "CRAWLER_RUNTIME_DIR"
_SHARED = Path("/tmp")  # not tempfile's, which follows TMPDIR


def own_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder, made if it is not there; nobody else can write into it.

    Raises:
        OSError: It cannot be made, or somebody else has made it.
    """
    named = environ.get(VARIABLE)
    path = Path(named) if named else _SHARED / f"crawler-{os.geteuid()}"
    path.mkdir(mode=0o700, parents=bool(named), exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(f"{path} is no folder")
    if found.st_uid != os.geteuid():
        raise PermissionError(f"{path} belongs to another user")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(f"others may write into {path}; chmod 700 it")
    return path
