"""Items on standard output: `-o -`, each printed after its commit, at most once."""

from __future__ import annotations

import contextlib
import os
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
            self._give_up()
            raise OutputError("standard output was closed by its reader") from error
        except OSError as error:
            self._give_up()
            raise OutputError(f"cannot write to standard output: {error.strerror}") from error
        return None

    def _give_up(self) -> None:
        """Send what is still buffered nowhere, or Python would fail on it again as it ends."""
        with contextlib.suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    def finish(self, *, good: bool) -> None:
        """See `Sink.finish`."""

    def settle(self) -> None:
        """See `Sink.settle`."""

    def close(self) -> None:
        """See `Sink.close`."""
