"""The standard streams of a run."""

from __future__ import annotations

from typing import BinaryIO, TextIO

import msgspec


class Streams(msgspec.Struct, frozen=True):
    """Standard output, error and input of the process; input is None where nothing reads it."""

    stdout: BinaryIO
    stderr: TextIO
    stdin: BinaryIO | None = None
