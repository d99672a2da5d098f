"""Whether a site was asked as slowly as it should be: from its own log."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from scripts.soak.site_process import Request


@dataclass(frozen=True, slots=True)
class Gap:
    """Two requests to a host, one after the other.

    Attributes:
        host: Index of the host.
        at: Monotonic second of the second one.
        seconds: Between the two.
        path: Of the second one.
    """

    host: int
    at: float
    seconds: float
    path: str


def gaps_of(log: Iterable[Request]) -> list[Gap]:
    """Return the gaps between a host's requests as they came in, of all hosts, in order of time."""
    last: dict[int, float] = {}
    found = []
    for one in sorted(log, key=lambda request: request.at):
        if one.host in last:
            found.append(Gap(one.host, one.at, one.at - last[one.host], one.path))
        last[one.host] = one.at
    return found


def shorter_than(gaps: Iterable[Gap], seconds: float) -> list[Gap]:
    """Return the gaps that are too short."""
    return [gap for gap in gaps if gap.seconds < seconds]


def shortest(gaps: Iterable[Gap]) -> float:
    """Return the shortest gap in seconds; infinite if there is none."""
    return min((gap.seconds for gap in gaps), default=math.inf)
