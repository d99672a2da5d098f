"""What it costs to keep what was done: `run.durability` off, process and power_loss, in turns.

    python -m scripts.bench.durability [--on SET] [--runs 5] [--dir FOLDER]

Each is the same crawl with one option changed. CPU is that of all processes; ratios are medians
over the turns, each to the run with `off` of the same turn. A run counts only if it found every
page once, with the number of links that it has. What `power_loss` costs in wall time is the disk's
to say: `--dir` names a folder on the one that is meant, as a folder in memory flushes for nothing.
"""

from __future__ import annotations

import argparse
import compileall
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.bench.measured import Cost, busy_cores, run_measured
from scripts.bench.paired import Run, counted, median_of, order, ratio
from scripts.bench.programs import PROGRAMS
from scripts.bench.truth import faults, read_pages
from scripts.bench.worksets import OFFERS, Workset

ROOT = Path(__file__).parents[2]
#: The first is what the others are compared to.
DURABILITIES = ("off", "process", "power_loss")
#: Seconds that any run may take.
_LIMIT = 600.0


def measure(durability: str, turn: int, work: Workset, folder: Path | None) -> Run:
    """Crawl a set once."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=folder) as name:
        command = PROGRAMS["crawler"].command(work, Path(name))
        words = [*command.words, "--set", f"run.durability={durability}"]
        assert command.output is not None  # it is ours, and writes pages
        try:
            cost = run_measured(words, folder=Path(name), limit=_LIMIT)
            wrong = faults(work.truth, read_pages(command.output()))
        except (RuntimeError, OSError, ValueError) as error:
            return Run(program=durability, turn=turn, cost=None, why_not=str(error))
    return Run(program=durability, turn=turn, cost=None if wrong else cost, why_not=wrong)


def table(runs: Sequence[Run], pages: int) -> str:
    """Return medians and ratios in Markdown."""
    lines = [
        "| durability | runs | wall s | CPU s | CPU ms a page | CPU to `off` | wall to `off` |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name in DURABILITIES:
        cost = median_of(runs, name)
        if cost is None:
            lines.append(f"| {name} | 0 | - | - | - | - | - |")
            continue
        count = sum(1 for _ in counted(runs, name))
        lines.append(
            f"| {name} | {count} | {cost.seconds:.2f} | {cost.cpu:.2f}"
            f" | {cost.cpu / pages * 1000:.3f} | {_to_off(runs, name, 'cpu')}"
            f" | {_to_off(runs, name, 'seconds')} |"
        )
    return "\n".join(lines)


def _to_off(runs: Sequence[Run], name: str, figure: str) -> str:
    def of(cost: Cost) -> float:
        return cost.cpu if figure == "cpu" else cost.seconds

    found = ratio(runs, name, DURABILITIES[0], of)
    return "-" if found is None else f"{found:.3f}"


def main() -> int:
    """Measure; 1 if a run did not count."""
    args = _arguments()
    offer, runs = OFFERS[args.on], list[Run]()
    if missing := offer.missing():
        print(f"{args.on} cannot be served here: {missing}")
        return 1
    print(f"other programs use {busy_cores():.2f} of {os.cpu_count()} cores", flush=True)
    print(f"{offer.title}: {offer.what}", flush=True)
    compileall.compile_dir(ROOT / "crawler", quiet=2)
    with offer.serve(offer.size) as work:
        for turn in range(args.runs):
            for name in order(DURABILITIES, turn):
                run = measure(name, turn, work, args.dir)
                runs.append(run)
                cost = run.cost
                said = f"{cost.seconds:9.2f} s{cost.cpu:9.2f} CPU s" if cost else run.why_not
                print(f"  {name:10} {said}", flush=True)
    print(f"\n{table(runs, len(work.truth))}")
    return 1 if any(run.cost is None for run in runs) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.bench.durability", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--on", choices=OFFERS, default="javadoc", help="what is crawled")
    parser.add_argument("--runs", type=int, default=5, help="turns (default: 5)")
    parser.add_argument("--dir", type=Path, metavar="FOLDER", help="where each run keeps its files")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
