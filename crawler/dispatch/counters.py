"""Numbers that many threads change at once, none of the changes lost.

`n += 1` is three steps (read, add, write); a thread that is interrupted between them writes back
what was true before, and the additions of the others are gone. So each change holds a lock.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping


class SharedCounter:
    """One number.

    Args:
        start: What it begins with.
    """

    __slots__ = ("_lock", "_value")

    def __init__(self, start: int = 0) -> None:
        self._lock = threading.RLock()  # a signal handler may count as well
        self._value = start

    def add(self, amount: int = 1) -> int:
        """Add, and return the number as this very addition left it."""
        with self._lock:
            self._value += amount
            return self._value

    @property
    def value(self) -> int:
        """The number now; another thread may change it before you have looked."""
        return self._value

    def take(self) -> int:
        """Return the number and begin at 0 again, so that each addition is taken once."""
        with self._lock:
            value, self._value = self._value, 0
            return value


class Counters:
    """Several numbers with names, changed and read together under one lock.

    Args:
        names: The numbers there are; each begins at 0. A misspelt name is an error, not a number
            of its own.
    """

    __slots__ = ("_lock", "_values")

    def __init__(self, *names: str) -> None:
        self._lock = threading.RLock()
        self._values = dict.fromkeys(names, 0)

    def add(self, name: str, amount: int = 1) -> int:
        """Add to one number, and return it.

        Raises:
            KeyError: There is no such number.
        """
        with self._lock:
            value = self._values[name] + amount
            self._values[name] = value
            return value

    def add_all(self, amounts: Mapping[str, int]) -> None:
        """Add to several numbers in one step: nobody sees some of them changed.

        Raises:
            KeyError: There is no such number; then none was changed.
        """
        with self._lock:
            changed = {name: self._values[name] + amount for name, amount in amounts.items()}
            self._values.update(changed)

    def move(self, before: str, after: str, amount: int = 1) -> None:
        """Take from one number and add to another: what is counted changes its state.

        Raises:
            KeyError: There is no such number; then none was changed.
        """
        with self._lock:
            left, grown = self._values[before] - amount, self._values[after] + amount
            if before != after:
                self._values[before], self._values[after] = left, grown

    def snapshot(self) -> dict[str, int]:
        """Return all numbers as they were at one and the same moment."""
        with self._lock:
            return dict(self._values)
