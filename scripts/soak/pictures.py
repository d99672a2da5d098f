"""Lists of pictures: killed in the middle, of a hundred thousand, with every tenth line broken.

    python -m scripts.soak.pictures kill [--count 1500] [--kills 3] [--backend threads]
    python -m scripts.soak.pictures many [--count 100000] [--backend threads]
    python -m scripts.soak.pictures broken [--count 200] [--backend threads]

`kill`: SIGKILL at random moments, the same command again until it ends; no file may be half
written, none fetched twice beyond what was in flight and one batch, and each line is to have its
line. `many`: memory over time, pictures a second, files in a folder. `broken`: the classes of
errors in the manifest, each breakage by itself. Exits with 1 if something is not as it should be.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from scripts.bench.docs_site import DocsSite
from scripts.bench.picture_set import make_dots, make_photos
from scripts.bench.pictures import TOGETHER, job_of
from scripts.bench.process_tree import children
from scripts.bench.programs import CACHE
from scripts.soak.broken_pictures import BreakingSite, broken_list
from scripts.soak.wrongs import tell_wrongs

#: Pages of one group commit: what a kill may cost beside those in flight.
BATCH = 200
#: Seconds between two looks at the memory.
_LOOK = 2.0


def _command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "crawler", str(folder / "job.yaml"), "--dir", str(folder), "-q"]


def lines_of(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of the manifest."""
    text = (folder / "manifest.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def half_written(folder: Path, lines: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield what is not whole: files by their hash, pictures by decoding them."""
    for path in (folder / "images").rglob("*"):
        placed = path.is_file() and ".parts" not in str(path.parent)
        if placed and path.stem != hashlib.sha256(path.read_bytes()).hexdigest():
            yield str(path)
    for line in lines:
        if line.get("resized"):
            with Image.open(folder / line["resized"]) as image:
                image.load()


def _kill_and_go_on(wish: argparse.Namespace, folder: Path, site: DocsSite) -> tuple[int, int]:
    """Kill runs until it was done often enough; return how often that was, and the last exit."""
    dice, killed = random.Random(wish.seed), 0
    while True:
        answers = site.answered() + dice.randrange(wish.count // (wish.kills + 1)) + 20
        run = subprocess.Popen(_command(folder))
        while killed < wish.kills and run.poll() is None and site.answered() < answers:
            time.sleep(0.002)
        if killed == wish.kills or run.poll() is not None:
            return killed, run.wait()
        run.send_signal(signal.SIGKILL)
        run.wait()
        killed += 1
        print(f"killed after {site.answered()} answers", flush=True)


def kill(wish: argparse.Namespace, folder: Path) -> list[str]:
    """Kill a run several times; return what is wrong."""
    site_folder = CACHE / "picture-bench/site"
    make_photos(site_folder, wish.count)
    with DocsSite(site_folder) as site:
        listed = folder / "list.txt"
        listed.write_text("".join(f"{site.url}{n}.jpg\n" for n in range(wish.count)), "utf-8")
        job_of(listed, folder, wish.backend)
        killed, code = _kill_and_go_on(wish, folder, site)
        fetches = site.fetches()
    wrong = [f"the last run ended with {code}"] if code else []
    lines = lines_of(folder)
    wrong += [f"half written: {one}" for one in half_written(folder, lines)]
    twice = sum(count - 1 for count in fetches.values())
    allowed = killed * (TOGETHER + BATCH)
    said = Counter(line["status"] for line in lines)
    print(f"{killed} kills; {len(lines)} lines {dict(said)}; fetched again: {twice} of {allowed}")
    if len({line["url"] for line in lines}) != wish.count or len(lines) != wish.count:
        wrong.append(f"{len(lines)} lines for {wish.count} inputs")
    if set(said) - {"stored", "kept"}:
        wrong.append(f"not all are there: {said}")
    if twice > allowed:
        wrong.append(f"{twice} were fetched again")
    return wrong


def many(wish: argparse.Namespace, folder: Path) -> list[str]:
    """Fetch very many tiny pictures; return what is wrong."""
    site_folder = folder / "site"
    make_dots(site_folder, wish.count)
    with DocsSite(site_folder) as site:
        listed = folder / "list.txt"
        with listed.open("w", encoding="utf-8") as file:
            file.writelines(f"{site.url}{n // 1_000}/{n}.png\n" for n in range(wish.count))
        path = job_of(listed, folder, wish.backend)
        job = json.loads(path.read_text(encoding="utf-8"))
        del job["transform"]
        job["files"]["verify"] = "header"
        path.write_text(json.dumps(job), encoding="utf-8")
        began = time.monotonic()
        run = subprocess.Popen(_command(folder))
        looks = []
        while run.poll() is None:
            looks.append((time.monotonic() - began, site.answered(), _resident(run.pid)))
            time.sleep(_LOOK)
        seconds = time.monotonic() - began
    for at, answers, mib in looks[:: max(1, len(looks) // 10)]:
        print(f"{at:7.0f} s {answers:8} answers {mib:7.0f} MiB")
    lines = lines_of(folder)
    folders = Counter(line["path"].rsplit("/", 1)[0] for line in lines if line["path"])
    print(
        f"{len(lines)} lines in {seconds:.0f} s: {len(lines) / seconds:.0f} pictures/s;"
        f" {len(folders)} folders of {min(folders.values())} to {max(folders.values())} files"
    )
    wrong = [f"half written: {one}" for one in half_written(folder, ())]
    if Counter(line["status"] for line in lines) != {"stored": wish.count}:
        wrong.append("not all are there")
    half = [mib for at, _, mib in looks if at > seconds / 2]
    first = [mib for at, _, mib in looks if seconds / 4 < at <= seconds / 2]
    if first and half and max(half) > 1.25 * max(first):
        wrong.append(f"memory grew from {max(first):.0f} to {max(half):.0f} MiB")
    return wrong


def _resident(pid: int) -> float:
    """Return the MiB in memory of a process and its children."""
    total = 0.0
    for one in (pid, *children(pid)):
        try:
            pages = int(Path(f"/proc/{one}/statm").read_text(encoding="ascii").split()[1])
        except OSError:
            continue
        total += pages * 4 / 1024
    return total


def broken(wish: argparse.Namespace, folder: Path) -> list[str]:
    """Fetch a list of which every tenth line is broken in another way; return what is wrong."""
    wrong: list[str] = []
    with BreakingSite() as site:
        listed, expected = folder / "list.txt", broken_list(site, wish.count)
        listed.write_text("".join(f"{url}\n" for url, _, _ in expected), encoding="utf-8")
        path = job_of(listed, folder, wish.backend)
        job = json.loads(path.read_text(encoding="utf-8"))
        job["fetch"] |= {"retries": 0, "timeout": "2s", "deadline": "5s", "max_body": "1MiB"}
        job["files"] |= {"min_size": "32x32", "noai": "obey"}
        job["checks"] = {"max_failed": "50%"}
        path.write_text(json.dumps(job), encoding="utf-8")
        code = subprocess.run(_command(folder), check=False).returncode
    lines = lines_of(folder)
    by_url = {line["url"]: line for line in lines}
    print(f"exit {code}; {len(lines)} lines for {len(expected)} inputs")
    seen = set()
    for url, what, error in expected:
        line = by_url.get(url)
        found = "no line" if line is None else line["error"]
        if (what, found) not in seen:
            seen.add((what, found))
            reason = "" if line is None else (line["reason"] or "")
            print(f"  {what:34} {found or 'stored':16} {reason[:90]}")
        if found != error:
            wrong.append(f"{what}: {found}, not {error} ({url})")
    if len(lines) != len(expected):
        wrong.append(f"{len(lines)} lines for {len(expected)} inputs")
    wrong += [f"half written: {one}" for one in half_written(folder, lines)]
    return wrong


def main() -> int:
    """Run one of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["kill", "many", "broken"])
    parser.add_argument("--count", type=int)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--backend", default="asyncio", choices=["asyncio", "threads"])
    wish = parser.parse_args()
    run, count = {"kill": (kill, 1_500), "many": (many, 100_000), "broken": (broken, 200)}[
        wish.what
    ]
    wish.count = wish.count or count
    folder = CACHE / f"picture-{wish.what}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    wrong = run(wish, folder)
    return tell_wrongs(wrong, str(folder))


if __name__ == "__main__":
    sys.exit(main())
