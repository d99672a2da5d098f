"""The crawler and its peers on the same work, side by side, in turns.

    python -m scripts.bench [--quick] [--only SET...] [--peers PROGRAM...] [--runs N]

A run counts only if it found every page once, with the number of links that it has. CPU is that of
all processes of a program. Without `--only` and `--peers` it measures everything and writes
docs/benchmarks.md with its charts; else it prints, and writes where `--out` says.
"""

from __future__ import annotations

import argparse
import compileall
import importlib.util
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from scripts.bench.benchmarks_page import (
    Conditions,
    Measured,
    Missing,
    row_of,
    table,
    write_page,
)
from scripts.bench.measured import busy_cores, run_measured
from scripts.bench.paired import Run, order
from scripts.bench.programs import PROGRAMS, MissingError
from scripts.bench.truth import faults, read_pages
from scripts.bench.worksets import OFFERS, Workset

ROOT = Path(__file__).parents[2]
#: Pages, and links, from which on a set is large: slow peers get fewer turns of it.
_LARGE_PAGES, _LARGE_LINKS = 5_000, 100_000
#: Cores that other programs may use before figures are worth little.
_BUSY = 0.2
#: Seconds that any run may take.
_LIMIT = 1_200.0


def main() -> int:
    """Measure what is asked for; 1 if a run did not count."""
    args = _arguments()
    began, others = time.monotonic(), busy_cores()
    print(f"other programs use {others:.2f} of {os.cpu_count()} cores", flush=True)
    if others > _BUSY:
        print("that is too much for figures worth keeping", flush=True)
    compileall.compile_dir(ROOT / "crawler", quiet=2)
    versions, missing = _prepare(args.peers)
    measured = []
    for name in args.only:
        why = OFFERS[name].missing()
        if why:
            missing.append(Missing(OFFERS[name].title, why))
            print(f"{name}: left out, {why}", flush=True)
            continue
        measured.append(_measure(name, list(versions), args))
        print("\n" + table(measured[-1]), flush=True)
        minutes = (time.monotonic() - began) / 60
        if args.out is not None:  # after each set, so that no failure of a later one takes it along
            conditions = Conditions(versions, missing, minutes, others)
            write_page(args.out, measured, conditions)
        print(f"\n{minutes:.1f} minutes so far", flush=True)
    return 1 if any(run.cost is None for one in measured for run in one.runs) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.bench", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--only", nargs="+", choices=OFFERS, metavar="SET", help=" ".join(OFFERS))
    parser.add_argument(
        "--peers", nargs="+", choices=PROGRAMS, metavar="PROGRAM", help=" ".join(PROGRAMS)
    )
    parser.add_argument("--runs", type=_count, default=5, help="turns of each set (default: 5)")
    parser.add_argument(
        "--slow-runs", type=_count, help="turns of the slow peers on large sets (default: 1)"
    )
    parser.add_argument("--quick", action="store_true", help="one turn of small sets")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write the page there")
    args = parser.parse_args()
    if args.out is None and not (args.quick or args.only or args.peers):
        args.out = ROOT / "docs"
    if args.out is not None:
        _check_out(parser, args.out)
    args.only = args.only or [name for name in OFFERS if not (args.quick and name == "javadoc")]
    args.peers = args.peers or list(PROGRAMS)
    if args.quick:
        args.runs = 1
    args.slow_runs = min(args.runs, args.slow_runs or 1)
    return args


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1")
    return int(text)


def _check_out(parser: argparse.ArgumentParser, out: Path) -> None:
    """Refuse what would fail only when all is measured."""
    if importlib.util.find_spec("matplotlib") is None:
        parser.error("the charts of the page need matplotlib: pip install '.[dev]'")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"--out is no folder to write to: {error}")


def _prepare(names: list[str]) -> tuple[dict[str, str], list[Missing]]:
    versions: dict[str, str] = {}
    missing = [Missing("Colly", "it needs a Go toolchain, which the bench does not bring")]
    for name in names:
        try:
            versions[name] = PROGRAMS[name].prepare()
        except MissingError as error:
            missing.append(Missing(PROGRAMS[name].title, str(error)))
            print(f"{name}: left out, {error}", flush=True)
    return versions, missing


def _measure(name: str, programs: list[str], args: argparse.Namespace) -> Measured:
    offer = OFFERS[name]
    print(f"\n{offer.title}: {offer.what}", flush=True)
    runs: list[Run] = []
    with offer.serve(offer.quick if args.quick else offer.size) as work:
        links = sum(work.truth.values())
        large = len(work.truth) > _LARGE_PAGES or links > _LARGE_LINKS
        for turn in range(args.runs):
            for program in order(programs, turn):
                slow = large and PROGRAMS[program].slow
                if turn >= (args.slow_runs if slow else args.runs):
                    continue
                runs.append(_run(program, turn, work))
                print(row_of(runs[-1]), flush=True)
        return Measured(name, offer.title, offer.what, len(work.truth), links, runs)


def _run(name: str, turn: int, work: Workset) -> Run:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        command = PROGRAMS[name].command(work, Path(folder))
        work.unfetched()  # forgets what was before
        try:
            cost = run_measured(
                command.words, folder=Path(folder), limit=_LIMIT, good=command.good
            )  # fmt: skip
            if command.output is None:
                wrong = work.unfetched()
            else:
                wrong = _faults(work.truth, command.output())
        except (RuntimeError, OSError, ValueError) as error:
            return Run(program=name, turn=turn, cost=None, why_not=str(error))
    return Run(program=name, turn=turn, cost=None if wrong else cost, why_not=wrong)


def _faults(truth: Mapping[str, int], output: Path) -> str:
    return faults(truth, read_pages(output))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
