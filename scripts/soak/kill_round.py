"""One crawl of the seeded site that is killed again and again, until it has ended by itself."""

from __future__ import annotations

import random
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from scripts.soak.comparison import differences, problems, refetches
from scripts.soak.gaps import gaps_of, shorter_than, shortest
from scripts.soak.killed_process import (
    Aftermath,
    kill_group,
    kill_parent,
    kill_worker,
    said,
    start,
)
from scripts.soak.left_files import LeftFiles
from scripts.soak.seeded_job import CONCURRENCY, Wish, write_job
from scripts.soak.site_process import Request, SiteProcess

#: Pages that may be fetched but not committed beside those in flight: one batch.
BATCH = 200
#: Seconds between two requests to a host. It is short, for the sake of speed; `politeness` looks
#: at delays that are longer than a start.
DELAY = 0.05
#: Share of the gaps that may come out below half of the delay, both processes being busy: a request
#: that was held up by what else its loop had to do is followed too soon by the next.
SHORT = 0.01
#: Seconds after which a start that neither ends nor gets on is a failure of its own.
PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class KillPoint:
    """A moment to kill at.

    Attributes:
        known: URLs asked for in the whole round at which the clock starts, 0 for at once.
        wait: Seconds from then on.
        alone: The parent is killed and its children are left to notice.
        worker: One of its worker processes is killed, and nothing else.
    """

    known: int
    wait: float
    alone: bool = False
    worker: bool = False


@dataclass(frozen=True, slots=True)
class Calm:
    """The undisturbed crawl.

    Attributes:
        files: What it left.
        fetches: Requests by host and path.
        known: URLs that were asked for.
        start_up: Seconds to the first request.
        ending: Seconds from the first request for the last URL to the end of the process.
    """

    files: LeftFiles
    fetches: Counter[tuple[int, str]]
    known: int
    start_up: float
    ending: float


@dataclass(slots=True)
class Round:
    """What happened in a round.

    Attributes:
        wish: How the job ran.
        starts: Monotonic second of each start of a process.
        kills: Seconds that each killed process had.
        aftermaths: Of the kills of a parent alone.
        workers: Worker processes that were killed alone.
        refetched: Requests that each kill cost, by its number.
        gap: The shortest time between two requests to one host.
        cut_short: The last kill came after the end was on record, so that the next start would
            begin a new run.
        violations: What went wrong.
    """

    wish: Wish
    starts: list[float] = field(default_factory=list)
    kills: list[float] = field(default_factory=list)
    aftermaths: list[Aftermath] = field(default_factory=list)
    workers: int = 0
    refetched: Counter[int] = field(default_factory=Counter)
    gap: float = 0.0
    cut_short: bool = False
    violations: list[str] = field(default_factory=list)


def calm_crawl(site: SiteProcess, folder: Path, wish: Wish) -> Calm:
    """Crawl without a kill.

    Raises:
        RuntimeError: It does not end well.
    """
    site.next_round()
    write_job(folder, site.starts(), wish)
    began = time.monotonic()
    process = start(folder)
    while process.poll() is None and time.monotonic() - began < PATIENCE:
        time.sleep(0.01)
    ended = time.monotonic()
    if process.poll() != 0:
        raise RuntimeError(f"undisturbed, it ended with {process.poll()}: {said(folder)}")
    log, files = site.log(), LeftFiles(folder)
    if found := problems(files):
        raise RuntimeError(f"undisturbed: {'; '.join(found)}")
    fetches = Counter((one.host, one.path) for one in log)
    seen: set[tuple[int, str]] = set()
    for one in log:
        if (one.host, one.path) not in seen:
            seen.add((one.host, one.path))
            last_new = one.at
    return Calm(files, fetches, len(fetches), log[0].at - began, ended - last_new)


def kill_points(
    kills: int, chance: random.Random, calm: Calm, *, workers: bool = False
) -> list[KillPoint]:
    """Return random moments: a third in a start-up, some about the end, the others in between.

    Args:
        kills: How many.
        chance: Chooses them.
        calm: The undisturbed crawl.
        workers: There are worker processes: half of the kills are of one of them.
    """
    points = []
    for _ in range(kills):
        worker = workers and chance.random() < 0.5
        alone, draw = not worker and chance.random() < 0.4, chance.random()
        if draw < 0.3:
            # Of workers: the start-up of one that takes the place of another.
            known, wait = 0, chance.uniform(0.0, calm.start_up * 1.3)
            if worker:
                known = chance.randrange(1, calm.known)
            points.append(KillPoint(known, wait, alone, worker))
        elif draw < 0.5:
            wait = chance.uniform(0.0, calm.ending)
            points.append(KillPoint(calm.known, wait, alone, worker))
        else:
            wait = chance.uniform(0.0, 0.05)
            points.append(KillPoint(chance.randrange(1, calm.known), wait, alone, worker))
    # Those of the end come last, or nothing would be left to kill; start-ups may be anywhere.
    places = [point.known or chance.randrange(1, calm.known + 1) for point in points]
    order = sorted(range(kills), key=lambda number: (places[number], points[number].wait))
    return [points[number] for number in order]


def killed_crawl(
    site: SiteProcess, folder: Path, wish: Wish, points: list[KillPoint], calm: Calm
) -> Round:
    """Crawl, killing each start at its point; start until it ends by itself; compare."""
    site.next_round()
    write_job(folder, site.starts(), wish)
    story, code, chance = Round(wish), None, random.Random(len(points))
    process: subprocess.Popen[bytes] | None = None
    for point in points:
        if process is None:
            process = _start(folder, story)
        code = _until(site, process, point, story.starts[-1] + calm.start_up)
        if code is not None:
            break
        if point.worker and kill_worker(process, chance):
            story.workers += 1
        elif point.alone:
            story.aftermaths.append(kill_parent(process, folder))
            process = None
        else:
            kill_group(process)
            process = None
        story.kills.append(time.monotonic() - story.starts[-1])
        ended = process is None and LeftFiles(folder).is_on_record()
        if point.known == calm.known and ended:
            story.cut_short = True
            break
    if code is None and not story.cut_short:
        code = (process or _start(folder, story)).wait(timeout=PATIENCE)
    if code:
        story.violations.append(f"start {len(story.starts)} ended with {code}: {said(folder)}")
    else:
        _judge(site, LeftFiles(folder), calm, story)
    return story


def _start(folder: Path, story: Round) -> subprocess.Popen[bytes]:
    story.starts.append(time.monotonic())
    return start(folder)


def _until(
    site: SiteProcess, process: subprocess.Popen[bytes], point: KillPoint, ready: float
) -> int | None:
    """Wait for a point; returns the exit code if the crawl ends first."""
    deadline = time.monotonic() + PATIENCE
    # Where the site was asked for everything before, the end comes some time after the start-up.
    due = ready if point.known and site.distinct >= point.known else 0.0
    while point.known and process.poll() is None and time.monotonic() < deadline:
        if site.distinct >= point.known and time.monotonic() >= due:
            break
        time.sleep(0.003)
    try:
        return process.wait(timeout=point.wait)
    except subprocess.TimeoutExpired:
        return None


def _judge(site: SiteProcess, files: LeftFiles, calm: Calm, story: Round) -> None:
    try:
        story.violations += problems(files, tidied=not story.cut_short)
        story.violations += differences(calm.files, files)
    except (ValueError, LookupError, EOFError, OSError) as error:
        story.violations.append(f"a file of the run cannot be read: {error!r}")
    log = site.log()
    numbered = ((_process_at(story.starts, one.at), (one.host, one.path)) for one in log)
    story.refetched = refetches(calm.fetches, numbered)
    allowed = CONCURRENCY * (1 + story.workers) + BATCH
    for number, lost in story.refetched.items():
        if lost > allowed:
            story.violations.append(f"kill {number} cost {lost} requests, {allowed} allowed")
    if any("/hidden/" in one.path for one in log):
        story.violations.append("a page was asked for that robots.txt forbids")
    story.violations += _impolite(log, story)
    for one in story.aftermaths:
        if not one.lock_free:
            story.violations.append("the lock was held after the parent's death")
        if one.orphaned is None:
            story.violations.append("a child outlived its parent")


def _impolite(log: list[Request], story: Round) -> list[str]:
    gaps = gaps_of(log)
    story.gap = shortest(gaps)
    short = shorter_than(gaps, DELAY / 2)
    found = (
        [f"{len(short)} of {len(gaps)} gaps are short"] if len(short) > SHORT * len(gaps) else []
    )
    beside = [one for one in log if one.beside]
    if beside:
        found.append(f"{len(beside)} requests came before the last was answered: {beside[0]}")
    return found


def _process_at(starts: list[float], at: float) -> int:
    """Return the number of the process, from 1, that was the last one to start by then."""
    return sum(1 for begun in starts if begun <= at)
