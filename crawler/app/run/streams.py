"""The standard streams of a run."""

from __future__ import annotations

from typing import BinaryIO, TextIO

import msgspec

from crawler.app.run.held_output import HeldOutput


class Streams(msgspec.Struct, frozen=True):
    """Standard output, error and input of the process.

    Attributes:
        stdin: None where nothing reads it.
        held: Holds what others print; None where nobody does.
    """

    stdout: BinaryIO
    stderr: TextIO
    stdin: BinaryIO | None = None
    held: HeldOutput | None = None
