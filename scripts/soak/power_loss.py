"""Cut the power after any write of a run with `durability: power_loss`, go on, compare.

    python -m scripts.soak.power_loss [--losses 1000] [--seed S]

A small crawl with an output of every form and mode is recorded with strace: fresh, resumed after a
kill, on threads. For each of many moments the folder is rebuilt as a disk may have it after a loss
of power: what was synced, and of all else nothing, everything, or a random part. From there the
same command must come to the end of the undisturbed run. Exits with 1 if not; skips, and exits
with 2, where nothing can be recorded.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from scripts.soak.comparison import differences, problems
from scripts.soak.disk_model import Disk, folder_content, make_folder
from scripts.soak.disk_record import Event, events_of, missing, record
from scripts.soak.killed_process import kill_group, said, start
from scripts.soak.left_files import LeftFiles
from scripts.soak.seeded_job import Wish, write_job
from scripts.soak.site_process import SiteProcess

PAGES = 60
HOSTS = 2
#: Shares of what was not synced that the disk has got to.
KEEPS = (0.0, 1.0, 0.5, 0.5, 0.9, 0.1)
_PATIENCE = 120.0

Content = dict[str, bytes | None]


@dataclass(frozen=True, slots=True)
class Recording:
    """A run that was recorded.

    Attributes:
        name: Of it, for people.
        folder: Where it ran, and where it is gone on with: its marks name their files in full.
        before: What was in the folder.
        events: What was done to it.
        calm: What the run left, aside.
    """

    name: str
    folder: Path
    before: Content
    events: list[Event]
    calm: LeftFiles


@dataclass(frozen=True, slots=True)
class Loss:
    """A moment at which the power is cut.

    Attributes:
        upto: Events that came before.
        keep: Share of what was not synced that the disk has.
        seed: Of which share that is.
    """

    upto: int
    keep: float
    seed: int


def recording(site: SiteProcess, folder: Path, wish: Wish, *, killed_at: int = 0) -> Recording:
    """Record a run; with `killed_at`, the one that goes on after a kill at so many URLs.

    Raises:
        RuntimeError: It does not end well.
    """
    site.next_round()
    write_job(folder, site.starts(), wish)
    if killed_at:
        process = start(folder)
        while site.distinct < killed_at and process.poll() is None:
            time.sleep(0.001)
        kill_group(process)
    (folder / "stderr").unlink(missing_ok=True)
    before = folder_content(folder)
    log = folder.parent / f"{folder.name}.strace"
    code = record([sys.executable, "-m", "crawler", "soak.yaml"], folder, log)
    calm = LeftFiles(folder.parent / f"{folder.name}-calm")
    make_folder(calm.folder, folder_content(folder))
    found = problems(calm) if code == 0 else [f"it ended with {code}"]
    if found:
        raise RuntimeError(f"undisturbed, under strace: {'; '.join(found)}; see {folder}.stderr")
    events = events_of(log, folder, before)
    return Recording(folder.name, folder, before, events, calm)


def losses(events: int, wanted: int, chance: random.Random) -> list[Loss]:
    """Return moments: each prefix in turn before any twice, with all ways to lose a part."""
    found: list[Loss] = []
    while len(found) < wanted:
        step = max(1.0, events / (wanted - len(found)))
        shift = chance.random() * step
        places = sorted({min(events, int(shift + step * n)) for n in range(int(events / step) + 1)})
        found += [Loss(at, chance.choice(KEEPS), chance.randrange(1 << 32)) for at in places]
    return sorted(found[:wanted], key=lambda loss: loss.upto)


def states(one: Recording, moments: list[Loss]) -> Iterator[tuple[Loss, Content]]:
    """Yield what each loss leaves; the same state only once. Moments come in order of time."""
    disk, applied, seen = Disk(one.before), 0, set()
    for loss in moments:
        for event in one.events[applied : loss.upto]:
            disk.apply(event)
        applied = loss.upto
        content = disk.after_power_loss(random.Random(loss.seed), loss.keep)
        digest = hashlib.sha256(repr(sorted(content.items())).encode()).digest()
        if digest not in seen:
            seen.add(digest)
            yield loss, content


def after(one: Recording, content: Content) -> list[str]:
    """Go on from what a loss left; return how the end differs from the undisturbed run's."""
    make_folder(one.folder, content)
    files = LeftFiles(one.folder)
    on_record = "state/soak/crawl.sqlite" in content and files.is_on_record()
    if not on_record:
        try:
            code = start(one.folder).wait(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            return [f"it did not end in {_PATIENCE:.0f} s"]
        if code:
            return [f"it ended with {code}: {said(one.folder)}"]
    try:
        found = problems(files, tidied=not on_record) + differences(one.calm, files)
    except (ValueError, LookupError, EOFError, OSError) as error:
        return [f"a file of the run cannot be read: {error!r}"]
    return [f"on record as finished, but {text}" for text in found] if on_record else found


def soak(one: Recording, wanted: int, chance: random.Random) -> tuple[int, list[str]]:
    """Cut the power so many times; print what goes wrong; return states tried and violations."""
    tried, violations = 0, []
    for loss, content in states(one, losses(len(one.events), wanted, chance)):
        tried += 1
        found = after(one, content)
        if found:
            last = one.events[loss.upto - 1] if loss.upto else None
            where = "at the start" if last is None else f"{last.kind} {last.path} {last.target}"
            what = f"{one.name}, event {loss.upto} ({where.strip()}), kept {loss.keep:.0%}"
            violations.append(f"{what}: {'; '.join(found[:3])}")
            kept = one.folder.parent / f"{one.name}-loss-{loss.upto}-{loss.seed}"
            make_folder(kept, content)
            print(f"VIOLATION {violations[-1]}; rebuilt in {kept}", flush=True)
        if tried % 100 == 0:
            print(f"{one.name}: {tried} losses, {len(violations)} violations", flush=True)
    return tried, violations


def recordings(site: SiteProcess, home: Path, chance: random.Random) -> list[Recording]:
    """Record each kind of run."""
    safe = Wish(durability="power_loss")
    threads = Wish("threads", durability="power_loss")
    found = [
        recording(site, home / "fresh", safe),
        recording(site, home / "resumed", safe, killed_at=chance.randrange(5, PAGES)),
        recording(site, home / "threads", threads),
    ]
    for one in found:
        syncs = sum(event.kind.startswith("sync") for event in one.events)
        print(f"{one.name}: {len(one.events)} events, {syncs} of them syncs", flush=True)
    return found


def main() -> int:
    """Run the soak and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--losses", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--workers", type=int, default=2, help="how many go on at a time")
    parser.add_argument("--keep", action="store_true", help="leave the folders of the runs behind")
    args = parser.parse_args()
    if reason := missing():
        print(f"skipped: {reason}")
        return 2
    home = Path(tempfile.mkdtemp(prefix="power-loss-")).resolve()
    print(f"seed {args.seed}, {args.losses} losses, files in {home}", flush=True)
    chance = random.Random(args.seed)
    with SiteProcess(args.seed, pages=PAGES, hosts=HOSTS, quick=True) as site:
        found = recordings(site, home, chance)
        each = -(-args.losses // len(found))
        with ThreadPoolExecutor(args.workers) as pool:
            jobs = [
                pool.submit(soak, one, each, random.Random(f"{args.seed} {one.name}"))
                for one in found
            ]
            ends = [job.result() for job in jobs]
    tried, wrong = sum(end[0] for end in ends), sum(len(end[1]) for end in ends)
    print(f"{tried} different states after a loss of power, {wrong} that end otherwise")
    print(f"FAILED, files in {home}" if wrong else "OK: nothing lost, nothing twice")
    if not (wrong or args.keep):
        shutil.rmtree(home)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
