"""SIGKILL a crawl at random moments, give the same command again until it ends, compare.

    python -m scripts.soak.kill --docs [FOLDER] [--kills N] [--seed S] [--delay D]
                                       [--backend threads] [--transform] [--keep]

The PostgreSQL manual on a loopback nginx, slowed by a delay of 10 ms. An undisturbed crawl comes
first; the killed one must end with the same URLs and items, no line twice, balanced books, files
that parse to their last byte, and no more pages fetched again at the server than those in flight
plus one batch for each kill. Exits with 1 if not.
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

#: A step that takes some milliseconds, and gives the same for the same item.
_STEP = """
def step(item):
    item["weight"] = sum(number * number for number in range(20_000)) % 97
    return item
"""
#: Pages of one group commit: what a kill may cost beside those in flight.
BATCH = 200


@dataclass(frozen=True, slots=True)
class KillPoint:
    """When a start is killed.

    Attributes:
        answers: Number of the server's answer that is waited for; 0 for none.
        wait: Seconds after that answer, or else after the start.
    """

    answers: int
    wait: float


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be killed.

    Attributes:
        kills: How often.
        seed: Of the moments.
        delay: Between two requests.
        backend: `run.backend` of the crawl.
        transform: Its items go through process slots.
    """

    kills: int
    seed: int
    delay: str = "0s"
    backend: str = "asyncio"
    transform: bool = False


@dataclass(slots=True)
class KilledCrawl:
    """What happened while a crawl was killed again and again.

    Attributes:
        kills: For each kill, seconds since its start and answers of the server by then.
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


def kill_points(
    kills: int, chance: random.Random, *, start_up: float, answers: int
) -> list[KillPoint]:
    """Return random moments: about one in three in a start-up, the others all over the crawl."""
    # The last tenth is left alone, so that every kill finds something to kill.
    places = sorted(chance.randrange(1, answers * 9 // 10) for _ in range(kills))
    return [
        KillPoint(0, chance.uniform(0.05, start_up))
        if chance.random() < 1 / 3
        else KillPoint(place, chance.uniform(0, 0.02))
        for place in places
    ]


def crawl_with_kills(site: DocsSite, folder: Path, points: list[KillPoint]) -> KilledCrawl:
    """Crawl, killing each start at its point until the points are used up."""
    story = KilledCrawl()
    for point in points:
        began, before = time.monotonic(), site.answered()
        process = crawl(folder)
        while point.answers and process.poll() is None:
            if site.answered() >= max(point.answers, before + 1):
                break
            time.sleep(0.005)
        try:
            story.exit_code = process.wait(timeout=point.wait)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            story.kills.append((time.monotonic() - began, site.answered()))
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


def write_job(folder: Path, url: str, wish: Wish) -> None:
    """Write the job that is killed, and the step that its items go through if there is one."""
    path = write_config(folder / "docs.yaml", url, delay=wish.delay)
    more = f"run: {{backend: {wish.backend}}}\n"
    if wish.transform:
        (folder / "step.py").write_text(_STEP, encoding="utf-8")
        more += "transform: {workers: 2, steps: [{python: 'step.py:step'}]}\n"
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")


def soak(site: DocsSite, home: Path, wish: Wish) -> list[str]:
    """Crawl once in peace and once with kills, print a table, return what went wrong."""
    kills, chance = wish.kills, random.Random(wish.seed)
    folders = home / "undisturbed", home / "killed"
    for folder in folders:
        folder.mkdir()
        write_job(folder, site.url, wish)
    start_up = _crawl_in_peace(site, folders[0])
    calm = RunFiles(folders[0], "docs")
    print(f"undisturbed: {len(calm.items())} items, books {calm.books()}")
    found = [f"undisturbed: {n} pages fetched again" for n in {refetched(site.fetches())} if n]
    points = kill_points(kills, chance, start_up=start_up, answers=site.answered())
    site.forget_log()
    story = crawl_with_kills(site, folders[1], points)
    _print_kills(story)
    if story.exit_code:
        said = _said(folders[1])
        return [f"after kill {len(story.kills)} a start ended with {story.exit_code}: {said}"]
    killed, fetches = RunFiles(folders[1], "docs"), site.fetches()
    print(f"killed: {len(killed.items())} items, books {killed.books()}")
    allowed = len(story.kills) * (CONCURRENCY + BATCH)
    print(f"fetched again: {refetched(fetches)} ({allowed} allowed)")
    return found + violations(calm, killed, fetches, kills=len(story.kills), wanted_kills=kills)


def _crawl_in_peace(site: DocsSite, folder: Path) -> float:
    """Crawl once; returns the seconds to the first answer."""
    began = time.monotonic()
    process = crawl(folder)
    while not site.answered() and process.poll() is None:
        time.sleep(0.01)
    start_up = time.monotonic() - began
    if process.wait(timeout=600):
        raise RuntimeError(f"undisturbed, it ended with {process.returncode}: {_said(folder)}")
    return start_up


def _print_kills(story: KilledCrawl) -> None:
    print(f"{'kill':>4}{'after s':>9}{'answers by then':>17}")
    for number, (seconds, answers) in enumerate(story.kills, 1):
        print(f"{number:>4}{seconds:>9.2f}{answers:>17}")


def _said(folder: Path) -> str:
    """Return the last line on standard error."""
    return (folder / "stderr").read_text(encoding="utf-8").strip().rpartition("\n")[2]


def main() -> int:
    """Run the soak and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=POSTGRESQL_DOCS)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--delay", default="10ms", help="between two requests")
    parser.add_argument("--keep", action="store_true", help="leave the folders of the runs behind")
    parser.add_argument("--backend", choices=["asyncio", "threads"], default="asyncio")
    parser.add_argument("--transform", action="store_true", help="items go through process slots")
    args = parser.parse_args()
    reason = DocsSite.missing(args.folder)
    if reason:
        print(f"skipped: {reason}")
        return 2
    home = Path(tempfile.mkdtemp(prefix="kill-"))
    print(f"seed {args.seed}, {args.kills} kills, files in {home}", flush=True)
    wish = Wish(args.kills, args.seed, args.delay, args.backend, args.transform)
    with DocsSite(args.folder.resolve()) as site:
        try:
            found = soak(site, home, wish)
        except (ValueError, LookupError, OSError) as error:
            found = [f"a file of a run cannot be read: {error!r}"]
    for violation in found:
        print(f"VIOLATION {violation}")
    print("FAILED" if found else "OK: nothing lost, nothing twice")
    if not (found or args.keep):
        shutil.rmtree(home)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
