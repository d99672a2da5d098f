"""The manifest of a folder of outputs: a line of JSON for every input, whatever became of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Self

import msgspec

from crawler.damage import UNREADABLE
from crawler.errors import OutputError, StateError
from crawler.files import replace_file
from crawler.media.settings import Settings
from crawler.media.trouble import Failure

NAME = "transcode.jsonl"


class Source(msgspec.Struct, frozen=True):
    """By what an input is known again.

    Attributes:
        bytes: Its size.
        mtime_ns: When it was changed.
        sha256: Of its bytes; "" where they were never read.
    """

    bytes: int
    mtime_ns: int
    sha256: str = ""


class Made(msgspec.Struct, frozen=True):
    """By what an output is known again.

    Attributes:
        path: Relative to the folder of the manifest.
        bytes: Its size.
        tail: xxh3-64 of its last 4 KiB.
    """

    path: str
    bytes: int
    tail: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one input.

    Attributes:
        input: Its path, see `file_text`.
        url: Where it is from, if a crawl's manifest said so.
        status: "skipped" where an output that is not ours was in the way.
        path: The output, relative to the manifest; None unless it is done.
        sha256: Of the output.
        bytes: Its size.
        tail: See `Made`.
        error: Why there is none.
        source: The input as it was then; None if there was none.
        settings: What was asked for.
        duration: Seconds of the output, with its
        width: and
        height: in pixels.
        took: Seconds of work.
        at: When it ended, UTC.
        warning: What ffmpeg said though all went well.
        stale: An output made earlier that is still there.
    """

    input: str
    status: Literal["done", "failed", "skipped"]
    url: str | None = None
    path: str | None = None
    sha256: str = ""
    bytes: int = 0
    tail: str = ""
    error: Failure | None = None
    source: Source | None = None
    settings: Settings
    duration: float | None = None
    width: int = 0
    height: int = 0
    took: float = 0.0
    at: str = ""
    warning: str = ""
    stale: Made | None = None

    @property
    def made(self) -> Made | None:
        """The output that is ours, of now or of earlier."""
        if self.path is None:
            return self.stale
        return Made(self.path, self.bytes, self.tail)


class Manifest:
    """The manifest on disk; a context. Lines are added as videos end, and put in order last.

    Args:
        folder: Of the outputs, which is there.

    Entering the context raises StateError if the file is no such manifest, and OutputError if it
    cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._lines: dict[str, Line] = {}
        self._handle = -1
        self._length = 0

    def __enter__(self) -> Self:
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return self
        except OSError as error:
            raise OutputError(f"cannot read {self.path}: {error.strerror}") from error
        # A kill may have torn the last line.
        self._length = data.rfind(b"\n") + 1
        self._lines = self._read(data[: self._length])
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._handle >= 0:
            handle, self._handle = self._handle, -1
            os.close(handle)

    def _read(self, data: bytes) -> dict[str, Line]:
        lines = {}
        decoder = msgspec.json.Decoder(Line)
        for number, raw in enumerate(data.splitlines(), 1):
            try:
                line = decoder.decode(raw)
            except UNREADABLE as error:
                raise StateError(
                    f"{self.path}:{number}: no line of a manifest of `transcode` ({error}); move"
                    " the file away, or choose another folder"
                ) from error
            lines[line.input] = line
        return lines

    def get(self, name: str) -> Line | None:
        """Return the last line of an input."""
        return self._lines.get(name)

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs that are ours, by the text of their inputs."""
        made = ((name, line.made) for name, line in self._lines.items())
        return {name: one.path for name, one in made if one is not None}

    def add(self, line: Line) -> None:
        """Write down what became of an input, on the disk before this returns.

        Raises:
            OutputError: The disk is full or failing.
        """
        raw = msgspec.json.encode(line) + b"\n"
        try:
            self._open()
            view = memoryview(raw)
            while view:
                view = view[os.write(self._handle, view) :]
            os.fsync(self._handle)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, self._length)
            raise OutputError(f"cannot write {self.path}: {error.strerror}") from error
        self._length += len(raw)
        self._lines[line.input] = line

    def _open(self) -> None:
        if self._handle < 0:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._handle = os.open(self.path, flags, 0o644)
            os.ftruncate(self._handle, self._length)

    def settle(self, order: Iterable[str]) -> None:
        """Leave one line for each input: those of other calls first, then these in order.

        Raises:
            OutputError: The disk is full or failing; the lines are as they were added.
        """
        ours = dict.fromkeys(order)
        names = [name for name in self._lines if name not in ours]
        names += [name for name in ours if name in self._lines]
        data = b"".join(msgspec.json.encode(self._lines[name]) + b"\n" for name in names)
        try:
            replace_file(self.path, data)
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror}") from error
