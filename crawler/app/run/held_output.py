"""What user code and libraries print in a run that is to be silent unless something is wrong."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO, TextIO

from crawler.observe.console import safe

#: Lines and characters of what could be put nowhere else that are printed after all.
_LINES, _WIDEST = 5, 500
#: Bytes of it that are looked at for them, and that are copied at a time.
_TAIL, _PIECE = 16_384, 1 << 20


class HeldOutput:
    """Holds standard output and error from when it is made until it is let go.

    It holds the file descriptors, so that warnings, loggers nobody has set up, other processes and
    libraries in C are held, too. The run itself prints to `stdout` and `stderr`, which lead where
    the descriptors led before.

    Attributes:
        stdout: For what the run prints; so is `stderr`.

    Raises:
        OSError: There is no room for what is to be held.
    """

    def __init__(self) -> None:
        _flush()
        self._file = _unnamed()
        self._kept = 0
        self.stdout: BinaryIO = os.fdopen(os.dup(1), "wb")
        self.stderr: TextIO = os.fdopen(
            os.dup(2), "w", encoding=sys.stderr.encoding, errors=sys.stderr.errors, buffering=1
        )
        for number in (1, 2):
            os.dup2(self._file, number)

    def keep(self, path: Path) -> int:
        """Append to a file what was printed since; it is made only if there is something.

        Returns:
            How many lines it was; 0 where the file cannot be written, and all of it stays held.
        """
        _flush()
        size, at, lines = os.fstat(self._file).st_size, self._kept, 0
        if at == size:
            return 0
        try:
            with path.open("ab") as file:
                # Other processes may print meanwhile, and share the place of reading and writing.
                while piece := os.pread(self._file, min(_PIECE, size - at), at):
                    file.write(piece)
                    at += len(piece)
                    lines += piece.count(b"\n")
        except OSError:
            return 0
        self._kept = at
        return max(1, lines)

    def let_go(self, *, wrong: bool) -> None:
        """Bring what the run said to its place, and forget what is held still.

        Args:
            wrong: Something is: the descriptors lead where they led, and the last lines of what is
                held are printed after all. Else they stay as they are: what is printed while the
                process ends is nobody's business either.
        """
        _flush()
        for stream, number in ((self.stdout, 1), (self.stderr, 2)):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
            if wrong:
                os.dup2(stream.fileno(), number)
            with contextlib.suppress(OSError, ValueError):
                stream.close()
        for line in self._last_lines() if wrong else ():
            sys.stderr.write(f"printed: {safe(line, _WIDEST)}\n")
        os.close(self._file)

    def _last_lines(self) -> list[str]:
        size = os.fstat(self._file).st_size
        begin = max(self._kept, size - _TAIL)
        tail = os.pread(self._file, size - begin, begin)
        return tail.decode("utf-8", "backslashreplace").splitlines()[-_LINES:]


def _unnamed() -> int:
    """Return a file without a name, which is gone with the process, whatever becomes of that."""
    with tempfile.TemporaryFile(prefix="crawler-") as file:
        held = os.dup(file.fileno())
    fcntl.fcntl(held, fcntl.F_SETFL, fcntl.fcntl(held, fcntl.F_GETFL) | os.O_APPEND)
    return held


def hold_output() -> HeldOutput | None:
    """Hold what is printed from now on.

    Returns None where Python prints elsewhere than to the descriptors, and where there is no room
    for what is to be held; the caller lets it go.
    """
    with contextlib.suppress(OSError):
        return HeldOutput() if _is_plain() else None
    return None


def _is_plain() -> bool:
    """Tell whether what Python prints goes to the descriptors; not so in a notebook."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        # Where standard output was closed there is /dev/null behind its number by now.
        out = 1 if sys.stdout is None else sys.stdout.fileno()
        return (out, sys.stderr.fileno()) == (1, 2)
    return False


def _flush() -> None:
    """Bring what Python's buffers hold to the file."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
