"""Runs example configs on both backends, and over worker processes; prints what each gave.

    python -m scripts.soak.equivalence [CONFIG...]

Without arguments every config of `configs/`; they crawl the practice site, on loopback. Compared
are the items, every request with its end (outcome, reason, status, tries, depth), and the numbers
of the books. Beside that it counts threads of the process while it runs, out of /proc, so that a
run that only says that it used threads is found out.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import gzip
import io
import json
import os
import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
#: Ways to run a job, all to the same end: what each of them sets.
WAYS = {
    "asyncio": ("run.backend=asyncio", "run.workers=1"),
    "threads": ("run.backend=threads", "run.workers=1"),
    "2 workers": ("run.backend=asyncio", "run.workers=2"),
}
#: Examples whose pages are files, which one process fetches.
_ONE_PROCESS = {"images"}
#: Seconds between two looks at the threads of a run.
_LOOK = 0.05
_BASE = re.compile(r"http://127\.0\.0\.1:\d+")
_KEPT = ("url", "outcome", "reason", "status", "attempts", "depth", "error")
_ROW = "{:<14} {:<10}{:>5} {:>6} {:>6} {:>7} {:<44} {:<6}"


@dataclass(frozen=True, slots=True)
class Given:
    """What one run gave, without what differs between any two runs: ports and ids.

    Attributes:
        items: Items, and how often there is each.
        ends: Requests with their ends.
        summary: The run's `summary.json`.
        threads: Most threads that were seen at once.
        code: The exit code.
    """

    items: Counter[str]
    ends: Counter[str]
    summary: dict[str, Any]
    threads: int
    code: int

    def same_as(self, other: Given) -> bool:
        """Tell whether another run gave the same."""
        mine, theirs = (
            (one.items, one.ends, one.summary["books"], one.code) for one in (self, other)
        )
        return mine == theirs


async def run(config: Path, way: str, base: Path) -> Given:
    """Run one config in one of the `WAYS`, everything under a folder of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "crawler", str(config), "--dir", str(base), "-q", *options(way),
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    ended, most = asyncio.create_task(process.wait()), 0
    while not ended.done():
        most = max(most, threads_of(process.pid))
        await asyncio.wait({ended}, timeout=_LOOK)
    return given_by(base, ended.result(), most)


def ways_of(name: str) -> list[str]:
    """Return the `WAYS` in which an example can be run."""
    return [way for way in WAYS if way != "2 workers" or name not in _ONE_PROCESS]


def options(way: str) -> list[str]:
    """Return the words of a command line that runs a job in one of the `WAYS`."""
    return [word for setting in WAYS[way] for word in ("--set", setting)]


def given_by(base: Path, code: int, threads: int = 0) -> Given:
    """Return what the only run under a folder gave."""
    (report,) = (base / "reports").glob("*/*")
    ledger = gzip.decompress((report / "urls.jsonl.gz").read_bytes())
    items = [
        line
        for file in (base / "data").rglob("*")
        if file.is_file() and file.name[0] != "."
        for line in lines_of(file)
    ]
    return Given(
        items=Counter(json.dumps(without_run(one)) for one in items),
        ends=Counter(
            json.dumps([one[key] for key in _KEPT]) for one in parsed(ledger.decode())
        ),
        summary=json.loads((report / "summary.json").read_bytes()),
        threads=threads,
        code=code,
    )  # fmt: skip


def threads_of(pid: int) -> int:
    """Return how many threads a process has now; 0 once it is gone."""
    try:
        return len(os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208 - it may go meanwhile
    except OSError:
        return 0


def without_run(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item, or an event, without what says which run gave it, and when."""
    of_run = ("_id", "run", "at") if "event" in item else ("_id",)
    return {name: value for name, value in item.items() if name not in of_run}


def lines_of(file: Path) -> list[dict[str, Any]]:
    """Return the objects of a JSON lines file, or the rows of a CSV file; compressed or not."""
    raw = file.read_bytes()
    text = (gzip.decompress(raw) if file.suffix == ".gz" else raw).decode("utf-8-sig")
    if ".csv" in file.suffixes:
        return list(csv.DictReader(io.StringIO(_BASE.sub("", text), newline="")))
    return parsed(text)


def parsed(text: str) -> list[dict[str, Any]]:
    """Return the objects of JSON lines, without the port of the practice site."""
    return [json.loads(line) for line in _BASE.sub("", text).splitlines()]


def row(name: str, way: str, given: Given, verdict: str) -> str:
    """Return a line of the table."""
    books = given.summary["books"]
    skipped = " ".join(f"{why} {count}" for why, count in sorted(books["skipped"].items()))
    return _ROW.format(
        name, way, given.code, given.items.total(), books["done"],
        given.threads, skipped or "-", verdict,
    ).rstrip()  # fmt: skip


async def compare(configs: list[Path]) -> int:
    """Run every config in every way; print the table, and return the exit code."""
    print(_ROW.format("config", "run on", "exit", "items", "done", "threads", "skipped", "equal"))
    wrong = 0
    for config in configs:
        first: Given | None = None
        for way in ways_of(config.stem):
            with tempfile.TemporaryDirectory(prefix="equivalence-") as base:
                given = await run(config, way, Path(base))
            if first is None:
                first = given
                print(row(config.stem, way, given, ""))
                continue
            same = first.same_as(given)
            wrong += not same
            print(row("", way, given, "yes" if same else "NO"), flush=True)
            if not same:
                print_differences(first, given)
    print("FAILED" if wrong else f"OK: {len(configs)} configs gave the same in every way")
    return 1 if wrong else 0


def print_differences(one: Given, other: Given) -> None:
    """Print some of what differs."""
    for what, mine, theirs in (
        ("items", one.items, other.items),
        ("ends", one.ends, other.ends),
    ):
        for line in [*(mine - theirs), *(theirs - mine)][:5]:
            print(f"  {what} differ: {line:.200}")


def main() -> int:
    """Compare, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("configs", nargs="*", type=Path, metavar="CONFIG")
    configs = parser.parse_args().configs or sorted((ROOT / "configs").glob("*.yaml"))
    return asyncio.run(compare([one.absolute() for one in configs]))


if __name__ == "__main__":
    sys.exit(main())
