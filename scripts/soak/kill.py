"""SIGKILL a crawl at random moments, give the same command again until it ends, compare.

`python -m scripts.soak.kill [--kills N] [--seed S]`. The PostgreSQL manual on a loopback nginx,
slowed by a delay of 10 ms. An undisturbed crawl comes first; the killed one must end with the same
URLs and items, no line twice, balanced books, files that parse to their last byte, and no more
pages fetched again at the server than those in flight plus one batch for each kill. Exits with 1 if
not.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from scripts.bench.docs import CONCURRENCY, write_config
from scripts.bench.docs_site import POSTGRESQL_DOCS, DocsSite
from scripts.soak.run_files import RunFiles

#: Pages of one group commit: what a kill may cost beside those in flight.
BATCH = 200
DELAY = "10ms"


@dataclass(slots=True)
class KilledCrawl:
    """What happened while a crawl was killed again and again.

    Attributes:
        kills: For each kill, seconds since its start and pages the server had answered by then.
        exit_code: Of the start that was left to end by itself.
    """

    kills: list[tuple[float, int]] = field(default_factory=list)
    exit_code: int | None = None


def crawl(folder: Path) -> subprocess.Popen[bytes]:
    """Start the crawl in a process group of its own."""
    with (folder / "stderr").open("ab") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "crawler", "docs.yaml"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            start_new_session=True,
        )


def crawl_with_kills(site: DocsSite, folder: Path, waits: list[float]) -> KilledCrawl:
    """Crawl, killing each start after its wait in seconds until the waits are used up."""
    story = KilledCrawl()
    for wait in waits:
        process = crawl(folder)
        try:
            story.exit_code = process.wait(timeout=wait)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            story.kills.append((wait, len(site.fetches())))
        else:
            return story
    story.exit_code = crawl(folder).wait(timeout=600)
    return story


def violations(
    calm: RunFiles, killed: RunFiles, fetches: Counter[str], *, kills: int, wanted_kills: int
) -> list[str]:
    """Return everything that a killed crawl did worse than an undisturbed one."""
    found = [f"undisturbed: {problem}" for problem in calm.problems()]
    found += [f"killed: {problem}" for problem in killed.problems()]
    if kills < wanted_kills:
        found.append(f"the crawl ended before kill {kills + 1} of {wanted_kills}")
    for name, one, other in (
        ("items", calm.items_by_url(), killed.items_by_url()),
        ("URLs", calm.outcomes(), killed.outcomes()),
    ):
        missing, extra = one.keys() - other.keys(), other.keys() - one.keys()
        differ = [key for key in one.keys() & other.keys() if one[key] != other[key]]
        for what, keys in (("missing", missing), ("extra", extra), ("different", differ)):
            if keys:
                found.append(f"{name} {what}: {len(keys)}, such as {sorted(keys)[0]}")
    again, allowed = refetched(fetches), kills * (CONCURRENCY + BATCH)
    if again > allowed:
        found.append(f"{again} pages fetched again, {allowed} allowed")
    return found


def refetched(fetches: Counter[str]) -> int:
    """Return how many requests the server got beyond the first for each page."""
    return fetches.total() - len(fetches)


def main() -> int:
    """Run both crawls, print a table, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=POSTGRESQL_DOCS)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--keep", action="store_true", help="leave the folders of the runs behind")
    args = parser.parse_args()
    reason = DocsSite.missing(args.folder)
    if reason:
        print(f"skipped: {reason}")
        return 2
    home = Path(tempfile.mkdtemp(prefix="kill-"))
    print(f"seed {args.seed}, {args.kills} kills, files in {home}", flush=True)
    with DocsSite(args.folder.resolve()) as site:
        try:
            found = _soak(site, home, args.kills, random.Random(args.seed))
        except (ValueError, LookupError, OSError) as error:
            found = [f"a file of a run cannot be read: {error!r}"]
    for violation in found:
        print(f"VIOLATION {violation}")
    print("FAILED" if found else "OK: nothing lost, nothing twice")
    if not (found or args.keep):
        shutil.rmtree(home)
    return 1 if found else 0


def _soak(site: DocsSite, home: Path, wanted_kills: int, chance: random.Random) -> list[str]:
    calm_folder, killed_folder = home / "undisturbed", home / "killed"
    for folder in (calm_folder, killed_folder):
        folder.mkdir()
        write_config(folder / "docs.yaml", site.url, delay=DELAY)
    began = time.monotonic()
    calm_exit = crawl(calm_folder).wait(timeout=600)
    seconds = time.monotonic() - began
    calm_again = refetched(site.fetches())
    site.forget_log()
    # A start takes part of each wait, so that the pages are not used up before the kills.
    waits = [chance.uniform(0.02, 1.8 / wanted_kills) * seconds for _ in range(wanted_kills)]
    story = crawl_with_kills(site, killed_folder, waits)
    calm, killed = RunFiles(calm_folder, "docs"), RunFiles(killed_folder, "docs")
    _print_table(seconds, calm, killed, story, site.fetches())
    found = violations(
        calm, killed, site.fetches(), kills=len(story.kills), wanted_kills=wanted_kills
    )
    if calm_again:
        found.append(f"undisturbed: {calm_again} pages fetched again")
    if calm_exit or story.exit_code:
        found.append(f"exit codes {calm_exit} and {story.exit_code}")
    return found


def _print_table(
    seconds: float, calm: RunFiles, killed: RunFiles, story: KilledCrawl, fetches: Counter[str]
) -> None:
    print(f"undisturbed: {seconds:.1f} s, {len(calm.items())} items, books {calm.books()}")
    print(f"{'kill':>4}{'after s':>9}{'pages at the server':>21}")
    for number, (wait, pages) in enumerate(story.kills, 1):
        print(f"{number:>4}{wait:>9.2f}{pages:>21}")
    print(f"killed: {len(killed.items())} items, books {killed.books()}")
    allowed = len(story.kills) * (CONCURRENCY + BATCH)
    print(f"fetched again: {refetched(fetches)} ({allowed} allowed)")


if __name__ == "__main__":
    sys.exit(main())
