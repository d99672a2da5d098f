"""An output that is made from a journal when its run ends: CSV, Parquet, whatever is packed.

Items go to the journal `.NAME.part` as JSON lines, with marks like any output of JSON lines. At
the end the target is written aside, from the journal and, in mode "append", from what is there
already; synced; and swapped in by a rename. So the columns may be those of all items, gzip has
one stream, and no reader ever sees half a file. The journal stays until the end of the run is on
record: a run that is killed before that comes to its end once more.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from crawler.errors import ConfigError, OutputError
from crawler.fail_points import reached
from crawler.files import sync_folder
from crawler.interfaces import Mark
from crawler.sinks.csv_form import CsvForm
from crawler.sinks.file_output import FileOutput, journal_of
from crawler.sinks.forms import Form, Journal, JsonlForm
from crawler.sinks.marked_file import MarkedFile
from crawler.sinks.parquet_form import ParquetForm
from crawler.sinks.swap_note import NoteFile, Seal, Swap, SwapNote, seal_of


class RenderedSink:
    """One output file of a job that is made at the end.

    Args:
        output: What is said of it.

    Attributes:
        path: The file with its items, as things stand.
    """

    def __init__(self, output: FileOutput) -> None:
        self.name = output.name
        self.path: Path | None = journal_of(output.path)
        self._target = output.path
        self._mode = output.mode
        self._form = _form_of(output)
        self._journal = MarkedFile(output.name, journal_of(output.path), sync=output.sync)
        self._notes = NoteFile(output.path)
        self._note = SwapNote(
            job=output.job, mode=output.mode, columns=output.columns, types=output.types,
            formula_cells=output.formula_cells,
        )  # fmt: skip
        self._held = 0
        self._as_before = False
        self._ended = False
        self._spent = False

    def open(self, mark: Mark | None) -> Mark | None:
        """See `Sink.open`.

        Raises:
            ConfigError: Mode "new", and the file is there already.
            OutputError: It cannot be written, another job has not finished with it, or it is not
                what this run left there.
        """
        self._prepare()
        opened = self._journal.open()
        try:
            note = self._notes.read()
            if note is not None and not note.clean and note.job != self._note.job:
                raise self._unfinished(note.job)
            if mark is None:
                return self._begin(note, opened)
            opened = self._journal.cut(mark)
            self._go_on(note)
        except OSError as error:
            self._journal.close()
            raise OutputError(f"cannot read {self._target}: {error.strerror}") from error
        except BaseException:
            self._journal.close()
            raise
        return opened

    def _prepare(self) -> None:
        try:
            self._form.ready()
        except OutputError as error:
            raise OutputError(f"output {self._target} {error}") from None

    def _begin(self, note: SwapNote | None, opened: Mark) -> Mark:
        """Begin a run; what an earlier one left is only thrown away if the target has it."""
        now = seal_of(self._target)
        if self._mode == "new" and now is not None:
            raise ConfigError(
                f"output {self._target} exists already; use mode: append or replace, or a path"
                " with {run_id} or {date} in it"
            )
        if self._mode != "replace" and opened.length and not _is_in(note, opened.length, now):
            raise OutputError(
                f"{self._journal.path} has items of a run that is no longer known and that did not"
                f" get into {self._target.name}; move it away, and delete {self._notes.path}"
            )
        if self._mode == "append" and now is not None:
            self._form.check(self._target)
        mark = self._journal.empty()
        self._notes.write(self._note)
        return mark

    def _go_on(self, note: SwapNote | None) -> None:
        """Go on with a run that may have come to its end before."""
        if note is not None and not note.clean:
            self._note = msgspec.structs.replace(self._note, swap=note.swap)
            self._as_before = self._note == note
        self._look(seal_of(self._target))
        self._notes.write(self._note)

    def _look(self, now: Seal | None) -> None:
        """Find out how much of the journal is in the target already.

        Raises:
            OutputError: The target is somebody else's, or was changed.
        """
        if self._mode == "replace":
            return
        held = self._note.held_by(now)
        foreign = self._mode == "new" and now is not None and self._note.swap is None
        if foreign or held is None:
            raise OutputError(
                f"{self._target} was put there or changed since this run began, so it was left as"
                " it is; move it away and run again"
            )
        # A new file is made from the whole journal each time.
        self._held = held if self._mode == "append" else 0

    def _unfinished(self, job: str) -> OutputError:
        return OutputError(
            f"{self._target}: job {job!r} did not finish writing to it; run that job first, or, if"
            f" it is gone, delete {self._notes.path} and {self._journal.path}"
        )

    def append(self, lines: Sequence[bytes]) -> Mark | None:
        """See `Sink.append`; a line is a JSON object without a line break."""
        if not lines:
            return None
        return self._journal.append(b"\n".join([*lines, b""]))

    def finish(self, *, good: bool) -> None:
        """See `Sink.finish`; until it is settled it may be opened again with its mark."""
        self._journal.flush_to_disk()
        if good or self._mode != "replace":
            try:
                aside = self._render()
                if aside is not None:
                    self._announce(aside)
                    self._swap_in(aside)
                self._spent = True
                self.path = self._target
            except OSError as error:
                raise OutputError(f"cannot write {self._target}: {error.strerror}") from error
        self._ended = True

    @property
    def _place(self) -> Path:
        """Where the target really is: what a link leads to is replaced, not the link."""
        return Path(os.path.realpath(self._target))

    def _render(self) -> Path | None:
        """Write the target as it is to be, aside; None when nothing is new in it."""
        place, now = self._place, seal_of(self._target)
        self._look(now)
        journal = Journal(self._journal.path, self._held)
        old = place if self._mode == "append" and now is not None else None
        if old is not None and self._journal.mark.length == self._held:
            return None
        if self._as_before and _is_in(self._note, self._journal.mark.length, now):
            return None
        aside = place.with_name(f".{place.name}.tmp")
        try:
            reached("render.before")
            with aside.open("wb") as out:
                self._form.write(journal, old, out)
                out.flush()
                reached("render.write")
                os.fsync(out.fileno())
            reached("render.after")
            if now is not None:
                shutil.copymode(place, aside)
        except BaseException:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)
            raise
        return aside

    def _announce(self, aside: Path) -> None:
        """Note what is about to be swapped in, so that it is not done twice."""
        after = seal_of(aside)
        assert after is not None
        swap = Swap(seal_of(self._target), after, self._held, self._journal.mark.length)
        self._note = msgspec.structs.replace(self._note, swap=swap)
        self._notes.write(self._note)

    def _swap_in(self, aside: Path) -> None:
        reached("swap.before")
        aside.replace(self._place)
        reached("swap.after")
        sync_folder(self._place.parent)

    def settle(self) -> None:
        """See `Sink.settle`; the journal of a set that was not good stays, for who wants to look.

        Raises:
            OutputError: The note cannot be written or deleted.
        """
        if not self._ended:
            return
        reached("settle.before")
        if self._mode == "append":
            self._notes.write(SwapNote(job=self._note.job, clean=True))
        with contextlib.suppress(OSError):
            if self._spent:
                self._journal.path.unlink(missing_ok=True)
        if self._mode != "append":
            self._notes.remove()
        reached("settle.after")

    def settle_late(self) -> None:
        """Settle for a process that ended between the end of its run and `settle`.

        Nothing is written into the target, which is the user's by now.

        Raises:
            OutputError: The note cannot be read, written or deleted.
        """
        note = self._notes.read()
        swapped = note is not None and note.swap is not None
        self._ended, self._spent = True, self._mode != "replace" or swapped
        self.settle()

    def close(self) -> None:
        """See `Sink.close`."""
        with contextlib.suppress(OSError):
            self._journal.close()


def _is_in(note: SwapNote | None, length: int, now: Seal | None) -> bool:
    """Tell whether the items of a journal that no run claims are all in the target."""
    if note is None:
        return False
    swap = note.swap
    return note.clean or (swap is not None and now == swap.after and swap.holds == length)


def _form_of(output: FileOutput) -> Form:
    name = output.path.name.lower()
    if name.endswith(".jsonl.gz"):
        return JsonlForm()
    if name.endswith(".parquet"):
        return ParquetForm(output.columns, output.types)
    return CsvForm(
        output.columns, disarm=output.formula_cells == "quote", packed=name.endswith(".gz")
    )
