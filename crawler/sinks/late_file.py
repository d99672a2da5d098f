"""JSON lines in a file that is made when the first one comes: `quarantine.jsonl`."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from crawler.errors import OutputError
from crawler.files import sync_folder
from crawler.interfaces import Mark
from crawler.sinks.marked_file import MarkedFile


class LateFile:
    """A file that only tells something by being there.

    It lies in the folder of its run, where nobody else writes: what is there without a mark was
    written by a process of this run that was killed before it committed it.

    Args:
        name: Key of its marks.
        path: The file.
        sync: True forces each batch to the disk.

    Attributes:
        path: The file, once there is one.
    """

    def __init__(self, name: str, path: Path, *, sync: bool) -> None:
        self.name = name
        self.path: Path | None = None
        self._file = MarkedFile(name, path, sync=sync)

    def open(self, mark: Mark | None) -> Mark | None:
        """See `Sink.open`.

        Raises:
            OutputError: It cannot be written, or it is not what this run left there.
        """
        if mark is not None:
            self._file.open()
            self.path = self._file.path
            try:
                return self._file.cut(mark)
            except BaseException:
                self._file.close()
                raise
        try:
            self._file.path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"cannot write {self._file.path}: {error.strerror}") from error
        return None

    def append(self, lines: Sequence[bytes]) -> Mark | None:
        """See `Sink.append`; a line has no line break."""
        if not lines:
            return None
        if self.path is None:
            self._file.open()
            self.path = self._file.path
        return self._file.append(b"\n".join([*lines, b""]))

    def finish(self, *, good: bool) -> None:
        """See `Sink.finish`."""
        if self.path is None:
            return
        try:
            self._file.flush_to_disk()
            sync_folder(self._file.path.parent)
        except OSError as error:
            raise OutputError(f"cannot finish {self._file.path}: {error.strerror}") from error
        self._file.close()

    def settle(self) -> None:
        """See `Sink.settle`."""

    def close(self) -> None:
        """See `Sink.close`."""
        with contextlib.suppress(OSError):
            self._file.close()
