"""Where the files of a job lie on the disk: parts beside them, whole ones named by their bytes."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import threading
from pathlib import Path

import msgspec

from crawler.errors import FileFault
from crawler.fail_points import reached
from crawler.files import FileWriter, write_whole
from crawler.interfaces import FileWork
from crawler.media.file_ledger import FileLedger
from crawler.media.file_rules import FileRules
from crawler.media.sniffing import Look, look_at
from crawler.outcome import StoredFile


class Part(msgspec.Struct, frozen=True):
    """What is here of a file: so many bytes, and what the server said that they are of.

    Attributes:
        whole: All of it, as it was; None if it is a part.
    """

    size: int = 0
    validator: str = ""
    whole: StoredFile | None = None


class FileShelf:
    """The disk's side of a job's files; what blocks says so.

    Args:
        rules: What is kept, and where.
        base: The base directory of the job.
        ledger: What is known of them; it is closed with this.
        on_exists: What is done about files that are there: "skip", they are not asked for;
            "revalidate", whether they have changed is; "replace", they are asked for again.
        blocking: Bodies come in threads that may block.
        sync: Files are to survive the loss of power.
        work: What is made of each file before it is in its place; None for nothing.

    Attributes:
        writer: Has the threads for what blocks.
    """

    def __init__(  # noqa: PLR0913 - all that a store stands on
        self,
        rules: FileRules,
        base: Path,
        ledger: FileLedger,
        *,
        on_exists: str = "skip",
        blocking: bool = False,
        sync: bool = False,
        work: FileWork | None = None,
    ) -> None:
        self.rules = rules
        self.base = base
        self.ledger = ledger
        self.blocking = blocking
        self.work = work
        self.writer = FileWriter()
        self._on_exists = on_exists
        self._sync = sync
        self._parts = base / rules.fixed_part / f".{rules.job}.parts"
        self._placing = threading.Lock()

    def close(self) -> None:
        """Wait for what is being written, and let go of everything; it blocks."""
        self.writer.close()
        self.ledger.close()
        with contextlib.suppress(OSError):  # there are parts left, or there never were any
            self._parts.rmdir()

    def part_of(self, url: str) -> Path:
        """Return where the part of a URL's file is."""
        return self._parts / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.part"

    def look(self, url: str) -> tuple[StoredFile | None, Part]:
        """Return the file of a URL, if it is there, and what is here of it; it blocks."""
        kept = None if self._on_exists == "replace" else self.ledger.find(url)
        if kept is not None and self._is_there(kept):
            kept = msgspec.structs.replace(kept, kept=True)
            if self._on_exists == "skip":
                return kept, Part()
            if kept.validator and (self.work is None or kept.worked == self.work.mark):
                return None, Part(whole=kept)
        validator = self.ledger.validator(url)
        if validator is None:
            return None, Part()
        try:
            size = self.part_of(url).stat().st_size
        except OSError:
            size = 0
        return None, Part(size, validator)

    def _is_there(self, file: StoredFile) -> bool:
        try:
            return (self.base / file.path).stat().st_size == file.size
        except OSError:
            return False

    def write(self, url: str, body: bytes) -> None:
        """Write a part that came in one piece; it blocks.

        Raises:
            OSError: The disk is full, or failing.
        """
        write_whole(self.part_of(url), body, sync=self._sync)

    def checked(
        self,
        url: str,
        sha256: str,
        size: int,
        asked: tuple[FileRules, str],
        body: bytes | None = None,
    ) -> StoredFile:
        """Check a part that is whole, and say where it is to go; it blocks.

        Args:
            url: Of the file.
            sha256: Of its bytes.
            size: How many they are.
            asked: What it is to be, and what its server says that it is.
            body: The bytes, where they are at hand: then nothing is read.

        Raises:
            FileFault: It is not to be kept, and gone.
            OSError: The disk is failing.
        """
        try:
            if not size:
                raise FileFault("empty", "the body is empty")
            look = look_at(io.BytesIO(body)) if body is not None else self._look_at_part(url)
            rules, said = asked
            media_type = rules.check(look, said)
        except FileFault:
            self.drop(url)
            raise
        return StoredFile(
            path=self.rules.place_of(sha256, media_type, url), sha256=sha256, size=size,
            media_type=media_type, width=look.width, height=look.height,
        )  # fmt: skip

    def _look_at_part(self, url: str) -> Look:
        with self.part_of(url).open("rb") as file:
            look = look_at(file)
            if self._sync:
                os.fsync(file.fileno())
        return look

    def like(self, url: str, made: StoredFile) -> StoredFile | None:
        """Return the file that has the same bytes, all done to it that is to be; it blocks."""
        first = self.ledger.first_with(made.sha256)
        if first is None or self.work is None or first[1].worked != self.work.mark:
            return None
        return first[1] if self._is_there(first[1]) else None

    def place(self, url: str, made: StoredFile, noted: bool) -> StoredFile:
        """Put a part that was checked in its place; it blocks.

        Args:
            url: Of the file.
            made: What it is, and where it is to go.
            noted: The ledger has a line of the part.

        Raises:
            OSError: The disk is full, or failing.
        """
        with self._placing:
            made = self._rename(url, self.part_of(url), made)
            self.ledger.put(url, made)
        reached("download.put.after")
        if noted:
            self.ledger.drop_part(url)
        return made

    def _rename(self, url: str, part: Path, made: StoredFile) -> StoredFile:
        first = self.ledger.first_with(made.sha256)
        if first is not None and first[0] != url and self._is_there(first[1]):
            part.unlink()
            return msgspec.structs.replace(
                first[1], duplicate_of=first[0], fields=made.fields, spoilt=made.spoilt,
                worked=made.worked, validator=made.validator,
            )  # fmt: skip
        target = self.base / made.path
        reached("download.place.before")
        try:
            part.replace(target)
        except FileNotFoundError:
            target.parent.mkdir(parents=True, exist_ok=True)
            part.replace(target)
        reached("download.place.after")
        return made

    def drop(self, url: str) -> None:
        """Throw away what is here of a URL's file; it blocks."""
        self.part_of(url).unlink(missing_ok=True)
        self.ledger.drop_part(url)
