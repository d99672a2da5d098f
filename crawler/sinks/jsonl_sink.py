"""JSON lines in a file: a new one, one that grows, or one that is replaced by a good run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from crawler.errors import ConfigError, OutputError
from crawler.interfaces import Mark
from crawler.sinks.marked_file import MarkedFile, sync_folder
from crawler.sinks.sidecar import Sidecar


class JsonlSink:
    """One output file of a job.

    Args:
        name: Key of its marks: the path as the config has it.
        path: The file, all names filled in.
        mode: "new" (the file must not be there), "append", or "replace" (built aside, swapped in
            by a good end).
        job: Name of the job, for the sidecar of an append file.
        sync: True forces each batch to the disk.
    """

    def __init__(self, name: str, path: Path, *, mode: str, job: str, sync: bool) -> None:
        self.name = name
        self.path: Path | None = path
        self._target = path
        self._mode = mode
        aside = path.with_name(f".{path.name}.part") if mode == "replace" else path
        self._file = MarkedFile(name, aside, sync=sync)
        self._sidecar = Sidecar(path, job) if mode == "append" else None

    def open(self, mark: Mark | None) -> Mark | None:
        """See `Sink.open`.

        Raises:
            ConfigError: Mode "new", and the file is there already.
            OutputError: It cannot be written, or another job left it unclean.
        """
        if mark is None and self._mode == "new" and self._file.path.exists():
            raise ConfigError(
                f"output {self.path} exists already; use mode: append or replace, or a path with"
                " {run_id} or {date} in it"
            )
        if self._sidecar is not None:
            self._sidecar.check()
        keep = mark.length if mark is not None else 0
        opened = self._file.open(length=None if self._mode == "append" and mark is None else keep)
        if self._sidecar is not None:
            self._sidecar.begin(opened.length)
        return opened

    def append(self, lines: Sequence[bytes]) -> Mark | None:
        """See `Sink.append`; a line has no line break."""
        if not lines:
            return None
        return self._file.append(b"\n".join([*lines, b""]))

    def finish(self, *, good: bool) -> None:
        """See `Sink.finish`."""
        try:
            self._file.flush_to_disk()
            if self._mode == "replace" and good:
                os.replace(self._file.path, self._target)
            sync_folder(self._target.parent)
        except OSError as error:
            raise OutputError(f"cannot finish {self.path}: {error.strerror}") from error
        if self._sidecar is not None:
            self._sidecar.end(self._file.mark.length)
        self._file.close()

    def close(self) -> None:
        """See `Sink.close`."""
        with contextlib.suppress(OSError):
            self._file.close()
