"""One `transcode` at a time in a folder of outputs; the kernel frees it when its process dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Self

from crawler.errors import BusyError, OutputError


class FolderLock:
    """An exclusive `flock` on the folder itself, which leaves no file behind; a context.

    Entering it raises BusyError if another holds it. A file system that cannot lock a folder, as
    some over a network, goes without.

    Args:
        folder: Made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._handle = -1

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise OutputError(f"cannot write into {self._folder}: {error.strerror}") from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._handle)
            raise BusyError(f"another transcode is writing to {self._folder} now") from error
        except OSError:
            pass
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)
