"""SIGKILL a crawl of 4,000 pages at random moments, start it again until it ends, compare.

    python -m scripts.soak.kill [--kills 200] [--seed S] [--pages N] [--workers N] [--keep]
    python -m scripts.soak.kill --docs [FOLDER]     the PostgreSQL manual from nginx instead

A seeded site with redirects, retries, errors, torn and slow answers, from a server of its own; a
job with an output of every form and mode at once. In rounds of ten kills, in turns on the event
loop, with process slots busy, on threads, and over worker processes, the whole process group is
killed, or the parent alone, or one worker. With `--workers` all rounds are over so many. Each round
must end with the rows, items, books and exit code of an undisturbed crawl in one process, every
file whole, no more requests made again for a kill than those in flight plus one batch, no request
too early, no child left behind. What a failing round left on disk is kept. Exits with 1 if any did.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from scripts.soak import kill_docs
from scripts.soak.kill_round import (
    DELAY,
    Calm,
    Round,
    calm_crawl,
    kill_points,
    killed_crawl,
)
from scripts.soak.seeded_job import Wish
from scripts.soak.site_process import SiteProcess

HOSTS = 40
KILLS_A_ROUND = 10
_DELAY = f"{DELAY * 1000:.0f}ms"
#: Rounds take these in turns: on threads and over workers as well, half of all with slots busy.
WISHES = (
    Wish("asyncio", transform=True, delay=_DELAY),
    Wish("threads", transform=False, delay=_DELAY),
    Wish("asyncio", transform=False, delay=_DELAY),
    Wish("asyncio", transform=True, delay=_DELAY),
    Wish("threads", transform=True, delay=_DELAY),
    Wish("asyncio", transform=False, delay=_DELAY),
    Wish("asyncio", transform=True, delay=_DELAY, workers=2),
    Wish("asyncio", transform=False, delay=_DELAY, workers=2),
)


class KillSoak:
    """Rounds of kills on one site.

    Args:
        site: The site, being served.
        home: Folder for the runs.
        seed: Of the moments.
        wishes: How the job runs, in turns.
    """

    def __init__(
        self, site: SiteProcess, home: Path, seed: int, wishes: Sequence[Wish] = WISHES
    ) -> None:
        self._site = site
        self._home = home
        self._seed = seed
        self._wishes = wishes
        self._calm: dict[bool, Calm] = {}
        self.rounds: list[Round] = []

    @property
    def kills(self) -> int:
        """How many there were so far."""
        return sum(len(one.kills) for one in self.rounds)

    def next_round(self, kills: int) -> Round:
        """Crawl once with about so many kills; print a line."""
        number = len(self.rounds)
        wish = self._wishes[number % len(self._wishes)]
        calm = self._calm_one(wish)
        chance = random.Random(f"{self._seed} {number}")
        folder, began = self._home / f"round-{number + 1}", time.monotonic()
        points = kill_points(kills, chance, calm, workers=wish.workers > 1)
        story = killed_crawl(self._site, folder, wish, points, calm)
        self.rounds.append(story)
        self._print(number + 1, story, time.monotonic() - began)
        if not story.violations:
            shutil.rmtree(folder)
        return story

    def _calm_one(self, wish: Wish) -> Calm:
        """Return the undisturbed crawl: on the event loop, also for rounds on threads."""
        if wish.transform not in self._calm:
            folder = self._home / f"calm-{'transform' if wish.transform else 'plain'}"
            calm = calm_crawl(self._site, folder, Wish("asyncio", wish.transform, wish.delay))
            self._calm[wish.transform] = calm
            items = sum(one["out"] for one in calm.files.summary()["items"].values())
            print(
                f"undisturbed: {calm.known} URLs, {calm.fetches.total()} requests, {items} items,"
                f" {calm.start_up:.2f} s of start-up, {calm.ending:.2f} s of ending",
                flush=True,
            )
        return self._calm[wish.transform]

    def _print(self, number: int, story: Round, seconds: float) -> None:
        if number == 1:
            print(
                f"{'round':>5} {'backend':8}{'by':>3} {'slots':6}{'kills':>6}{'alone':>6}"
                f"{'workers':>8}{'again':>6}"
                f"{'most':>5}{'orphan ms':>10}{'gap ms':>7}{'s':>6}"
            )
        orphaned = max((one.orphaned or 0.0 for one in story.aftermaths), default=0.0)
        print(
            f"{number:>5} {story.wish.backend:8}{story.wish.workers:>3} "
            f"{'yes' if story.wish.transform else 'no':6}{len(story.kills):>6}"
            f"{len(story.aftermaths):>6}{story.workers:>8}{story.refetched.total():>6}"
            f"{max(story.refetched.values(), default=0):>5}{orphaned * 1000:>10.0f}"
            f"{story.gap * 1000:>7.0f}{seconds:>6.1f}",
            flush=True,
        )
        for violation in story.violations:
            print(f"VIOLATION {violation}", flush=True)

    def print_sum(self) -> None:
        """Print what all rounds came to."""
        stories = self.rounds
        slots = sum(len(one.kills) for one in stories if one.wish.transform)
        threads = sum(len(one.kills) for one in stories if one.wish.backend == "threads")
        over = sum(len(one.kills) for one in stories if one.wish.workers > 1)
        aftermaths = [after for one in stories for after in one.aftermaths]
        alive = sum(1 for one in aftermaths if one.children)
        again = sum(one.refetched.total() for one in stories)
        most = max((max(one.refetched.values(), default=0) for one in stories), default=0)
        bad = sum(bool(one.violations) for one in stories)
        free = sum(one.lock_free for one in aftermaths)
        orphaned = max((one.orphaned or 0.0 for one in aftermaths), default=0.0)
        print(
            f"\n{self.kills} kills in {len(stories)} rounds: {slots} with slots, {threads} on"
            f" threads, {over} over workers; {len(aftermaths)} of the parent alone,"
            f" {sum(one.workers for one in stories)} of a worker alone\n"
            f"rounds that differ from an undisturbed crawl: {bad}\n"
            f"requests made again: {again}, at most {most} for a kill\n"
            f"lock free at once after a parent's death: {free} of {len(aftermaths)}, {alive} of"
            f" them with children alive; the last child was gone after {orphaned * 1000:.0f} ms"
        )


def _wishes(workers: int) -> Sequence[Wish]:
    """Return the ways of all rounds, or those over so many worker processes."""
    if not workers:
        return WISHES
    wish = Wish(delay=_DELAY, workers=workers)
    return replace(wish, transform=True), wish


def main() -> int:
    """Run the soak and return the exit code."""
    if "--docs" in sys.argv:
        sys.argv.remove("--docs")
        return kill_docs.main()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--pages", type=int, default=4000)
    parser.add_argument("--workers", type=int, default=0, help="run.workers of every round")
    parser.add_argument("--keep", action="store_true", help="leave the undisturbed runs behind")
    args = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="kill-"))
    print(f"seed {args.seed}, {args.kills} kills, files in {home}", flush=True)
    with SiteProcess(args.seed, pages=args.pages, hosts=HOSTS) as site:
        soak = KillSoak(site, home, args.seed, _wishes(args.workers))
        while soak.kills < args.kills:
            soak.next_round(min(KILLS_A_ROUND, args.kills - soak.kills))
    soak.print_sum()
    found = any(one.violations for one in soak.rounds)
    print(f"FAILED, files in {home}" if found else "OK: nothing lost, nothing twice")
    if not (found or args.keep):
        shutil.rmtree(home)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
