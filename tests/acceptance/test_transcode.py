"""`crawler transcode`: videos by ffmpeg, in processes of their own."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import ROOT, Job, Ran, Site

FFMPEG = shutil.which("ffmpeg")
pytestmark = pytest.mark.skipif(FFMPEG is None, reason="ffmpeg is not installed")

#: Reads as slowly as the video plays while a file `slow` lies beside it.
PACED = """\
#!/bin/sh
case " $* " in *" -i "*) [ -e "{folder}/slow" ] && exec {ffmpeg} -re "$@" ;; esac
exec {ffmpeg} "$@"
"""
QUICK = ("--preset", "ultrafast", "--height", "64")


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a video of four seconds, with sound, that is quickly made and read."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=s=128x96:r=10:d=4",
         "-f", "lavfi", "-i", "sine=d=4", "-c:v", "libx264", "-preset", "ultrafast", "-threads",
         "1", "-c:a", "aac", str(path)],
        check=True, timeout=60,
    )  # fmt: skip
    return path


@pytest.fixture
def paced(job: Job, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return an environment in which ffmpeg takes as long as the video, while `slow` is there."""
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "ffmpeg"
    program.write_text(PACED.format(folder=job.folder, ffmpeg=FFMPEG))
    program.chmod(0o755)
    (job.folder / "slow").touch()
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def put(job: Job, clip: Path, *names: str) -> None:
    for name in names:
        path = job.folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(clip, path)


async def transcode(job: Job, *words: str, env: dict[str, str] | None = None) -> Ran:
    return await job.run("--", "transcode", *words, "-o", "out", *QUICK, env=env)


def lines(job: Job) -> dict[str, dict[str, Any]]:
    """Return the lines of the manifest by the names of their inputs, each of which has one."""
    raw = (job.folder / "out/transcode.jsonl").read_text().splitlines()
    told = {Path(one["input"]).name: one for one in map(json.loads, raw)}
    assert len(told) == len(raw)
    return told


def outputs(job: Job) -> dict[str, int]:
    """Return the files in the output folder with their inodes."""
    out = job.folder / "out"
    found = (path for path in out.rglob("*") if path.is_file() and path.name != "transcode.jsonl")
    return {str(path.relative_to(out)): path.stat().st_ino for path in found}


def probed(path: Path) -> tuple[str, int, int]:
    asked = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries",
             "stream=codec_name,width,height", "-of", "json", str(path)]  # fmt: skip
    said = subprocess.run(asked, check=True, capture_output=True, timeout=60).stdout
    stream = json.loads(said)["streams"][0]
    return stream["codec_name"], stream["width"], stream["height"]


def tools_at_work(folder: Path) -> Iterator[int]:
    """Yield the processes that have a file below a folder on their command line."""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"ffmpeg") and any(os.fsencode(folder) in word for word in words):
            yield int(place.name)


def parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


async def until_at_work(job: Job, count: int = 1) -> list[int]:
    for _ in range(3000):
        if len(found := list(tools_at_work(job.folder))) >= count:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError("no ffmpeg was started")


async def until_none_is_at_work(job: Job) -> None:
    for _ in range(1000):
        if not list(tools_at_work(job.folder)):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"still there: {list(tools_at_work(job.folder))}")


async def test_one_that_is_no_video_fails_alone_and_only_that_is_tried_again(
    job: Job, clip: Path
) -> None:
    odd = os.fsdecode(b"b\xff\n.mp4")
    put(job, clip, "a b.mp4", "-c.mov", odd, "sub/a b.mkv")
    (job.folder / "in/text.mp4").write_text("no video\n")

    first = await transcode(job, "in", "--workers", "2", "--json")
    made = outputs(job)
    again = await transcode(job, "in", "--workers", "2")

    assert first.code == again.code == 3, first.err
    assert set(made) == {"a b.mp4", "-c.mp4", "b%FF%0A.mp4", "sub/a b.mp4"}
    assert made == outputs(job)
    assert "4 done · 1 failed (not_video 1) · 0 unchanged" in first.err
    assert "0 done · 1 failed (not_video 1) · 4 unchanged" in again.err
    told = lines(job)
    assert len(told) == 5
    assert told["text.mp4"]["error"]["class"] == "not_video"
    assert told["text.mp4"]["path"] is None
    assert told["-c.mov"]["status"] == "done"
    assert probed(job.folder / "out/a b.mp4") == ("h264", 86, 64)
    result = json.loads(first.out)
    assert (result["exit"], result["done"], result["errors"]) == (3, 4, {"not_video": 1})


async def test_what_has_changed_is_made_anew_and_nothing_else(job: Job, clip: Path) -> None:
    put(job, clip, "a.mp4", "b.mp4", "c.mp4")
    (job.folder / "out").mkdir()
    (job.folder / "out/c.mp4").write_text("somebody's own\n")
    await transcode(job, "in/*.mp4")
    before = outputs(job)

    with (job.folder / "in/a.mp4").open("ab") as file:
        file.write(bytes(8))
    (job.folder / "in/b.mp4").touch()
    changed = await transcode(job, "in/*.mp4")
    after = outputs(job)
    other = await transcode(job, "in/*.mp4", "--crf", "40", "--on-exists", "replace")

    assert "1 done · 0 failed · 1 unchanged · 1 left alone" in changed.err
    assert [name for name in before if before[name] != after[name]] == ["a.mp4"]
    assert "3 done · 0 failed · 0 unchanged" in other.err
    assert other.code == 0
    assert {one["settings"]["crf"] for one in lines(job).values()} == {40}


async def test_a_crawls_manifest_is_a_list_of_videos(job: Job, clip: Path) -> None:
    put(job, clip, "one.mp4")
    rows = [
        {"url": "http://h/1", "path": "in/one.mp4", "error": None},
        {"url": "http://h/2", "path": None, "error": "timeout"},
        {"url": "http://h/3", "path": "in/gone.mp4", "error": None},
    ]
    (job.folder / "m.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    ran = await transcode(job, "m.jsonl")

    assert ran.code == 3
    assert "transcode of 2 files begins, 1 lines without a file" in ran.err
    told = lines(job)
    assert (told["one.mp4"]["url"], told["one.mp4"]["status"]) == ("http://h/1", "done")
    assert told["gone.mp4"]["error"]["class"] == "missing"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
async def test_killed_it_leaves_no_ffmpeg_and_the_next_run_goes_on(
    job: Job, clip: Path, paced: dict[str, str]
) -> None:
    put(job, clip, "a.mp4", "b.mp4", "c.mp4")
    words = ("--", "transcode", "in", "-o", "out", *QUICK, "--workers", "2")

    running = await job.start(*words, env=paced)
    await until_at_work(job, 2)
    os.kill(running.pid, signal.SIGKILL)
    await until_none_is_at_work(job)
    await running.kill()
    (job.folder / "slow").unlink()
    resumed = await job.run(*words, env=paced)

    assert resumed.code == 0, resumed.err
    assert set(outputs(job)) == {"a.mp4", "b.mp4", "c.mp4"}
    assert {one["status"] for one in lines(job).values()} == {"done"}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
async def test_a_slot_that_is_killed_is_replaced_and_its_ffmpeg_ends_with_it(
    job: Job, clip: Path, paced: dict[str, str]
) -> None:
    put(job, clip, "a.mp4")

    running = await job.start("--", "transcode", "in", "-o", "out", *QUICK, env=paced)
    (tool,) = await until_at_work(job)
    (job.folder / "slow").unlink()
    os.kill(parent_of(tool), signal.SIGKILL)
    ran = await running.end()

    assert ran.code == 0, ran.err
    assert "1 done · 0 failed" in ran.err
    await until_none_is_at_work(job)


async def test_ctrl_c_ends_it_with_the_command_that_goes_on(
    job: Job, clip: Path, paced: dict[str, str]
) -> None:
    put(job, clip, "a.mp4", "b.mp4")
    words = ("--", "transcode", "in", "-o", "out", *QUICK, "--workers", "1")

    running = await job.start(*words, env=paced)
    await until_at_work(job)
    running.send(signal.SIGINT)
    stopped = await running.end()

    assert stopped.code == 130
    assert "1 done · 0 failed" in stopped.err  # the one in flight was finished
    assert "go on with: python -m crawler transcode in -o out" in stopped.err
    assert list(outputs(job)) == ["a.mp4"]


async def test_an_ffmpeg_that_does_nothing_is_ended(
    job: Job, clip: Path, paced: dict[str, str]
) -> None:
    put(job, clip, "a.mp4")
    program = Path(paced["PATH"].partition(":")[0]) / "ffmpeg"
    hangs = f'#!/bin/sh\ncase " $* " in *" -i "*) exec sleep 60 ;; esac\nexec {FFMPEG} "$@"\n'
    program.write_text(hangs)

    ran = await transcode(job, "in", "--stall", "1s", env=paced)

    assert ran.code == 3
    assert lines(job)["a.mp4"]["error"] == {"class": "stalled", "message": "no progress for 1 s"}
    assert outputs(job) == {}


async def test_hostile_files_are_refused_before_they_are_decoded(
    job: Job, clip: Path, site: Site
) -> None:
    put(job, clip, "large.mp4", "cut.mkv")
    (job.folder / "in/list.mp4").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{site.url('/x.ts')}\n#EXT-X-ENDLIST\n"
    )
    (job.folder / "in/concat.mp4").write_text("ffconcat version 1.0\nfile large.mp4\n")
    (job.folder / "in/empty.mp4").touch()

    ran = await transcode(job, "in", "--max-pixels", "100x100")

    assert ran.code == 3
    classes = {name: one["error"]["class"] for name, one in lines(job).items()}
    assert classes == {
        "large.mp4": "too_large", "cut.mkv": "too_large", "list.mp4": "not_video",
        "concat.mp4": "not_video", "empty.mp4": "not_video",
    }  # fmt: skip
    assert not site.hits


async def test_what_cannot_be_is_said_before_anything_is_made(job: Job, clip: Path) -> None:
    put(job, clip, "a.mp4")
    nowhere = {"PATH": str(job.folder)}

    onto = await job.run("--", "transcode", "in/a.mp4", "-o", "in")
    absent = await job.run("--", "transcode", "x.mp4", "in/*.mkv", "-o", "out")
    without = await job.run("--", "transcode", "in", "-o", "out", env=nowhere)
    (job.folder / "out").mkdir(exist_ok=True)
    handle = os.open(job.folder / "out", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    busy = await job.run("--", "transcode", "in", "-o", "out")
    os.close(handle)

    assert (onto.code, absent.code, without.code, busy.code) == (2, 2, 2, 75)
    assert "in/a.mp4 is an input, and would be replaced" in onto.err
    assert "there is no file x.mp4" in absent.err
    assert "no file is like in/*.mkv" in absent.err
    assert without.err == (
        "error: ffmpeg and ffprobe cannot be found; install it: apt install ffmpeg (elsewhere the"
        " package has the same name)\n"
    )
    assert "another transcode is writing to" in busy.err
    assert outputs(job) == {}
    assert {path.name for path in (job.folder / "in").iterdir()} == {"a.mp4"}


async def test_the_script_does_the_same(job: Job, clip: Path) -> None:
    put(job, clip, "a.mp4")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "scripts/transcode.py"), "in", "-o", "out", *QUICK,
        cwd=job.folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip

    _, err = await asyncio.wait_for(process.communicate(), 60)

    assert process.returncode == 0, err
    assert list(outputs(job)) == ["a.mp4"]
