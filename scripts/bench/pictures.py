"""Pictures of a list, made small: the cost to us, img2dataset, and threads, requests, Pillow.

    python -m scripts.bench.pictures [--count 1500] [--turns 3]

nginx serves JPEGs of 0.3 to 0.8 megapixels on loopback. Each program fetches all of them and makes
JPEGs of quality 90 that fit into 256 by 256; the crawler keeps the originals as well, and decodes
to verify. The peers run in a venv of their own, which is made once. Needs nginx and the extra
`images`; on Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from scripts.bench.docs_site import DocsSite
from scripts.bench.measured import Cost, busy_cores, run_measured
from scripts.bench.paired import Run, median_of, order, ratio
from scripts.bench.picture_set import make_photos
from scripts.bench.programs import CACHE, HERE

US, IMG2DATASET, THREADS = "crawler", "img2dataset", "threads + requests + Pillow"
TOGETHER = 16


def job_of(listed: Path, folder: Path, backend: str = "asyncio") -> Path:
    """Write the job that fetches a list and makes its pictures small; return its file."""
    path = folder / "job.yaml"
    job = {
        "version": 1, "name": "pictures", "start": {"from_file": str(listed)},
        "scope": {"follow": False}, "run": {"backend": backend},
        "fetch": {
            "robots": "ignore", "private_addresses": "allow", "concurrency": TOGETHER,
            "per_host": {"concurrency": TOGETHER, "delay": "0s", "adaptive": False},
        },
        "files": {"path": "images/{sha256:2}/{sha256}{ext}", "verify": "decode"},
        "transform": {"steps": [{
            "resize": {"fit": "256x256"}, "save_as": "small/{sha256:2}/{sha256}.jpg", "quality": 90,
        }]},
        "output": [{"path": "manifest.jsonl", "mode": "replace"}],
    }  # fmt: skip
    path.write_text(json.dumps(job), encoding="utf-8")
    return path


def _ours(listed: Path, folder: Path, backend: str = "asyncio") -> Cost:
    job = job_of(listed, folder, backend)
    command = [sys.executable, "-m", "crawler", str(job), "--dir", str(folder), "-q"]
    cost = run_measured([*_prefix(), *command], folder=folder)
    lines = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    good = [line for line in lines if line["status"] == "stored"]
    _expect(listed, len(good), sum(1 for line in good if (folder / line["resized"]).is_file()))
    return cost


def _img2dataset(listed: Path, folder: Path) -> Cost:
    out = folder / "out"
    command = [
        str(CACHE / "pictures/bin/img2dataset"), "--url_list", str(listed), "--input_format", "txt",
        "--output_folder", str(out), "--output_format", "files", "--image_size", "256",
        "--resize_mode", "keep_ratio_largest", "--resize_only_if_bigger", "True",
        "--encode_quality", "90", "--processes_count", "2", "--thread_count", str(TOGETHER // 2),
        "--number_sample_per_shard", "250",
    ]  # fmt: skip
    cost = run_measured([*_prefix(), *command], folder=folder)
    _expect(listed, len(list(out.rglob("*.jpg"))))
    return cost


def _threads(listed: Path, folder: Path) -> Cost:
    python, script = CACHE / "pictures/bin/python", HERE / "peers/pillow_peer.py"
    command = [str(python), str(script), str(listed), str(folder / "out"), str(TOGETHER)]
    cost = run_measured([*_prefix(), *command], folder=folder)
    _expect(listed, len(list((folder / "out").glob("*.jpg"))))
    return cost


def _expect(listed: Path, *counts: int) -> None:
    wanted = len(listed.read_text(encoding="utf-8").split())
    if any(count != wanted for count in counts):
        raise RuntimeError(f"{counts} pictures of {wanted}")


def _prefix() -> list[str]:
    """Return what lets a command go before all others, where we may say so."""
    chrt = shutil.which("chrt")
    if (
        chrt
        and subprocess.run([chrt, "-r", "10", "true"], capture_output=True, check=False).returncode
        == 0
    ):
        return [chrt, "-r", "10"]
    return []


def _make_venv() -> None:
    folder = CACHE / "pictures"
    if (folder / "bin/img2dataset").exists():
        return
    print(f"making a venv with img2dataset in {folder}", flush=True)
    venv.create(folder, with_pip=True, clear=True)
    pip = [
        str(folder / "bin/python"),
        "-m",
        "pip",
        "install",
        "-q",
        "img2dataset",
        "requests",
        "pillow",
    ]
    subprocess.run(pip, check=True)


def _table(runs: Sequence[Run], names: Sequence[str], count: int) -> None:
    print(
        f"\n{'program':30} {'wall s':>8} {'CPU ms/picture':>15} {'of theirs':>10} {'peak MiB':>9}"
    )
    for name in names:
        cost, share = median_of(runs, name), ratio(runs, US, name, lambda one: one.cpu)
        if cost is None:
            why = next((run.why_not for run in runs if run.program == name), "")
            print(f"{name:30} {why}")
            continue
        print(
            f"{name:30} {cost.seconds:8.2f} {cost.cpu / count * 1000:15.2f}"
            f" {share or 0:10.2f} {sum(cost.peaks_mib):9.0f}"
        )


def _taken(
    programs: Mapping[str, Callable[[Path, Path], Cost]], listed: Path, folder: Path, turns: int
) -> Iterator[Run]:
    for turn in range(turns):
        for name in order(list(programs), turn):
            # Nothing is deleted before the end: for minutes after it ext4 looks at each name that
            # it makes for one that is free, which costs more than the picture.
            place = folder / f"{turn}-{list(programs).index(name)}"
            place.mkdir(parents=True)
            cost, why = None, ""
            try:
                cost = programs[name](listed, place)
            except RuntimeError as error:
                why = str(error)
            said = f"{cost.seconds:.2f} s wall, {cost.cpu:.2f} s CPU" if cost else why
            print(f"turn {turn + 1}: {name}: {said}", flush=True)
            yield Run(program=name, turn=turn, cost=cost, why_not=why)


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_500)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--ours", action="store_true", help="measure the crawler alone")
    wish = parser.parse_args()
    programs: dict[str, Callable[[Path, Path], Cost]] = {
        US: _ours, f"{US}, threads": partial(_ours, backend="threads"),
    }  # fmt: skip
    if not wish.ours:
        _make_venv()
        programs |= {IMG2DATASET: _img2dataset, THREADS: _threads}
    work = CACHE / "picture-bench"
    make_photos(work / "site", wish.count)
    with DocsSite(work / "site") as site:
        listed = work / "list.txt"
        listed.write_text(
            "".join(f"{site.url}{n}.jpg\n" for n in range(wish.count)), encoding="utf-8"
        )
        print(f"{busy_cores():.2f} cores are busy with other work")
        runs = list(_taken(programs, listed, work / f"run-{os.getpid()}", wish.turns))
    _table(runs, list(programs), wish.count)
    for old in work.glob("run-*"):
        shutil.rmtree(old)
    return 0


if __name__ == "__main__":
    sys.exit(main())
