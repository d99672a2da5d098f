"""Where the values of a batch go, and the journal from which a killed batch goes on."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

import msgspec

from crawler.app.batch.row_input import Identity
from crawler.app.batch.rows import Place, Row
from crawler.damage import UNREADABLE
from crawler.errors import ConfigError, OutputError
from crawler.files import sync_folder
from crawler.interfaces import Mark
from crawler.offload.offloaded import Refused
from crawler.sinks.marked_file import MarkedFile
from crawler.sinks.packing import writing


class Journal(msgspec.Struct, kw_only=True):
    """How far a batch has come.

    Attributes:
        function: Its name.
        ordered: Whether values are in the order of the rows.
        input: The file the rows come from.
        place: All rows before it are written.
        before: Hash of the input's bytes before it.
        beyond: Rows behind it that are written as well.
        done: Values written.
        refused: Rows refused, by kind.
        out: Mark of the values.
        errors: Mark of the refusals; None before the first.
    """

    function: str
    ordered: bool
    input: Identity
    place: Place = Place()
    before: str = ""
    beyond: list[int] = msgspec.field(default_factory=list)
    done: int = 0
    refused: dict[str, int] = msgspec.field(default_factory=dict)
    out: Mark | None = None
    errors: Mark | None = None


def refusal_line(row: Row, refused: Refused) -> bytes:
    """Return what is written of a row that was refused."""
    told = {"line": row.line, "row": row.number, "kind": refused.kind, "message": refused.message}
    if refused.traceback:
        told["traceback"] = refused.traceback
    return msgspec.json.encode(told) + b"\n"


class StdoutRows:
    """Values on standard output, once each and without a way back."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.errors_path: Path | None = None
        self.paths: tuple[Path, ...] = ()

    def write(self, values: bytes, refusals: bytes) -> None:
        """Write what is there.

        Raises:
            OutputError: Nobody reads it any more.
        """
        try:
            self._stream.write(values)
            self._stream.flush()
        except OSError as error:
            raise OutputError(f"cannot write to standard output: {error.strerror}") from error

    def keep(self, journal: Journal) -> None:
        """Nothing can be kept of it."""

    def finish(self) -> None:
        """Everything was written."""

    def close(self) -> None:
        """Nothing is open."""


class FileRows:
    """Values in OUT, refusals in OUT.errors.jsonl, the journal in .OUT.map, all beside each other.

    Args:
        path: OUT; packed if it ends in .gz, and then written to .OUT.part until the end.
        resumable: Keep a journal.
    """

    def __init__(self, path: Path, *, resumable: bool) -> None:
        self._path = path
        name = path.name.lower()
        self._packed = name.endswith(".gz")
        stem = path.name[: -len(".jsonl.gz" if self._packed else ".jsonl")]
        data = path.with_name(f".{path.name}.part") if self._packed else path
        self._data = MarkedFile("out", data, sync=False)
        self.errors_path = path.with_name(f"{stem}.errors.jsonl")
        self.paths = (path, self.errors_path)
        self._errors = MarkedFile("errors", self.errors_path, sync=False)
        self._errors_open = False
        self._note = path.with_name(f".{path.name}.map")
        self._resumable = resumable

    def read_journal(self) -> Journal | None:
        """Return what an interrupted batch left; None if there is nothing.

        Raises:
            OutputError: It cannot be read.
        """
        try:
            return msgspec.json.decode(self._note.read_bytes(), type=Journal)
        except FileNotFoundError:
            return None
        except (OSError, *UNREADABLE) as error:
            raise OutputError(f"cannot read {self._note}: {error}; --fresh begins anew") from error

    def begin(self, *, fresh: bool) -> None:
        """Begin a new output.

        Raises:
            ConfigError: There is one already, and it is not to be replaced.
            OutputError: It cannot be written.
        """
        for there in (self._path, self.errors_path):
            if not fresh and there.exists() and there.stat().st_size:
                raise ConfigError(f"{there} exists already; --fresh replaces it")
        self._data.open()
        self._data.empty()
        self._remove(self.errors_path)

    def go_on(self, journal: Journal) -> None:
        """Cut everything back to what the journal says was written.

        Raises:
            OutputError: A file is not what was left there.
        """
        if journal.out is not None:
            self._data.open()
            self._data.cut(journal.out)
        if journal.errors is not None:
            self._errors.open()
            self._errors_open = True
            self._errors.cut(journal.errors)
        else:
            self._remove(self.errors_path)

    def write(self, values: bytes, refusals: bytes) -> None:
        """Write what is there.

        Raises:
            OutputError: The disk is full or failing.
        """
        if values:
            self._data.append(values)
        if refusals:
            if not self._errors_open:
                self._errors.open()
                self._errors_open = True
            self._errors.append(refusals)

    def keep(self, journal: Journal) -> None:
        """Note how far the batch has come, in one step.

        Raises:
            OutputError: It cannot be written.
        """
        if not self._resumable:
            return
        journal.out = self._data.mark
        journal.errors = self._errors.mark if self._errors_open else None
        aside = self._note.with_name(f"{self._note.name}.tmp")
        try:
            aside.write_bytes(msgspec.json.encode(journal))
            aside.replace(self._note)
        except OSError as error:
            raise OutputError(f"cannot write {self._note}: {error.strerror}") from error

    def finish(self) -> None:
        """Make everything last; the journal goes.

        Raises:
            OutputError: The disk is full or failing.
        """
        self._data.flush_to_disk()
        if self._errors_open:
            self._errors.flush_to_disk()
        if self._packed:
            self._pack()
        self._remove(self._note)
        if self._packed:
            self._remove(self._data.path)

    def _pack(self) -> None:
        aside = self._path.with_name(f".{self._path.name}.tmp")
        try:
            with self._data.path.open("rb") as lines, aside.open("wb") as file:
                with writing(file, packed=True) as member:
                    while chunk := lines.read(1 << 20):
                        member.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self._path)
            sync_folder(self._path.parent)
        except OSError as error:
            raise OutputError(f"cannot finish {self._path}: {error.strerror}") from error

    @staticmethod
    def _remove(path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"cannot delete {path}: {error.strerror}") from error

    def close(self) -> None:
        """Close and unlock the files."""
        with contextlib.suppress(OSError):
            self._data.close()
            self._errors.close()


def output_for(name: str, stdout: BinaryIO, *, resumable: bool) -> FileRows | StdoutRows:
    """Return the output of a name.

    Raises:
        ConfigError: Its ending says that it is to be something that is not written here.
    """
    if name == "-":
        return StdoutRows(stdout)
    if not name.lower().endswith((".jsonl", ".jsonl.gz")):
        raise ConfigError(f"-o {name}: values are JSON lines; end it in .jsonl or .jsonl.gz")
    return FileRows(Path(name), resumable=resumable)
