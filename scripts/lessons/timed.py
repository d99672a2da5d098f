"""How a lesson measures: several times, and the figure in the middle counts."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ParamSpec

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Spent:
    """What an action took: wall time, and CPU time of this process, both in seconds."""

    wall: float
    cpu: float


def median_of(times: int, action: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> Spent:
    """Call an action several times; return the median of what it took."""
    walls, cpus = [], []
    for _ in range(times):
        began, began_cpu = time.perf_counter(), time.process_time()
        action(*args, **kwargs)
        walls.append(time.perf_counter() - began)
        cpus.append(time.process_time() - began_cpu)
    return Spent(wall=statistics.median(walls), cpu=statistics.median(cpus))


def break_even(gains: Mapping[float, float]) -> float:
    """Return the size from which on a way gains: between two that were measured, on a log scale.

    Args:
        gains: For each size, smallest first, how many times as fast the way is.

    Returns:
        The smallest size if the way always gains, infinity if it loses at the largest.
    """
    sizes = list(gains)
    for smaller, larger in reversed(list(pairwise(sizes))):
        below, above = gains[smaller], gains[larger]
        if above < 1:
            return math.inf
        if below < 1:
            return smaller * math.pow(larger / smaller, (1 - below) / (above - below))
    return sizes[0]
