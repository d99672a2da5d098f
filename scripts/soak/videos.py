"""Short clips through `crawler transcode`: one worker and two, killed in the middle, and resumed.

    python -m scripts.soak.videos [--clips 19] [--turns 3]

The clips are of ffmpeg's test sources, 4 s of 1280 by 720; a text file called a video lies among
them. One worker and two, with one thread each, take turns; then a run of two workers is killed with
SIGKILL, no ffmpeg may be left after it, and the same command is to make what is missing and nothing
else. Exits with 1 if something is not as it should be. Needs ffmpeg.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from scripts.soak.wrongs import tell_wrongs

_SOURCES = ("testsrc2", "mandelbrot", "testsrc", "smptehdbars")
#: Seconds into a run at which it is killed; and until nothing of it may be left.
_KILL, _GONE = 5.0, 3.0


def make_clips(folder: Path, count: int) -> None:
    """Write clips, and a text file among them."""
    folder.mkdir(parents=True)
    for number in range(count):
        source = f"{_SOURCES[number % len(_SOURCES)]}=size=1280x720:rate=25"
        command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-t", "4"]
        quick = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
        subprocess.run([*command, *quick, str(folder / f"clip{number:02}.mp4")], check=True)
    (folder / "notes.mp4").write_text("no video at all\n" * 50, encoding="utf-8")


def _command(clips: Path, out: Path, workers: int) -> list[str]:
    start = [sys.executable, "-m", "crawler", "transcode", str(clips), "-o", str(out)]
    return [*start, "--height", "480", "--workers", str(workers), "--threads-per-job", "1"]


def _run(clips: Path, out: Path, workers: int) -> tuple[float, int, str]:
    began = time.monotonic()
    done = subprocess.run(
        _command(clips, out, workers), capture_output=True, text=True, check=False
    )
    last = " ".join(line.strip() for line in done.stderr.splitlines()[-3:-1])
    return time.monotonic() - began, done.returncode, last


def _lines(out: Path) -> list[dict[str, Any]]:
    text = (out / "transcode.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def _of(folder: Path) -> list[int]:
    """Return the processes whose command names a folder."""
    found = []
    for one in Path("/proc").iterdir():
        try:
            said = (one / "cmdline").read_bytes() if one.name.isdigit() else b""
        except OSError:
            continue
        if os.fsencode(folder) in said and int(one.name) != os.getpid():
            found.append(int(one.name))
    return found


def _raced(clips: Path, folder: Path, turns: int) -> list[str]:
    taken: dict[int, list[float]] = {1: [], 2: []}
    wrong = []
    for turn in range(turns):
        for workers in (1, 2) if turn % 2 == 0 else (2, 1):
            out = folder / f"out-{turn}-{workers}"
            seconds, code, said = _run(clips, out, workers)
            taken[workers].append(seconds)
            print(
                f"turn {turn + 1}: {workers} workers: {seconds:.1f} s, exit {code}: {said}",
                flush=True,
            )
            classes = Counter((line["error"] or {}).get("class", "done") for line in _lines(out))
            if code != 3 or classes != {"done": len(_lines(out)) - 1, "not_video": 1}:
                wrong.append(f"exit {code}, {dict(classes)}")
    one, two = (statistics.median(taken[workers]) for workers in (1, 2))
    print(f"medians: 1 worker {one:.1f} s, 2 workers {two:.1f} s: {two / one:.2f}")
    return wrong


def _killed(clips: Path, out: Path) -> list[str]:
    run = subprocess.Popen(_command(clips, out, 2), stderr=subprocess.DEVNULL)
    time.sleep(_KILL)
    run.send_signal(signal.SIGKILL)
    run.wait()
    until = time.monotonic() + _GONE
    while _of(out) and time.monotonic() < until:
        time.sleep(0.02)
    left, made = _of(out), sorted(out.glob("*.mp4"))
    before = {path: path.stat().st_mtime_ns for path in made}
    gone = _GONE - (until - time.monotonic())
    print(f"killed after {_KILL:.0f} s: {len(made)} made; {len(left)} left after {gone:.2f} s")
    wrong = [f"left after the kill: {left}"] if left else []
    seconds, code, said = _run(clips, out, 2)
    print(f"the same command: {seconds:.1f} s, exit {code}: {said}")
    wrong += [f"made again: {path}" for path in made if path.stat().st_mtime_ns != before[path]]
    lines = _lines(out)
    whole = [line for line in lines if line["status"] == "done" and (out / line["path"]).is_file()]
    if code != 3 or len(whole) != len(lines) - 1 or list(out.glob(".*.part")):
        wrong.append(f"{len(whole)} of {len(lines)} are there, exit {code}")
    return wrong


def main() -> int:
    """Make clips, race, kill."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=19)
    parser.add_argument("--turns", type=int, default=3)
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clips-") as made:
        folder = Path(made)
        make_clips(folder / "in", wish.clips)
        wrong = _raced(folder / "in", folder, wish.turns)
        wrong += _killed(folder / "in", folder / "killed")
    return tell_wrongs(wrong)


if __name__ == "__main__":
    sys.exit(main())
