"""The chart of a lesson."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the processes of a lesson import its modules again, and draw nothing
    from matplotlib.axes import Axes


def draw(path: Path, title: str, drawing: Callable[[Axes], object]) -> None:
    """Draw a chart into a file."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    # Salted names and no date: the same figures give the same file.
    with rc_context({"svg.hashsalt": "lessons", "axes.grid": True, "grid.alpha": 0.3}):
        figure = Figure(figsize=(8, 3.2), layout="constrained")
        axes = figure.subplots()
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title(title, loc="left")
        drawing(axes)
        figure.savefig(path, metadata={"Date": None})
    print(f"\nchart: {path}")


def bars(axes: Axes, values: Mapping[str, float], form: str) -> None:
    """Draw a bar for each name, the first on top, with its figure."""
    axes.bar_label(axes.barh(list(values), list(values.values())), fmt=form, padding=4)
    axes.margins(x=0.1)  # room for the last figure
    axes.invert_yaxis()


def lines(axes: Axes, values: Mapping[str, Mapping[float, float]], label: str) -> None:
    """Draw a line for each name, over places on a scale of powers."""
    for name, points in values.items():
        axes.plot(list(points), list(points.values()), marker="o", label=name)
    places = list(next(iter(values.values())))
    axes.set_xscale("log")
    axes.set_xticks(places, [f"{place:g}" for place in places])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel(label)
    axes.legend()
