"""Figures of runs that took turns: medians, and ratios between the runs of the same turn."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from scripts.bench.measured import Cost, median_cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one program.

    Attributes:
        turn: Runs of the same turn were made one right after the other.
        cost: None if the run does not count.
        why_not: What was wrong with it.
    """

    program: str
    turn: int
    cost: Cost | None
    why_not: str = ""


def order(programs: Sequence[str], turn: int) -> list[str]:
    """Return the programs in the order of a turn: there and back, so that none is always first."""
    return list(programs) if turn % 2 == 0 else list(reversed(programs))


def counted(runs: Sequence[Run], program: str) -> Iterator[tuple[int, Cost]]:
    """Yield turn and cost of the runs of a program that count."""
    for run in runs:
        if run.program == program and run.cost is not None:
            yield run.turn, run.cost


def median_of(runs: Sequence[Run], program: str) -> Cost | None:
    """Return the medians of a program, None if none of its runs counts."""
    costs = [cost for _, cost in counted(runs, program)]
    return median_cost(costs) if costs else None


def ratio(
    runs: Sequence[Run], program: str, to: str, figure: Callable[[Cost], float]
) -> float | None:
    """Return the median of a figure's ratio of one program to another over the turns of both.

    A ratio of the same turn leaves out what changes from one turn to the next: the machine.
    """
    ours, theirs = dict(counted(runs, program)), dict(counted(runs, to))
    ratios = [figure(ours[turn]) / figure(theirs[turn]) for turn in ours if turn in theirs]
    return statistics.median(ratios) if ratios else None
