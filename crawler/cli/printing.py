"""Standard output of the commands that print: what it does not take is an error in words.

A run has its own way to standard output, `-o -`, with marks and commits.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import BinaryIO, TextIO

from crawler.errors import OutputError


def set_up() -> None:
    """Make the three standard files safe to use, whatever the process was started with."""
    # A file opened later would else get the number of a closed one, and what is printed into it.
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:  # what is said is lost, the run is not
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for good
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        # A locale without UTF-8 lacks letters that pages have: stderr escapes them already.
        reconfigure(errors="backslashreplace")


def put(lines: Iterable[str]) -> None:
    """Print lines, each with its end.

    Raises:
        OutputError: They cannot be written. A reader that went away, as `head` does, is no error.
    """
    stream = sys.stdout
    if stream is None:
        raise OutputError("standard output is closed")
    try:
        for line in lines:
            stream.write(f"{line}\n")
    except BrokenPipeError:
        _discard()
    except OSError as error:
        raise _failed(error) from error


def put_json(value: object) -> None:
    """Print a value as indented JSON, in whatever letters standard output has.

    Raises:
        OutputError: It cannot be written.
    """
    narrow = "utf" not in (getattr(sys.stdout, "encoding", None) or "").lower()
    put([json.dumps(value, indent=2, ensure_ascii=narrow)])


def stdout_bytes() -> BinaryIO:
    """Return standard output for bytes.

    Raises:
        OutputError: It was closed by who started us.
    """
    if sys.stdout is None:
        raise OutputError("standard output is closed")
    return sys.stdout.buffer


def flush() -> None:
    """Write what is still in the buffer.

    Raises:
        OutputError: It cannot be written.
    """
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard()
    except OSError as error:
        _discard()
        raise _failed(error) from error


def settle_stderr() -> None:
    """Let go what standard error does not take, or Python would end with a code of its own."""
    try:
        sys.stderr.flush()
    except (OSError, ValueError):
        _discard(sys.stderr)


def _failed(error: OSError) -> OutputError:
    _discard()
    return OutputError(f"cannot write to standard output: {error.strerror}")


def _discard(stream: TextIO | None = None) -> None:
    """Let what is in the buffer go: Python flushes once more when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), (stream or sys.stdout).fileno())
