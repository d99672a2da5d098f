"""The note beside a target that is swapped in: whose it is, and how far its last swap got.

A run may be killed between any two steps of its end, and then comes to its end once more. The
note, written before each swap, tells what the target was and what it was going to be; the target
itself, looked at again, tells which of the two it is.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from xxhash import xxh3_64_hexdigest

from crawler.damage import UNREADABLE
from crawler.errors import OutputError
from crawler.files import replace_file

_TAIL = 4096


class Seal(msgspec.Struct, frozen=True):
    """What a file is told from another by: its length, and the hash of its last 4 KiB."""

    length: int
    tail: str


def seal_of(path: Path) -> Seal | None:
    """Return the seal of a file, None when it is not there.

    Raises:
        OSError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            length = os.fstat(file.fileno()).st_size
            start = max(0, length - _TAIL)
            tail = os.pread(file.fileno(), length - start, start)
    except FileNotFoundError:
        return None
    return Seal(length, xxh3_64_hexdigest(tail))


class Swap(msgspec.Struct, frozen=True):
    """A swap that was about to happen.

    Attributes:
        before: The target as it was, None for none.
        after: What was to take its place.
        held: Bytes of the journal whose items `before` has already.
        holds: Those whose items `after` has.
    """

    before: Seal | None
    after: Seal
    held: int
    holds: int


class SwapNote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The note; every field but `job` and `clean` describes a run that is going on.

    Attributes:
        job: Who writes, or wrote last.
        clean: Nothing of that job is missing from the target.
        mode: Of the output, `columns`, `types` and `formula_cells` likewise: what a run that is
            given up needs to have its journal made into the target.
    """

    job: str
    clean: bool = False
    mode: str = "new"
    columns: tuple[str, ...] = ()
    types: tuple[tuple[str, str], ...] = ()
    formula_cells: str = "quote"
    swap: Swap | None = None

    def held_by(self, now: Seal | None) -> int | None:
        """Return how many bytes of the journal are in the target; None when nobody can tell."""
        if self.swap is None:
            return 0
        if now == self.swap.after:
            return self.swap.holds
        return self.swap.held if now == self.swap.before else None


class NoteFile:
    """Where the note is kept.

    Args:
        target: The file it speaks of; the note lies beside it as `.NAME.crawler`.
    """

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f".{target.name}.crawler")

    def read(self) -> SwapNote | None:
        """Return the note, None when there is none.

        Raises:
            OutputError: It cannot be read.
        """
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=SwapNote)
        except FileNotFoundError:
            return None
        except (OSError, *UNREADABLE) as error:
            raise OutputError(f"cannot read {self.path}: {error}") from error

    def write(self, note: SwapNote) -> None:
        """Replace the note, on the disk when this returns.

        Raises:
            OutputError: It cannot be written.
        """
        try:
            replace_file(self.path, msgspec.json.encode(note))
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror}") from error

    def remove(self) -> None:
        """Delete the note.

        Raises:
            OutputError: It cannot be deleted.
        """
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"cannot delete {self.path}: {error.strerror}") from error
