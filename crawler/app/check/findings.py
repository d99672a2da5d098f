"""What a tool found out, a line each: good, doubtful or bad, and what to do about it."""

from __future__ import annotations

import enum

import msgspec

from crawler.observe.console import safe


class Level(enum.StrEnum):
    """How grave a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at.

    Attributes:
        level: How it is.
        subject: What was looked at: "open files", a URL.
        text: What was found, one sentence without a full stop.
        advice: What to do about it; "" when there is nothing to do.
    """

    level: Level
    subject: str
    text: str
    advice: str = ""

    def line(self) -> str:
        """Return it as one line that is safe to print, whatever a server said."""
        advice = f"; {self.advice}" if self.advice else ""
        return f"{self.level:<4}  {safe(self.subject)}: {safe(f'{self.text}{advice}')}"


def ok(subject: str, text: str) -> Finding:
    """Return a good finding."""
    return Finding(Level.OK, subject, text)


def warn(subject: str, text: str, advice: str = "") -> Finding:
    """Return a doubtful finding."""
    return Finding(Level.WARN, subject, text, advice)


def fail(subject: str, text: str, advice: str = "") -> Finding:
    """Return a bad finding."""
    return Finding(Level.FAIL, subject, text, advice)
