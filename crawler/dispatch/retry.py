"""How often a failing task is tried again, and how long it waits before each try."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from crawler.inner_retry import waits


@dataclass(frozen=True, slots=True)
class Retry:
    """Further tries of a task that raised.

    The task waits in the queue, without a thread, and takes the place among the others that its
    first try had. A task that timed out is not tried again: its first try may still be running.

    Attributes:
        times: Tries after the first; 0 and more.
        base: Seconds before the second try, above 0.
        factor: Each wait is this many times the one before; 1 and more.
        max_wait: No wait is longer, in seconds.
        on: The errors that another try may help; any other is final.
    """

    times: int = 3
    base: float = 0.5
    factor: float = 2.0
    max_wait: float = 30.0
    on: tuple[type[Exception], ...] = (Exception,)

    def __post_init__(self) -> None:
        if self.times < 0:
            raise ValueError(f"times is {self.times}; a task is tried again 0 times or more")
        if not (self.base > 0 and self.factor >= 1 and self.max_wait > 0):
            raise ValueError(
                f"base {self.base}, factor {self.factor}, max_wait {self.max_wait}: "
                "the waits need base > 0, factor >= 1 and max_wait > 0"
            )

    def waits(self) -> Iterator[float]:
        """Yield the seconds before each further try, as many as there are tries."""
        return islice(waits(self.base, self.factor, self.max_wait), self.times)
