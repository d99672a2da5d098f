from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from crawler import fail_points
from crawler.errors import ConfigError
from crawler.fail_points import POINTS, FailPointReached, FailPoints

ROOT = Path(__file__).parents[2]
CALL = re.compile(r'\breached(?:_in_database)?\(\s*"([a-z.]+)"')


def in_process(value: str, code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process whose environment asks for a failure."""
    return subprocess.run(
        [sys.executable, "-c", f"from crawler.fail_points import reached\n{code}"], cwd=ROOT,
        env={**os.environ, fail_points.VARIABLE: value}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_every_point_of_the_table_is_in_the_code_and_no_other() -> None:
    texts = [path.read_text() for path in (ROOT / "crawler").rglob("*.py")]
    used = {name for text in texts for name in CALL.findall(text)}

    assert used == set(POINTS)


def test_without_the_variable_a_point_does_nothing() -> None:
    assert not fail_points.ACTIVE
    fail_points.reached("not even a name")


def test_only_the_hit_that_was_named_fails() -> None:
    points = FailPoints("commit.after:2:raise")

    points.reached("commit.after")
    points.reached("commit.before")
    with pytest.raises(FailPointReached, match=r"commit\.after, hit 2"):
        points.reached("commit.after")
    points.reached("commit.after")


@pytest.mark.parametrize(("kind", "number"), [("enospc", errno.ENOSPC), ("eio", errno.EIO)])
def test_a_failing_disk_is_an_error_of_the_system(kind: str, number: int) -> None:
    points = FailPoints(f"output.write.half:1:{kind}")

    with pytest.raises(OSError, match=re.escape(os.strerror(number))) as caught:
        points.reached("output.write.half")

    assert caught.value.errno == number


def test_several_points_may_fail_and_all_are_recorded(tmp_path: Path) -> None:
    points = FailPoints(f"begin.before:1:eio, list:{tmp_path / 'hits'}, begin.after:1:raise")

    for name in ("begin.before", "begin.after"):
        with pytest.raises((OSError, FailPointReached)):
            points.reached(name)
    points.reached("begin.after")

    assert (tmp_path / "hits").read_text() == "begin.before\nbegin.after\nbegin.after\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("comit.after:1:kill", "did you mean commit.after?"),
        ("xyz:1:kill", "known: "),
        ("commit.after", "write commit.after:N:kill"),
        ("commit.after:0:kill", "from 1 on"),
        ("commit.after:\u00b2:kill", "from 1 on"),
        ("commit.after:-1:kill", "from 1 on"),
        ("commit.after:1:explode", "kill|raise|enospc|eio"),
        ("commit.after:1:kill,", "no such point"),
        ("list:/nowhere/at/all", "cannot be written"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match="CRAWLER_FAILPOINT") as caught:
        FailPoints(text)

    assert said in str(caught.value)


def test_a_kill_ends_the_process_at_once() -> None:
    ended = in_process(
        "commit.after:2:kill", "for n in range(3):\n reached('commit.after'); print(n, flush=True)"
    )

    assert (ended.returncode, ended.stdout) == (-9, "0\n")


def test_a_command_refuses_a_wrong_wish_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text("version: 1\nname: job\nstart: ['http://127.0.0.1:9/']\n")

    ended = subprocess.run(
        [sys.executable, "-m", "crawler", "job.yaml"], cwd=tmp_path, text=True, check=False,
        env={**os.environ, fail_points.VARIABLE: "commit:1:kill", "PYTHONPATH": str(ROOT)},
        capture_output=True,
    )  # fmt: skip

    assert ended.returncode == 2
    assert "no such point" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "state").exists()
