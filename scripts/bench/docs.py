"""A whole crawl of real documentation beside the bare loop: pages, seconds, CPU, memory.

`python -m scripts.bench.docs [--runs N] [FOLDER...]`. Both crawl the same nginx on loopback with 16
connections and no delay, in turns; printed are each run, the medians and their ratios.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from scripts.bench.docs_site import POSTGRESQL_DOCS, PYTHON_DOCS, DocsSite
from scripts.bench.measured import Cost, median_cost, run_measured

CONCURRENCY = 16

CONFIG = """\
version: 1
name: docs
start: ["{url}index.html"]
fetch:
  concurrency: {concurrency}
  per_host: {{concurrency: {concurrency}, delay: {delay}, adaptive: false}}
"""


def write_config(path: Path, url: str, *, delay: str = "0s") -> Path:
    """Write the job that crawls a docs site."""
    path.write_text(CONFIG.format(url=url, concurrency=CONCURRENCY, delay=delay), encoding="utf-8")
    return path


def main() -> None:
    """Measure both crawlers on each folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*", default=[POSTGRESQL_DOCS, PYTHON_DOCS])
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    for folder in args.folders:
        reason = DocsSite.missing(folder)
        if reason:
            print(f"{folder}: skipped, {reason}")
            continue
        with DocsSite(folder.resolve()) as site:
            _compare(site, args.runs)


def _compare(site: DocsSite, runs: int) -> None:
    print(f"\n{site.folder}\n{'':10}{'pages':>8}{'seconds':>9}{'CPU s':>8}{'peak MiB':>10}")
    costs: dict[str, list[Cost]] = {"crawler": [], "bare loop": []}
    for turn in range(runs + 1):
        for name in costs:
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                pages, cost = _run(name, Path(folder), site.url)
            if turn:  # the first of each only warms up
                costs[name].append(cost)
                _print_row(name, pages, cost)
    ours, bare = (median_cost(costs[name]) for name in ("crawler", "bare loop"))
    print(f"medians of {runs}")
    _print_row("crawler", "", ours)
    _print_row("bare loop", "", bare)
    ratios = f"{ours.seconds / bare.seconds:>9.2f}{ours.cpu / bare.cpu:>8.2f}"
    print(f"{'ratio':10}{'':>8}{ratios}{ours.peak_mib / bare.peak_mib:>10.2f}")


def _run(name: str, folder: Path, url: str) -> tuple[int, Cost]:
    if name == "crawler":
        config = write_config(folder / "docs.yaml", url)
        cost = run_measured([sys.executable, "-m", "crawler", str(config), "-q"], folder=folder)
        (output,) = (folder / "data" / "docs").glob("*.jsonl")
    else:
        output = folder / "bare.jsonl"
        command = [
            sys.executable,
            "-m",
            "crawler.practice.bare_loop",
            f"{url}index.html",
            str(output),
        ]
        cost = run_measured([*command, "--concurrency", str(CONCURRENCY)], folder=folder)
    with output.open("rb") as lines:
        return sum(1 for _ in lines), cost


def _print_row(name: str, pages: int | str, cost: Cost) -> None:
    print(f"{name:10}{pages:>8}{cost.seconds:>9.2f}{cost.cpu:>8.2f}{cost.peak_mib:>10.1f}")


if __name__ == "__main__":
    main()
