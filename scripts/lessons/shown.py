"""How a lesson is asked, and how it answers."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

_FOLDER = Path(__file__).parents[2] / "docs" / "lessons"


def options(question: str | None) -> argparse.Namespace:
    """Read `--out` (the folder of the chart) and `--quick` (little is measured, once)."""
    parser = argparse.ArgumentParser(description=question)
    parser.add_argument("--out", type=Path, default=_FOLDER)
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    try:
        chosen.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"--out is no folder for the chart: {error}")
    return chosen


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table in Markdown: a name in the first column, figures in the others."""
    print(f"CPython {platform.python_version()}, {os.cpu_count()} cores\n")
    print(f"| {' | '.join(columns)} |\n| --- |{' ---: |' * (len(columns) - 1)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")
