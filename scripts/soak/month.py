"""A month of nights at the practice shop, a process each: events against the truth, and the cost.

    python -m scripts.soak.month [--nights 30] [--kill] [--seed S] [--policy P]
                                 [--backend threads] [--workers N] [--no-full] [--keep]

The shop changes by its timeline (prices, stock, books that come, go and come back, a redesign), and
besides that books move, and some nights are bad: no connection, 503 for all or for some, an error
page with status 200 for all or for every book, lists without books, a clock that went back. The
truth comes from the dates alone (`month_truth`). With `--kill` each night's process, and all its
children, get a SIGKILL at a seeded moment from its start to its last commit, or at the latest as
the end of its run is about to be committed; the next one goes on.
Beside each night a full crawl by a job that knows nothing of the nights before is counted. Exits
with 1 if an event was missed, is false or was told twice, or if a night ended with an unexpected
exit code; what the job left is kept then.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crawler.fail_points import VARIABLE as FAILPOINT
from scripts.soak.killed_process import kill_group
from scripts.soak.month_job import CONFIG, JOB, EventFile, Wish, differences, write_job
from scripts.soak.month_site import (
    BAD,
    CLOCK_BACK,
    CLOCK_BACK_DAYS,
    DOWN,
    MENDED,
    NIGHTS,
    REFUSED,
    WHAT,
    Asked,
    MonthSite,
    day_of,
)
from scripts.soak.month_truth import Told, Truth

KINDS = ("new", "changed", "gone", "back", "moved")
POLICIES = ("always", "adaptive", "decay", "fixed")
#: Seconds that a night may take.
PATIENCE = 300.0
#: Of the kills, those that are to hit the end of a run, when changes become events.
_LATE = 0.4
#: Seconds within which these come.
_ENDING = 0.12
#: Answers that say that a page is no more.
_GONE = (404, 410)
#: Problems of a night that are printed.
_SHOWN = 12


@dataclass(slots=True)
class Night:
    """What came of a night.

    Attributes:
        number: From 0.
        exit: Exit code of its last process.
        killed: A process was there to be killed.
        asked: Every request at the server.
        again: How many of them were asked by the process that was killed.
        full: The same of a full crawl beside it; empty if none was made.
        told: Events.
        problems: What is wrong, in words.
    """

    number: int
    exit: int = 0
    killed: bool = False
    asked: list[Asked] = field(default_factory=list)
    again: int = 0
    full: list[Asked] = field(default_factory=list)
    told: Counter[Told] = field(default_factory=Counter)
    missed: int = 0
    false: int = 0
    doubled: int = 0
    problems: list[str] = field(default_factory=list)


class Month:
    """Nights one after the other.

    Args:
        site: Being served.
        home: Folder for the job.
        wish: How it runs.
        kills: Where the moments come from; None if nothing is killed.
        full: A full crawl is made beside each night.
    """

    def __init__(
        self,
        site: MonthSite,
        home: Path,
        wish: Wish,
        *,
        kills: random.Random | None = None,
        full: bool = True,
    ) -> None:
        self._site = site
        self._folder = home / "job"
        self._full = home / "full"
        self._wish = wish
        self._kills = kills
        self._makes_full = full
        self._truth = Truth(site.url)
        self._events = EventFile(self._folder, site.url)
        self._usual = 300
        self.nights: list[Night] = []

    def next(self) -> Night:
        """Play the next night."""
        night = Night(len(self.nights))
        self.nights.append(night)
        self._site.night(night.number)
        write_job(self._folder, self._site.url, self._wish, mended=night.number >= MENDED)
        code = None
        if self._kills is not None:
            code = self._until_killed(night.number)
            night.killed = code is None
            night.again = len(self._site.shop.asked)
        night.exit = self._run(self._folder, night.number) if code is None else code
        night.asked = list(self._site.shop.asked)
        if night.number not in (REFUSED, DOWN):
            self._usual = len({one.path for one in night.asked})
        self._judge(night)
        if self._makes_full:
            self._site.night(night.number)
            wish = Wish("", self._wish.backend, self._wish.workers)
            write_job(self._full, self._site.url, wish, mended=night.number >= MENDED)
            self._run(self._full, night.number, "--fresh")
            night.full = list(self._site.shop.asked)
        return night

    def _judge(self, night: Night) -> None:
        paths = {one.path for one in night.asked}
        all_asked = self._wish.policy == "always"
        truth = self._truth.night(night.number, None if all_asked else paths, _absent(night))
        if night.exit != truth.exit:
            night.problems.append(f"exit {night.exit}, not {truth.exit}")
        try:
            night.told = self._events.next()
        except ValueError as error:
            night.problems.append(str(error))
        missed, false, doubled = differences(truth.told, night.told)
        night.missed, night.false, night.doubled = len(missed), len(false), len(doubled)
        night.problems += [*missed, *false, *doubled]

    def _run(self, folder: Path, night: int, *options: str) -> int:
        return self._start(folder, night, *options).wait(PATIENCE)

    def _until_killed(self, night: int) -> int | None:
        """Start the night's process and kill it somewhere.

        Returns:
            The exit code of a process whose run was over already; else None.
        """
        assert self._kills is not None
        late = self._kills.random() < _LATE
        count = self._usual - 3 if late else self._kills.randrange(self._usual - 10)
        wait = self._kills.uniform(0, _ENDING if late else 0.02)
        if night in (REFUSED, DOWN):
            count, wait = 0, self._kills.uniform(0.3, 1.2)
        before, _ = self._last_run()
        process = self._start(self._folder, night, fails_at="end.before:1:kill")
        began = time.monotonic()
        while len(self._site.shop.asked) < count and process.poll() is None:
            if time.monotonic() - began > PATIENCE:
                break
            time.sleep(0.0005)
        time.sleep(wait)
        if process.poll() not in (None, -signal.SIGKILL):
            return process.returncode
        with contextlib.suppress(ProcessLookupError):  # it may have met the last moment itself
            kill_group(process)
        run, state = self._last_run()
        return self._exit_of_last() if run != before and "finished" in state else None

    def _last_run(self) -> tuple[str, str]:
        """Return id and state of the job's last run, as its store has them; "" for none."""
        state = self._folder / "state" / JOB / "crawl.sqlite"
        if not state.exists():
            return "", ""
        with contextlib.closing(sqlite3.connect(state)) as db:
            try:
                rows = dict(db.execute("SELECT name, value FROM setting"))
            except sqlite3.OperationalError:
                return "", ""  # killed before there were tables
        return str(rows.get("run_id", "")), str(rows.get("run_state", ""))

    def _exit_of_last(self) -> int:
        summaries = (self._folder / "reports" / JOB).glob("*/summary.json")
        last = max(summaries, key=lambda path: path.stat().st_mtime)
        return int(json.loads(last.read_bytes())["exit"])

    def _start(
        self, folder: Path, night: int, *options: str, fails_at: str = ""
    ) -> subprocess.Popen[bytes]:
        day = day_of(night)
        if night == CLOCK_BACK:
            day -= datetime.timedelta(days=CLOCK_BACK_DAYS)
        # A nightly job does not begin on the second.
        when = f"{day.isoformat()}T03:{15 + night * 7 % 5}"
        fails = {FAILPOINT: fails_at} if fails_at else {}
        with (folder / "stderr").open("ab") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", "crawler", CONFIG, *options],
                cwd=folder,
                env={**os.environ, "CRAWLER_PRACTICE_DATE": when, **fails},
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
            )


def _absent(night: Night) -> Counter[str]:
    """Return how often paths were told to be no more, to whichever process heard it more often."""
    parts = night.asked[: night.again], night.asked[night.again :]
    before, after = (Counter(one.path for one in part if one.status in _GONE) for part in parts)
    return before | after


def head() -> str:
    """Return the head of the table."""
    kinds = "".join(f"{kind:>8}" for kind in KINDS)
    return (
        f"{'night':>5} {'date':10} {'exit':>4}{'killed':>7}{'asked':>7}{'304':>6}{'KiB':>7}"
        f"{'full':>6}{'KiB':>7}{kinds}{'missed':>7}{'false':>6}{'twice':>6}  what"
    )


def line(night: Night) -> str:
    """Return a night's line."""
    kinds = Counter[str]()
    for told, count in night.told.items():
        kinds[told.kind] += count
    counted = "".join(f"{kinds[kind] or '-':>8}" for kind in KINDS)
    unchanged = sum(one.status == 304 for one in night.asked)
    return (
        f"{night.number + 1:>5} {day_of(night.number)} {night.exit:>4}"
        f"{'yes' if night.killed else '-':>7}{len(night.asked):>7}{unchanged:>6}"
        f"{kib(night.asked):>7}{len(night.full) or '-':>6}{kib(night.full) or '-':>7}"
        f"{counted}{night.missed:>7}{night.false:>6}{night.doubled:>6}"
        f"  {WHAT.get(night.number, '')}"
    )


def kib(asked: Sequence[Asked]) -> int:
    """Return the size of all bodies in KiB."""
    return round(sum(one.bytes for one in asked) / 1024)


def verdict(nights: Sequence[Night]) -> str:
    """Return what all nights came to."""
    later = nights[1:]
    asked, full = sum(len(one.asked) for one in later), sum(len(one.full) for one in later)
    size, whole = sum(kib(one.asked) for one in later), sum(kib(one.full) for one in later)
    events = sum(one.told.total() for one in nights)
    cost = f"after the first night {asked} requests, {size} KiB of bodies"
    if full:
        cost += f"; full crawls {full}, {whole} KiB ({asked / full:.0%}, {size / whole:.0%})"
        good = [one for one in later if one.number not in BAD]
        asked, full = sum(len(one.asked) for one in good), sum(len(one.full) for one in good)
        size, whole = sum(kib(one.asked) for one in good), sum(kib(one.full) for one in good)
        cost += (
            f"\nthe {len(good)} nights on which a full crawl sees the whole shop: {asked} requests "
            f"against {full} ({asked / full:.0%}), {size} KiB against {whole} ({size / whole:.0%})"
        )
    return (
        f"{len(nights)} nights, {sum(one.killed for one in nights)} killed; {events} events:"
        f" missed {sum(one.missed for one in nights)}, false {sum(one.false for one in nights)}, "
        f"doubled {sum(one.doubled for one in nights)}\n{cost}"
    )


def main() -> int:
    """Play the month; 1 if something was wrong."""
    args = _arguments()
    home = Path(tempfile.mkdtemp(prefix="month-", dir=args.dir))
    print(f"seed {args.seed}, policy {args.policy}, files in {home}", flush=True)
    wish = Wish(args.policy, args.backend, args.workers)
    kills = random.Random(args.seed) if args.kill else None
    with MonthSite() as site:
        month = Month(site, home, wish, kills=kills, full=args.full)
        print(head(), flush=True)
        for _ in range(args.nights):
            night = month.next()
            print(line(night), flush=True)
            for problem in night.problems[:_SHOWN]:
                print(f"      WRONG {problem}", flush=True)
            if len(night.problems) > _SHOWN:
                print(f"      and {len(night.problems) - _SHOWN} more", flush=True)
    print(f"\n{verdict(month.nights)}")
    wrong = any(one.problems for one in month.nights)
    print(f"FAILED, files in {home}" if wrong else "OK: every event told once, nothing else")
    if not (wrong or args.keep):
        shutil.rmtree(home)
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.soak.month", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--nights", type=int, default=NIGHTS)
    parser.add_argument("--kill", action="store_true", help="SIGKILL in every night")
    parser.add_argument("--seed", type=int, default=2026, help="of the moments of the kills")
    parser.add_argument("--policy", choices=POLICIES, default="always")
    parser.add_argument("--backend", choices=("asyncio", "threads"), default="asyncio")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--no-full", dest="full", action="store_false", help="no full crawls")
    parser.add_argument("--keep", action="store_true", help="leave the files behind")
    parser.add_argument("--dir", type=Path, help="where the files are")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
