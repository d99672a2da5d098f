"""What a night costs in which nothing changed, against the first: requests, bytes, CPU seconds.

    python -m scripts.bench.quiet_night [--pages 10000] [--nights 4] [--runs 3] [--dir FOLDER]

A site of so many pages on loopback, crawled by a process each night, the date handed in by
CRAWLER_PRACTICE_DATE. Three ways: every page asked each night, of a server that says ETag and
Last-Modified (`always`) and of one that says neither (`always, no validators`: what is saved then
is the parsing), and by due dates (`adaptive`). CPU is that of the whole process tree of the
crawler, the server not in it; figures are medians over the runs. A night counts only if it ended
well and told nothing; else the exit code is 1.
"""

from __future__ import annotations

import argparse
import compileall
import datetime
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scripts.bench.measured import busy_cores, run_measured
from scripts.bench.quiet_site import Counting, Seen, quiet_site

ROOT = Path(__file__).parents[2]
#: Title, revisit policy, whether the server has validators.
WAYS = (
    ("always", "always", True),
    ("always, no validators", "always", False),
    ("adaptive", "adaptive", True),
)
_FIRST = datetime.date(2026, 2, 2)
_LIMIT = 600.0


@dataclass(frozen=True, slots=True)
class Night:
    """What one night cost.

    Attributes:
        number: From 1.
        seen: What the server saw.
        cpu: CPU seconds of the crawler.
        seconds: Wall time.
        peak_mib: Largest resident set.
    """

    number: int
    seen: Seen
    cpu: float
    seconds: float
    peak_mib: float


def write_job(folder: Path, url: str, policy: str) -> None:
    """Write the config."""
    config: dict[str, Any] = {
        "version": 1,
        "name": "quiet",
        "start": [url],
        "fetch": {
            "robots": "ignore",
            "concurrency": 16,
            "per_host": {"delay": "0s", "concurrency": 16, "adaptive": False},
        },
        "schemas": {
            "Page": {
                "url": {"type": "url", "key": True},
                "title": {"type": "str"},
                "price": {"type": "decimal"},
            }
        },
        "extract": [
            {
                "item": "Page",
                "url": "/list/*/*",
                "fields": {
                    "url": {"value": "{url}"},
                    "title": {"css": "title", "then": ["text"]},
                    "price": {"css": "p.price", "then": ["number"]},
                },
            }
        ],
        "output": [{"path": "data/latest.jsonl", "mode": "replace"}],
        "incremental": {"revisit": {"policy": policy}, "events": "data/changes.jsonl"},
    }
    (folder / "quiet.yaml").write_text(yaml.safe_dump(config, sort_keys=False))


def play(site: Counting, policy: str, nights: int, home: Path | None) -> list[Night]:
    """Crawl night after night, beginning with none known.

    Raises:
        RuntimeError: A night did not end well, told something, or gave too few items.
    """
    found = []
    with tempfile.TemporaryDirectory(prefix="quiet-", dir=home) as name:
        folder = Path(name)
        write_job(folder, site.url, policy)
        site.seen()
        for number in range(1, nights + 1):
            day = _FIRST + datetime.timedelta(days=number - 1)
            date = f"CRAWLER_PRACTICE_DATE={day.isoformat()}T03:15"
            command = ["env", date, sys.executable, "-m", "crawler", "quiet.yaml", "-q"]
            cost = run_measured(command, folder=folder, limit=_LIMIT)
            _check(folder, site.pages)
            found.append(Night(number, site.seen(), cost.cpu, cost.seconds, cost.peak_mib))
    return found


def _check(folder: Path, pages: int) -> None:
    """Raise RuntimeError unless the items are complete, and no event but `new` was told of each."""
    lines = (folder / "data/latest.jsonl").read_bytes().splitlines()
    told = [json.loads(one) for one in (folder / "data/changes.jsonl").read_bytes().splitlines()]
    kinds = {one["event"] for one in told}
    keys = {one["key"] for one in told}
    if kinds - {"new"} or len(told) != len(keys):
        raise RuntimeError(f"{len(told)} events, of {', '.join(sorted(kinds))}")
    if not len(lines) == len(keys) >= pages * 0.9:
        raise RuntimeError(f"{len(lines)} items, {len(keys)} of them told as new")


def table(title: str, runs: Sequence[Sequence[Night]]) -> list[str]:
    """Return the lines of one way, in Markdown."""
    lines = []
    first = _median(runs, 0)
    for place in range(len(runs[0])):
        night = _median(runs, place)
        mib = night.seen.sent / 2**20
        lines.append(
            f"| {title} | {night.number} | {night.seen.requests:,} | {night.seen.unchanged:,}"
            f" | {mib:.2f} | {night.seconds:.2f} | {night.cpu:.2f} | {night.cpu / first.cpu:.2f}"
            f" | {night.peak_mib:.0f} |"
        )
    return lines


HEAD = (
    "| way | night | requests | 304 | MiB received | wall s | CPU s | CPU, first night = 1"
    " | peak MiB |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
)


def _median(runs: Sequence[Sequence[Night]], place: int) -> Night:
    nights = [run[place] for run in runs]
    return Night(
        nights[0].number,
        Seen(*(int(statistics.median(getattr(one.seen, name) for one in nights))
               for name in ("requests", "unchanged", "sent"))),
        statistics.median(one.cpu for one in nights),
        statistics.median(one.seconds for one in nights),
        statistics.median(one.peak_mib for one in nights),
    )  # fmt: skip


def main() -> int:
    """Measure; 1 if a night was not quiet."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.bench.quiet_night", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument("--nights", type=int, default=6)
    parser.add_argument("--runs", type=int, default=3, help="turns (default: 3)")
    parser.add_argument("--dir", type=Path, metavar="FOLDER", help="where each run keeps its files")
    args = parser.parse_args()
    print(f"other programs use {busy_cores():.2f} of {os.cpu_count()} cores", flush=True)
    os.environ["PYTHONPATH"] = str(ROOT)
    compileall.compile_dir(ROOT / "crawler", quiet=2)
    lines = []
    for title, policy, validators in WAYS:
        with quiet_site(args.pages, validators=validators) as site:
            try:
                runs = [play(site, policy, args.nights, args.dir) for _ in range(args.runs)]
            except RuntimeError as error:
                print(f"{title}: {error}")
                return 1
        lines += table(title, runs)
        print("\n".join(lines[-args.nights :]), flush=True)
    print("\n".join(("", HEAD, *lines)))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
