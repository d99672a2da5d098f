"""Whether a host is left its delay, also across restarts: from the log of its server.

    python -m scripts.soak.politeness [--restarts 20] [--delay 1.0] [--seed S] [--backend threads]
        [--jobs 2] [--workers N]

A crawl of a few hosts is killed at random moments and started again, so often that it never gets
far. Each host must get no request sooner after its last one than the delay, whichever process
sent them. Several jobs ask the same hosts at the same time, each is killed and started by itself,
and each wants half a delay more than the one before it: then the larger of two jobs' delays must
lie between their requests, and no two requests be at a host at once. Prints a table; exits with 1
if a gap was too short.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from scripts.soak.gaps import Gap, gaps_of, shorter_than, shortest
from scripts.soak.jobs_beside import crawl_beside, delays_beside, print_pairs
from scripts.soak.lives import Lives, live
from scripts.soak.seeded_job import Wish
from scripts.soak.site_process import Request, SiteProcess

PAGES = 2000
HOSTS = 6
#: Share of the delay by which a request may have been under way longer than the next. The crawler
#: counts from when it hands a request out; the server sees what comes in, and the first of a
#: process has a connection to make.
SLACK = 0.05


@dataclass(frozen=True, slots=True)
class Restarted:
    """What a crawl that was killed again and again asked for.

    Attributes:
        starts: Monotonic seconds at which its processes began.
        log: Of the server.
    """

    starts: list[float]
    log: list[Request]

    def across(self, gap: Gap) -> bool:
        """Tell whether the two requests of a gap are of two processes."""
        return any(gap.at - gap.seconds < begun <= gap.at for begun in self.starts)


def crawl_with_restarts(site: SiteProcess, folder: Path, wish: Wish, lives: Lives) -> Restarted:
    """Crawl, each process for so many requests, and so many seconds more.

    Raises:
        RuntimeError: One ended by itself.
    """
    site.next_round()
    return Restarted(live(site, folder, wish, lives), site.log())


def print_gaps(got: Restarted, delay: float) -> list[Gap]:
    """Print what the log says; return the gaps that were too short."""
    gaps = gaps_of(got.log)
    across = [gap for gap in gaps if got.across(gap)]
    within = [gap for gap in gaps if not got.across(gap)]
    print(f"{'gaps':20}{'number':>8}{'shortest s':>12}{'too short':>11}")
    for name, some in (("within a process", within), ("across restarts", across)):
        short = len(shorter_than(some, delay * (1 - SLACK)))
        print(f"{name:20}{len(some):>8}{shortest(some):>12.3f}{short:>11}")
    asked = Counter(one.host for one in got.log)
    print(f"{len(got.starts) - 1} restarts, {len(got.log)} requests to {len(asked)} hosts")
    return shorter_than(gaps, delay * (1 - SLACK))


def _judge(got: Restarted, delay: float) -> bool:
    """Print what there is to say of one job; tell whether a gap was too short."""
    short = print_gaps(got, delay)
    for gap in short:
        which = "across a restart" if got.across(gap) else "within a process"
        print(f"VIOLATION {gap.seconds:.3f} s on host {gap.host}, {which}: {gap.path}")
    return bool(short)


def _lives(chance: random.Random, restarts: int, delay: float) -> Lives:
    """Choose when each process dies: some before they send anything, most soon after."""
    return [
        (0, chance.uniform(0.2, 1.0))
        if chance.random() < 1 / 6
        else (chance.randrange(1, 4 * HOSTS), chance.uniform(0, delay / 2))
        for _ in range(restarts + 1)
    ]


def main() -> int:
    """Run the soak and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--restarts", type=int, default=20)
    parser.add_argument("--delay", type=float, default=1.0, help="seconds")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--backend", choices=["asyncio", "threads"], default="asyncio")
    parser.add_argument("--jobs", type=int, default=1, help="that ask the same hosts")
    parser.add_argument("--workers", type=int, default=1, help="of a single job")
    args = parser.parse_args()
    home, chance = Path(tempfile.mkdtemp(prefix="politeness-")), random.Random(args.seed)
    print(f"seed {args.seed}, files in {home}", flush=True)
    lives = [_lives(chance, args.restarts, args.delay) for _ in range(args.jobs)]
    with SiteProcess(args.seed, pages=PAGES, hosts=HOSTS) as site:
        if args.jobs == 1:
            delay = f"{args.delay * 1000:.0f}ms"
            wish = Wish(args.backend, delay=delay, workers=args.workers)
            short = _judge(crawl_with_restarts(site, home / "crawl", wish, lives[0]), args.delay)
        else:
            delays = delays_beside(args.delay, args.jobs)
            pairs = crawl_beside(site, home, delays, lives, args.backend)
            close = print_pairs(pairs, delays, SLACK)
            for pair in close:
                print(f"VIOLATION {pair.seconds:.3f} s: {pair.first}, {pair.second}")
            short = bool(close)
    print("FAILED" if short else "OK: every host was left its delay")
    if not short:
        shutil.rmtree(home)
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
