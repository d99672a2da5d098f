"""ffmpeg's own report (`-progress`): lines of `key=value`, one block after the other."""

from __future__ import annotations

_LONGEST = 4_096


class ProgressReport:
    """Reads the report as it comes.

    Attributes:
        time_us: Microseconds of the output that are made; never goes back.
        frames: Pictures that are made.
        ended: ffmpeg said that it came to its end.
    """

    def __init__(self) -> None:
        self.time_us = 0
        self.frames = 0
        self.ended = False
        self._rest = b""

    def feed(self, chunk: bytes) -> bool:
        """Take the next bytes; return whether there is anything new to tell."""
        before = (self.time_us, self.frames, self.ended)
        *lines, rest = (self._rest + chunk).split(b"\n")
        self._rest = rest[-_LONGEST:]
        for line in lines:
            key, _, value = line.strip().partition(b"=")
            self._note(key, value.strip())
        return (self.time_us, self.frames, self.ended) != before

    def _note(self, key: bytes, value: bytes) -> None:
        if key == b"progress":
            self.ended = value == b"end"
        # out_time_ms is in microseconds too, an old mistake of ffmpeg's; it is not read. Before
        # the first picture the time is N/A or negative.
        elif key == b"out_time_us" and value.isdigit():
            self.time_us = max(self.time_us, int(value[:18]))
        elif key == b"frame" and value.isdigit():
            self.frames = max(self.frames, int(value[:18]))
