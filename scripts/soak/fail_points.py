"""End a small job at every fail point, at its first hit, its second and so on; go on; compare.

    python -m scripts.soak.fail_points [--kinds kill,raise,enospc,eio,term] [--twice]
        [--only PREFIX] [--backend threads] [--slots] [--retry] [--share 0.2 --seed 1]
        [--incremental]

The loop is SQLite's: for each point the number of the hit is raised until it is not reached any
more. After each failure the same command is given again, and what it leaves is compared with what
undisturbed runs leave: every output, the quarantine, the list of URLs and the books. A run that is
over on record is followed by another one, which must find everything in order. With --incremental
the start that fails is that of a job's third night, in which items change in every way that there
is; its events are an output, too. With --twice the
start that goes on after a kill is ended as well, at each of its points. Exits with 1 if a record
is lost or doubled, a file is corrupt, or an exit code does not tell the truth.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from crawler.fail_points import POINTS, VARIABLE
from scripts.soak.small_job import JOB, NIGHT, Harvest, SmallSite, harvest, write_small_job

ROOT = Path(__file__).parents[2]
#: The exit code of each kind of failure.
CODES = {"kill": (-9,), "raise": (1,), "enospc": (5,), "eio": (5,), "term": (143, 0)}
#: One of these is said by a start that fails, unless it is killed.
WORDS = ("error:", "go on with:", "nothing was fetched")
#: Points at which a disk has no part, or where what had to be written is written already.
NO_DISK = (
    "page.", "callback.", "transform.", "slot.", "slots.", "turn.", "recover.", "finish.", "again.",
    "settle.", "wipe.", "store.make.after", "begin.after", "end.after", "checkpoint.",
)  # fmt: skip
#: First failures, after which a start has something to recover.
WOUNDS = (
    "commit.after:1:kill", "output.write.half:4:kill", "output.write.after:9:kill",
    "callback.after:5:kill", "replace.after:1:kill", "swap.after:1:kill", "swap.after:2:kill",
    "ledger.rename.after:1:kill", "end.before:1:kill",
)  # fmt: skip
_SECONDS = 60


class Failure(NamedTuple):
    """One failure of one start."""

    point: str
    hit: int
    kind: str

    def __str__(self) -> str:
        return f"{self.point}:{self.hit}:{self.kind}"


@dataclass(slots=True)
class Tried:
    """What came of the failures at one point.

    Attributes:
        hits: At which it was tried.
        wrong: Everything else that was not as it should be, with the failure before it.
    """

    hits: int = 0
    lost: int = 0
    doubled: int = 0
    corrupt: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def bad(self) -> bool:
        """Anything at all was not as it should be."""
        return bool(self.lost or self.doubled or self.corrupt or self.wrong)


class Bench:
    """A site, and what undisturbed runs of the job leave: `with Bench(home, ...) as bench`.

    Args:
        home: Where jobs get their folders.
        backend: `run.backend`.
        slots: The step runs in a process slot.
        retry: The site has the page that wants to be asked again, for a second each time.
        incremental: What fails is the third night of a job that tells events.
    """

    def __init__(
        self, home: Path, *, backend: str, slots: bool, retry: bool, incremental: bool = False
    ) -> None:
        self._home = home
        self._incremental = incremental
        self._before: Path | None = None  # the job after two nights
        self._backend = backend
        self._slots = slots
        self._site = SmallSite(retry=retry)
        self._folders = 0
        self._calm: tuple[Harvest, Harvest]

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._site)
            if self._incremental:
                self._before = self._two_nights()
            folder = self._job()
            self._calm = (self._undisturbed(folder), self._undisturbed(folder))
            stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._site.__exit__(kind, error, trace)

    def _two_nights(self) -> Path:
        folder = self._job()
        for night in range(NIGHT):
            self._site.night = night
            self._undisturbed(folder)
        self._site.night = NIGHT
        return folder

    def _undisturbed(self, folder: Path) -> Harvest:
        self._site.begin_again()
        ended = start(folder)
        found = harvest(folder, self._site.url)
        if ended.returncode or found.corrupt or found.strays or found.repeated_ids:
            raise RuntimeError(f"undisturbed: {ended.returncode}, {found}, {ended.stderr}")
        return found

    def _job(self) -> Path:
        self._folders += 1
        # The last folder's name stands in what a step that fails says of itself.
        folder = self._home / f"{threading.get_ident()}-{self._folders}" / "job"
        if self._before is not None:
            shutil.copytree(self._before, folder)
            return folder
        write_small_job(
            folder, self._site.url, backend=self._backend, slots=self._slots,
            incremental=self._incremental,
        )  # fmt: skip
        return folder

    def try_out(self, failures: Sequence[Failure | str], tried: Tried) -> bool:
        """Run a job whose starts fail one after the other, then let it end, and compare.

        Args:
            failures: The failures; the last one is what is tried.
            tried: Is added to.

        Returns:
            False if the last one was not reached.
        """
        folder = self._job()
        self._site.begin_again()
        for failure in failures:
            ended = start(folder, str(failure))
            if not reached(folder, str(failure)):
                shutil.rmtree(folder.parent)
                return False
            wanted = CODES[str(failure).rpartition(":")[2]]
            words = any(word in ended.stderr for word in WORDS)
            said = ended.returncode in (-9, 0) or words
            if ended.returncode not in wanted or not said or "Traceback" in ended.stderr:
                tried.wrong.append(f"{failure}: exit {ended.returncode}: {ended.stderr[-300:]}")
        tried.hits += 1
        before = (tried.lost, tried.doubled, tried.corrupt, len(tried.wrong))
        name = " then ".join(map(str, failures))
        over = ended_runs(folder) > (NIGHT if self._incremental else 0)
        if not over:
            self._go_on(folder, name, tried)
        self._compare(folder, 0, f"{name}, resumed", tried, tidy=not over)
        if over:
            self._go_on(folder, name, tried)
            self._compare(folder, 1, f"{name}, next run", tried, tidy=True)
        if before == (tried.lost, tried.doubled, tried.corrupt, len(tried.wrong)):
            shutil.rmtree(folder.parent)
        return True

    def _go_on(self, folder: Path, name: str, tried: Tried) -> None:
        ended = start(folder)
        if ended.returncode:
            tried.wrong.append(f"{name}: then exit {ended.returncode}: {ended.stderr[-300:]}")

    def _compare(self, folder: Path, runs: int, name: str, tried: Tried, *, tidy: bool) -> None:
        found, calm = harvest(folder, self._site.url), self._calm[runs]
        if tidy and found.strays:
            tried.wrong.append(f"{name}: {found.strays} left behind; see {folder}")
        lost, doubled = found.lost(calm), found.doubled(calm)
        tried.lost += lost
        tried.doubled += doubled + len(found.repeated_ids)
        tried.corrupt += len(found.corrupt)
        if lost or doubled or found.corrupt or found.repeated_ids:
            tried.wrong.append(
                f"{name}: {lost} lost, {doubled} doubled, {found.corrupt} {found.repeated_ids};"
                f" see {folder}"
            )


def start(folder: Path, failure: str = "") -> subprocess.CompletedProcess[str]:
    """Start the job once, and wait for its end."""
    hits = folder / "hits"
    hits.unlink(missing_ok=True)
    wish = {VARIABLE: f"{failure},list:{hits}"} if failure else {}
    kept = {name: value for name, value in os.environ.items() if name != VARIABLE}
    return subprocess.run(
        [sys.executable, "-m", "crawler", "small.yaml"],
        cwd=folder,
        env={**kept, **wish, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


def reached(folder: Path, failure: str) -> bool:
    """Tell whether the last start got to its failure."""
    point, hit, _ = failure.split(":")
    hits = folder / "hits"
    return hits.exists() and hits.read_text().split().count(point) >= int(hit)


def ended_runs(folder: Path) -> int:
    """Return how many runs of the job are over, on record."""
    path = folder / "state" / JOB / "crawl.sqlite"
    if not path.exists():
        return 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name='setting'").fetchone():
            return 0
        settings = dict(db.execute("SELECT name, value FROM setting"))
    return int(settings.get("run_no", 0)) - (settings.get("run_state") != "finished")


def points(kind: str, only: str) -> list[str]:
    """Return the points at which a kind of failure can happen."""
    disk = kind in ("enospc", "eio")
    return [
        one for one in POINTS if one.startswith(only) and not (disk and one.startswith(NO_DISK))
    ]


def plans(kinds: Sequence[str], only: str, *, twice: bool) -> Iterator[tuple[str, str, str]]:
    """Yield what is to be tried: an earlier failure or "", a point, a kind."""
    for kind in kinds:
        for point in points(kind, only):
            yield "", point, kind
    if twice:
        for wound in WOUNDS:
            for point in points("kill", only):
                yield wound, point, "kill"


def exhaust(bench: Bench, wound: str, point: str, kind: str) -> Tried:
    """Raise the number of the hit until the point is not reached any more."""
    tried = Tried()
    first = [wound] if wound else []
    for hit in range(1, 1000):
        if not bench.try_out([*first, Failure(point, hit, kind)], tried):
            break
    return tried


def soak(home: Path, work: Sequence[tuple[str, str, str]], args: argparse.Namespace) -> list[str]:
    """Do all of it on two cores, printing a line for each point; return what went wrong."""
    left = iter(work)
    taking = threading.Lock()
    found: list[str] = []
    total: Counter[str] = Counter()

    def run() -> None:
        setting = {
            "backend": args.backend, "slots": args.slots, "retry": args.retry,
            "incremental": args.incremental,
        }  # fmt: skip
        with Bench(home, **setting) as bench:
            while True:
                with taking:
                    plan = next(left, None)
                if plan is None:
                    return
                tried = exhaust(bench, *plan)
                with taking:
                    total.update(hits=tried.hits, lost=tried.lost, doubled=tried.doubled,
                                 corrupt=tried.corrupt, wrong=len(tried.wrong))  # fmt: skip
                    found.extend(tried.wrong)
                    if tried.hits or tried.bad:
                        _print_row(*plan, tried)

    print(f"{'first':<28}{'point':<22}{'kind':<8}{'hits':>5}{'lost':>6}{'twice':>6}{'corrupt':>8}")
    with ThreadPoolExecutor(args.workers) as pool:
        for future in [pool.submit(run) for _ in range(args.workers)]:
            future.result()
    print(dict(total))
    return found


def _print_row(wound: str, point: str, kind: str, tried: Tried) -> None:
    counts = f"{tried.hits:>5}{tried.lost:>6}{tried.doubled:>6}{tried.corrupt:>8}"
    print(f"{wound:<28}{point:<22}{kind:<8}{counts}{'  WRONG' if tried.bad else ''}", flush=True)


def main() -> int:
    """Run the soak and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--kinds", default="kill", help="of kill, raise, enospc, eio, term")
    parser.add_argument("--twice", action="store_true", help="fail while recovering, too")
    parser.add_argument("--only", default="", metavar="PREFIX", help="points that begin so")
    parser.add_argument("--backend", choices=["asyncio", "threads"], default="asyncio")
    parser.add_argument("--slots", action="store_true", help="items go through a process slot")
    parser.add_argument("--retry", action="store_true", help="a page is there at the second try")
    parser.add_argument("--incremental", action="store_true", help="fail in a job's third night")
    parser.add_argument("--workers", type=int, default=2, help="jobs at a time")
    parser.add_argument("--share", type=float, default=1.0, help="of the plans, by chance: 0 to 1")
    parser.add_argument("--seed", type=int, default=1, help="of that chance")
    args = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="fail-points-"))
    began, chance = time.monotonic(), random.Random(args.seed)
    kinds = [kind for kind in args.kinds.split(",") if kind]
    work = list(plans(kinds, args.only, twice=args.twice))
    found = soak(home, [one for one in work if chance.random() < args.share], args)
    for problem in found:
        print(f"VIOLATION {problem}")
    print(f"{'FAILED' if found else 'OK'} after {time.monotonic() - began:.0f} s")
    if not found:
        shutil.rmtree(home)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
