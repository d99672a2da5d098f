"""What user code and libraries print in a run that is to be silent unless something is wrong."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from crawler.errors import BusyError
from crawler.observe.console import safe

#: Lines and characters of what could be put nowhere else that are printed after all.
_LINES, _WIDEST = 5, 500
#: Bytes of it that are looked at for them.
_TAIL = 16_384


class HeldOutput:
    """Holds standard output and error from when it is made until it is let go.

    It holds the file descriptors, so that warnings, loggers nobody has set up, other processes and
    libraries in C are held, too. The run itself prints to `stdout` and `stderr`, which lead where
    the descriptors led before.

    Attributes:
        stdout: For what the run prints; so is `stderr`.
    """

    def __init__(self) -> None:
        _flush()
        # Without a path: it is gone with the process, whatever becomes of that.
        self._file = tempfile.TemporaryFile(prefix="crawler-")  # noqa: SIM115 - closed by `let_go`
        flags = fcntl.fcntl(self._file, fcntl.F_GETFL)
        fcntl.fcntl(self._file, fcntl.F_SETFL, flags | os.O_APPEND)
        self.stdout: BinaryIO = os.fdopen(os.dup(1), "wb")
        self.stderr: TextIO = os.fdopen(
            os.dup(2), "w", encoding=sys.stderr.encoding, errors=sys.stderr.errors, buffering=1
        )
        for number in (1, 2):
            os.dup2(self._file.fileno(), number)

    def keep(self, path: Path) -> int:
        """Append what was printed so far to a file; it is made only if there is something.

        Returns:
            How many lines it was; 0 where the file cannot be written, and all of it stays held.
        """
        _flush()
        self._file.seek(0)
        lines = 0
        try:
            for piece in iter(lambda: self._file.read(io.DEFAULT_BUFFER_SIZE), b""):
                with path.open("ab") as file:
                    file.write(piece)
                lines += piece.count(b"\n")
        except OSError:
            return 0
        self._file.truncate(0)
        return lines

    def let_go(self, *, wrong: bool) -> None:
        """Let the descriptors lead where they led, and forget what is held still.

        Args:
            wrong: Something is: the last lines of it are printed after all.
        """
        _flush()
        for stream, number in ((self.stdout, 1), (self.stderr, 2)):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
            os.dup2(stream.fileno(), number)
            with contextlib.suppress(OSError, ValueError):
                stream.close()
        with self._file:
            for line in self._last_lines() if wrong else ():
                sys.stderr.write(f"printed: {safe(line, _WIDEST)}\n")

    def _last_lines(self) -> list[str]:
        size = self._file.seek(0, io.SEEK_END)
        self._file.seek(max(0, size - _TAIL))
        return self._file.read().decode("utf-8", "backslashreplace").splitlines()[-_LINES:]


@contextlib.contextmanager
def held_output() -> Iterator[HeldOutput | None]:
    """Hold what is printed; yields None where Python prints elsewhere than to the descriptors."""
    if not _is_plain():
        yield None
        return
    held, wrong = HeldOutput(), True
    try:
        yield held
        wrong = False
    except BusyError:
        wrong = False
        raise
    finally:
        held.let_go(wrong=wrong)


def _is_plain() -> bool:
    """Tell whether what Python prints goes to the descriptors; not so in a notebook."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return (sys.stdout.fileno(), sys.stderr.fileno()) == (1, 2)
    return False


def _flush() -> None:
    """Bring what Python's buffers hold to the file."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
