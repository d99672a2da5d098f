"""JSON lines in a file: a new one, one that grows, or one that is replaced by a good run."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from crawler.errors import ConfigError, OutputError
from crawler.fail_points import reached
from crawler.files import sync_folder
from crawler.interfaces import Mark
from crawler.sinks.file_output import journal_of
from crawler.sinks.marked_file import MarkedFile
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

    Attributes:
        path: The file with its items, as things stand.
    """

    def __init__(self, name: str, path: Path, *, mode: str, job: str, sync: bool) -> None:
        self.name = name
        self._target = path
        self._mode = mode
        aside = journal_of(path) if mode == "replace" else path
        self.path: Path | None = aside
        self._file = MarkedFile(name, aside, sync=sync)
        self._sidecar = Sidecar(path, job) if mode == "append" else None

    def open(self, mark: Mark | None) -> Mark | None:
        """See `Sink.open`.

        The mark that it returns is to be committed before the first append: a kill before the
        first commit would leave lines that no mark tells from another program's.

        Raises:
            ConfigError: Mode "new", and the file is there already.
            OutputError: It cannot be written, another job left it unclean, or it is not what this
                run left there.
        """
        opened = self._file.open()
        try:
            if self._sidecar is not None:
                return self._open_shared(self._sidecar, opened, mark)
            if mark is not None:
                return self._file.cut(mark)
            if self._mode == "replace":
                return self._file.empty()
            if opened.length:  # an empty one may be our own, made just before a kill
                raise ConfigError(
                    f"output {self._target} exists already; use mode: append or replace, or a path"
                    " with {run_id} or {date} in it"
                )
        except BaseException:
            self._file.close()
            raise
        return opened

    def _open_shared(self, sidecar: Sidecar, opened: Mark, mark: Mark | None) -> Mark:
        """Open a file that other jobs append to as well; they are locked out by now."""
        began = sidecar.check()
        if began is not None:
            if mark is not None:
                opened = self._file.cut(mark)
            elif opened.length != began:
                raise sidecar.lost()
        if not self._file.ends_line:  # another program's last line, which must not run into ours
            opened = self._file.append(b"\n")
        sidecar.begin(opened.length)
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
                reached("replace.before")
                self._file.path.replace(self._target)
                reached("replace.after")
                self.path = self._target
            sync_folder(self._target.parent)
        except OSError as error:
            raise OutputError(f"cannot finish {self._target}: {error.strerror}") from error
        if self._sidecar is not None:
            self._sidecar.end(self._file.mark.length)
        self._file.close()

    def settle(self) -> None:
        """See `Sink.settle`."""

    def close(self) -> None:
        """See `Sink.close`."""
        with contextlib.suppress(OSError):
            self._file.close()
