"""Why a video did not come to be: classes of errors, and a tool's last words."""

from __future__ import annotations

import errno
import os
from enum import StrEnum

import msgspec

#: Bytes of standard error that are kept, and characters of them that are shown.
KEPT, SHOWN = 8_192, 400
_LINES = 3
_ADDRESS = 18


class Trouble(StrEnum):
    """What is wrong with an input, or went wrong with it; the `class` of a manifest's error."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    CHANGED = "changed"
    NOT_VIDEO = "not_video"
    TOO_LARGE = "too_large"
    TOO_LONG = "too_long"
    TOO_MANY_STREAMS = "too_many_streams"
    TRUNCATED = "truncated"
    FAILED = "failed"
    KILLED = "killed"
    MEMORY = "memory"
    TIMEOUT = "timeout"
    STALLED = "stalled"
    NO_SPACE = "no_space"
    DIED = "died"


class MediaError(Exception):
    """One input came to nothing.

    Attributes:
        trouble: Of which kind.
    """

    def __init__(self, trouble: Trouble, message: str) -> None:
        super().__init__(message)
        self.trouble = trouble


class Failure(msgspec.Struct, frozen=True, rename={"trouble": "class"}):
    """What a manifest says of it.

    Attributes:
        trouble: A value of `Trouble`; "exists" where an output was in the way.
        message: One line, printable, no longer than needed; it may quote the file.
    """

    trouble: str
    message: str


def last_words(said: bytes) -> str:
    """Return the end of what a tool wrote to standard error, as one printable line.

    It quotes names and tags of a file that anybody may have made: no control character, no
    bidirectional override gets through, and no more than `SHOWN` characters.
    """
    text = said[-KEPT:].decode("utf-8", "replace")
    lines = [shown for line in text.splitlines() if (shown := _printable(line).strip())]
    told = " | ".join(dict.fromkeys(map(_without_address, lines[-_LINES:])))
    return told if len(told) <= SHOWN else f"…{told[1 - SHOWN :]}"


def _printable(line: str) -> str:
    return "".join(char if char.isprintable() else " " for char in line)


def _without_address(line: str) -> str:
    """Turn `[h264 @ 0x55c23dfb9480] ...` into `[h264] ...`: where an object lay tells nobody."""
    name, at, rest = line.partition(" @ 0x")
    address, bracket, behind = rest.partition("]")
    known = at and bracket and name.startswith("[") and len(address) <= _ADDRESS
    return f"{name}]{_without_address_too(behind)}" if known else line


def _without_address_too(behind: str) -> str:
    inner = behind.strip()
    return f" {_without_address(inner)}" if inner else ""


def trouble_of_exit(code: int, said: bytes) -> Trouble:
    """Tell from how ffmpeg ended, and what it said, what the trouble was.

    Args:
        code: Its exit code, negative for a signal.
        said: Its standard error.
    """
    if os.strerror(errno.ENOSPC).encode() in said or os.strerror(errno.EDQUOT).encode() in said:
        return Trouble.NO_SPACE
    if code < 0:
        return Trouble.KILLED
    if os.strerror(errno.ENOMEM).encode() in said:
        return Trouble.MEMORY
    return Trouble.TOO_LARGE if b"exceeds specified max pixel" in said else Trouble.FAILED
