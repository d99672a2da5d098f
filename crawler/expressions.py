r"""Regular expressions that users write, searched in what strangers write, within a bound of time.

`(a+)+b` takes years on forty letters, and even `(\d+) items` takes minutes on a megabyte of digits.
Python's own engine knows no limit and cannot be stopped from another thread, so a search that may
take long goes to the `regex` package, which has one. What is sure to be quick stays with Python's
engine: it costs 0.4 us where the other with its clock costs 3.6.
"""

from __future__ import annotations

import re
import warnings
from typing import Protocol

#: CPU seconds, of the whole process, that one search may take.
PATIENCE = 1.0
# Steps that are sure to be few: some 10 ms.
_FEW_STEPS = 1e6

_REPEATS = "*+{?|"
# A repeated group may try again what is in it for each of its turns; then no power is a bound.
# In a verbose pattern a comment may stand between the two.
_MAY_EXPLODE = re.compile(r"\)\s*[*+{]|#|\[:")
# `regex` reads braces that are no count as a fuzzy match; Python, and so everybody here, as text.
_BRACES = re.compile(r"\\N\{[^}]*\}|\\.|(\{(?!\d+\}|\d*,\d*\}))", re.DOTALL)


class Found(Protocol):
    """A match."""

    def __getitem__(self, group: int, /) -> str | None:
        """Return the text of a group; 0 is the whole."""
        ...


class _Timed(Protocol):
    def search(self, text: str, *, timeout: float) -> Found | None: ...


def plain(pattern: str) -> re.Pattern[str]:
    """Compile an expression, without Python's warning of what later Pythons may read in it.

    Raises:
        re.error: It is no valid one; OverflowError, RecursionError, too much of one.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(pattern)


class Expression:
    """A regular expression, compiled once.

    Args:
        pattern: In Python's notation.

    Attributes:
        groups: Number of its groups.

    Raises:
        re.error: It is no valid one; OverflowError, RecursionError, too much of one.
    """

    __slots__ = ("_python", "_quick", "_timed", "groups")

    def __init__(self, pattern: str) -> None:
        self._python = plain(pattern)
        self._timed: _Timed | None = None
        self.groups = self._python.groups
        # Each repetition may stop at any place, and the search may begin at any: so many ways.
        power = 1 + sum(pattern.count(mark) for mark in _REPEATS)
        self._quick = 0 if _MAY_EXPLODE.search(pattern) else int(_FEW_STEPS ** (1 / power))

    def search(self, text: str, patience: float = PATIENCE) -> Found | None:
        """Return the first match; None if there is none.

        Raises:
            TimeoutError: It was not found in so many seconds.
        """
        if len(text) <= self._quick:
            return self._python.search(text)
        timed = self._timed or self._with_clock()
        try:
            return timed.search(text, timeout=patience)
        except MemoryError:  # it keeps more to go back to than it may
            raise TimeoutError("more ways to match than there is room for") from None

    def _with_clock(self) -> _Timed:
        # 15 ms to import, and most patterns never need it.
        import regex  # type: ignore[import-untyped]  # it ships no types

        pattern = _BRACES.sub(lambda found: rf"\{found[1]}" if found[1] else found[0], self.pattern)
        timed: _Timed = regex.compile(pattern)
        self._timed = timed
        return timed

    @property
    def pattern(self) -> str:
        """The pattern as it was written."""
        return self._python.pattern
