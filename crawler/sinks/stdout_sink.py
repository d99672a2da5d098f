"""Items on standard output: `-o -`, each printed after its commit, at most once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO

from crawler.errors import OutputError
from crawler.interfaces import Mark


class StdoutSink:
    """The only output without a mark: what a reader of a pipe has seen cannot be taken back.

    Args:
        stream: Standard output, binary.
    """

    name = "-"
    path: Path | None = None

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def open(self, mark: Mark | None) -> Mark | None:
        """See `Sink.open`."""
        return None

    def append(self, lines: Sequence[bytes]) -> Mark | None:
        """See `Sink.append`; called after the commit."""
        try:
            self._stream.writelines(line + b"\n" for line in lines)
            self._stream.flush()
        except BrokenPipeError as error:
            raise OutputError("standard output was closed by its reader") from error
        return None

    def finish(self, *, good: bool) -> None:
        """See `Sink.finish`."""

    def close(self) -> None:
        """See `Sink.close`."""
