"""`crawler map`: a function over the rows of a file, in processes of its own."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Job, Ran

STEPS = """\
import ctypes, os, time

def square(row):
    n = row["n"]
    if n % 500 == 7:
        raise ValueError(f"bad {n}")
    if n == 1011:
        ctypes.string_at(0)
    return {"n": n, "square": n * n}

def slow(row):
    time.sleep(0.002)
    return square(row)

def upper(text):
    return {k: v.upper() for k, v in text.items()} if isinstance(text, dict) else text.upper()

def stuck(row):
    time.sleep(60 if row["n"] == 2 else 0)
    return row

def dead(row):
    os._exit(9)

def odd(row):
    return object()
"""


@pytest.fixture
def folder(job: Job) -> Path:
    (job.folder / "steps.py").write_text(STEPS)
    return job.folder


def write_rows(folder: Path, count: int) -> None:
    rows = (f'{{"n":{n}}}\n' for n in range(count))
    (folder / "in.jsonl").write_text("".join(rows))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def files(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir() if one.is_file())


def rows_written(journal: Path) -> int:
    if not journal.exists():
        return 0
    place: int = json.loads(journal.read_bytes())["place"]["row"]
    return place


async def mapped(job: Job, *words: str) -> Ran:
    return await job.run("--", "map", *words)


async def test_values_come_in_order_and_bad_rows_beside_them(job: Job, folder: Path) -> None:
    write_rows(folder, 2000)

    ran = await mapped(job, "steps:square", "in.jsonl", "-o", "out.jsonl", "--workers", "2")

    assert ran.code == 0, ran.err
    good = [n for n in range(2000) if n % 500 != 7 and n != 1011]
    assert lines(folder / "out.jsonl") == [{"n": n, "square": n * n} for n in good]
    wrong = lines(folder / "out.errors.jsonl")
    assert [(one["line"], one["kind"]) for one in wrong] == [
        (8, "raised"), (508, "raised"), (1008, "raised"), (1012, "died"), (1508, "raised"),
    ]  # fmt: skip
    assert wrong[0]["message"].startswith("ValueError: bad 7 (")
    assert "1,995 ok · 5 failed" in ran.err
    assert files(folder) == ["in.jsonl", "out.errors.jsonl", "out.jsonl", "steps.py"]


@pytest.mark.parametrize(
    ("name", "more"), [("out.jsonl", []), ("out.jsonl.gz", []), ("out.jsonl", ["--unordered"])]
)
async def test_a_batch_killed_twice_ends_as_an_undisturbed_one(
    job: Job, folder: Path, name: str, more: list[str]
) -> None:
    write_rows(folder, 2000)
    calm = await mapped(job, "steps.py:square", "in.jsonl", "-o", "calm.jsonl")
    words = ["--", "map", "steps.py:slow", "in.jsonl", "-o", name, *more]

    noted: list[int] = []
    for _ in range(2):
        running = await job.start(*words)
        noted.append(await progress_beyond(folder / f".{name}.map", noted[-1] if noted else 0))
        await running.kill()
    ran = await job.run(*words)

    assert calm.code == ran.code == 0, ran.err
    assert 0 < noted[0] < noted[1] < 2000
    assert "map goes on after row" in ran.err
    raw = (folder / name).read_bytes()
    values = (gzip.decompress(raw) if name.endswith(".gz") else raw).splitlines()
    expected = (folder / "calm.jsonl").read_bytes().splitlines()
    errors, wrong = lines(folder / "out.errors.jsonl"), lines(folder / "calm.errors.jsonl")
    assert (sorted(values) if more else values) == (sorted(expected) if more else expected)
    assert sorted(one["line"] for one in errors) == [one["line"] for one in wrong]
    assert not [one for one in files(folder) if one.startswith(".")]


async def progress_beyond(journal: Path, row: int) -> int:
    """Wait until a journal says that more rows than these are written; return how many."""
    for _ in range(2000):
        place = rows_written(journal)
        if place > row:
            return place
        await asyncio.sleep(0.01)
    raise AssertionError("the batch does not get on")


async def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(job: Job, folder: Path) -> None:
    write_rows(folder, 3000)
    words = ["--", "map", "steps:slow", "in.jsonl", "-o", "out.jsonl"]

    running = await job.start(*words)
    await progress_beyond(folder / ".out.jsonl.map", 0)
    os.killpg(running.pid, signal.SIGINT)
    stopped = await running.end()
    again = await job.run(*words)

    assert stopped.code == 130
    assert "go on with: python -m crawler map steps:slow in.jsonl -o out.jsonl" in stopped.err
    assert again.code == 0
    good = [n for n in range(3000) if n % 500 != 7 and n != 1011]
    assert [one["n"] for one in lines(folder / "out.jsonl")] == good


async def test_ctrl_c_is_heard_while_standard_input_says_nothing(job: Job, folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "crawler", "map", "steps:square", "-", "-o", "-", cwd=folder,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b'{"n":3}\n')
    first = await process.stdout.readline()
    process.send_signal(signal.SIGINT)
    code = await asyncio.wait_for(process.wait(), 20)

    assert json.loads(first) == {"n": 3, "square": 9}
    assert code == 130
    process.stdin.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["steps:squares", "in.jsonl"], "did you mean 'square'?"),
        (["nowhere:f", "in.jsonl"], "there is no module nowhere"),
        (["steps", "in.jsonl"], "names no function"),
        (["steps:square", "missing.jsonl"], "cannot read missing.jsonl"),
        (["steps:square", "steps.py"], "does not say what it holds"),
        (["steps:square", "in.jsonl", "--timeout", "3"], "write 3s"),
        (["steps:square", "in.jsonl", "--workers", "0"], "neither auto nor a number"),
    ],
)
async def test_what_cannot_work_is_said_before_anything_is_made(
    job: Job, folder: Path, words: list[str], said: str
) -> None:
    write_rows(folder, 3)

    ran = await mapped(job, *words, "-o", "out.jsonl")

    assert ran.code == 2
    assert said in ran.err
    assert not (folder / "out.jsonl").exists()


async def test_an_output_that_is_there_is_kept_unless_fresh_is_said(job: Job, folder: Path) -> None:
    write_rows(folder, 3)
    (folder / "out.jsonl").write_text("mine\n")

    refused = await mapped(job, "steps:square", "in.jsonl", "-o", "out.jsonl")
    kept = (folder / "out.jsonl").read_text()
    fresh = await mapped(job, "steps:square", "in.jsonl", "-o", "out.jsonl", "--fresh")

    assert refused.code == 2
    assert kept == "mine\n"
    assert fresh.code == 0
    assert len(lines(folder / "out.jsonl")) == 3


async def test_refused_rows_as_the_input_are_not_deleted_for_the_new_ones(
    job: Job, folder: Path
) -> None:
    (folder / "out.errors.jsonl").write_text('{"n":1}\n')

    ran = await mapped(job, "steps:square", "out.errors.jsonl", "-o", "out.jsonl", "--fresh")

    assert ran.code == 2
    assert "out.errors.jsonl is the input" in ran.err
    assert (folder / "out.errors.jsonl").read_text() == '{"n":1}\n'
    assert files(folder) == ["out.errors.jsonl", "steps.py"]


async def test_a_named_pipe_is_read_once_and_whole(job: Job, folder: Path) -> None:
    os.mkfifo(folder / "pipe.jsonl")
    running = await job.start("--", "map", "steps:square", "pipe.jsonl", "-o", "out.jsonl")
    await asyncio.to_thread((folder / "pipe.jsonl").write_text, '{"n":2}\n{"n":3}\n')

    ran = await running.end()

    assert ran.code == 0, ran.err
    assert lines(folder / "out.jsonl") == [{"n": 2, "square": 4}, {"n": 3, "square": 9}]


async def test_an_input_that_changed_under_a_killed_batch_is_not_gone_on_with(
    job: Job, folder: Path
) -> None:
    write_rows(folder, 3000)
    words = ["--", "map", "steps:slow", "in.jsonl", "-o", "out.jsonl"]
    running = await job.start(*words)
    await progress_beyond(folder / ".out.jsonl.map", 0)
    await running.kill()
    (folder / "in.jsonl").write_text('{"n":5}\n' * 4000)

    ran = await job.run(*words)
    other = await mapped(job, "steps:square", "in.jsonl", "-o", "out.jsonl")

    assert ran.code == 5
    assert "is not what the interrupted batch had read" in ran.err
    assert other.code == 2
    assert "belongs to an interrupted batch of steps:slow" in other.err


async def test_rows_that_hang_are_given_up(job: Job, folder: Path) -> None:
    write_rows(folder, 5)

    ran = await mapped(
        job, "steps:stuck", "in.jsonl", "-o", "out.jsonl", "--timeout", "300ms",
        "--max-failed", "20%",
    )  # fmt: skip

    assert ran.code == 0, ran.err
    assert [one["n"] for one in lines(folder / "out.jsonl")] == [0, 1, 3, 4]
    assert lines(folder / "out.errors.jsonl")[0]["kind"] == "timeout"


async def test_too_many_failures_are_exit_3_and_a_deadly_function_is_6(
    job: Job, folder: Path
) -> None:
    write_rows(folder, 50)

    odd = await mapped(job, "steps:odd", "in.jsonl", "-o", "odd.jsonl", "--cron")
    dead = await mapped(job, "steps:dead", "in.jsonl", "-o", "dead.jsonl")

    assert odd.code == 3
    assert "100% of the rows failed, more than 5%" in odd.err
    assert {one["kind"] for one in lines(folder / "odd.errors.jsonl")} == {"unpicklable"}
    assert dead.code == 6
    assert "steps:dead took its process along" in dead.err


async def test_a_full_disk_costs_nothing_that_was_written(job: Job, folder: Path) -> None:
    write_rows(folder, 3000)
    words = ["map", "steps:square", "in.jsonl", "-o", "out.jsonl"]
    # Files may grow to 20 blocks of 512 or 1024 bytes, the output needs some 70 kB.
    command = f"ulimit -f 20; exec {sys.executable} -m crawler {' '.join(words)}"
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", command, cwd=folder, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    _, said = await process.communicate()
    ran = await mapped(job, *words[1:])

    assert process.returncode == 5
    assert b"cannot write out.jsonl" in said
    assert ran.code == 0
    good = [n for n in range(3000) if n % 500 != 7 and n != 1011]
    assert [one["n"] for one in lines(folder / "out.jsonl")] == good


async def test_cron_says_nothing_of_a_good_batch(job: Job, folder: Path) -> None:
    write_rows(folder, 3)

    ran = await mapped(job, "steps:square", "in.jsonl", "-o", "out.jsonl", "--cron")

    assert (ran.code, ran.out, ran.err) == (0, b"", "")


async def test_csv_and_text_come_in_and_values_go_to_standard_output(
    job: Job, folder: Path
) -> None:
    (folder / "in.csv").write_text('a,b\nx,"two\nlines"\n\nq,w,e\n')
    (folder / "in.txt.gz").write_bytes(gzip.compress("one\n\nzwölf".encode()))

    csv = await mapped(job, "steps:upper", "in.csv", "-o", "-", "--max-failed", "50%")
    text = await mapped(job, "steps:upper", "in.txt.gz", "-o", "-")

    assert csv.lines == [{"a": "X", "b": "TWO\nLINES"}]
    assert "in.csv:5: unreadable: it has 3 cells, the header 2" in csv.err
    assert [json.loads(line) for line in text.out.splitlines()] == ["ONE", "ZWÖLF"]
    assert csv.code == text.code == 0


async def test_map_cpu_gives_what_came_of_each_row(folder: Path) -> None:
    script = folder / "script.py"
    script.write_text(
        "from crawler.app.batch.map_cpu import map_cpu_sync\n"
        "def half(n):\n"
        "    return 12 / n\n"
        "if __name__ == '__main__':\n"
        "    import itertools\n"
        "    rows = map_cpu_sync(half, itertools.count(), workers=2)\n"
        "    for one in itertools.islice(rows, 5):\n"
        "        print(one.number, one.refused.kind if one.refused else one.value)\n"
        "    rows.close()\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "script.py", cwd=folder, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    out, _ = await asyncio.wait_for(process.communicate(), 30)

    assert out.decode().splitlines() == ["0 raised", "1 12.0", "2 6.0", "3 4.0", "4 3.0"]
    assert process.returncode == 0
