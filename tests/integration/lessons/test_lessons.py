"""Every lesson runs, shows its table and draws its chart; and the page shows their code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[3]
SCRIPTS = sorted((ROOT / "scripts" / "lessons").glob("*.py"))
PAGE = ROOT / "docs" / "concurrency.md"
LESSONS = ["waiting", "computing", "counting", "offloading", "backends"]


def run_quickly(lesson: str, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"scripts.lessons.{lesson}", "--quick", "--out", str(out)],
        cwd=ROOT, capture_output=True, text=True, timeout=100, check=False,
        env={**os.environ, "MPLCONFIGDIR": str(out.parent)},
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_prints_its_table_and_draws_its_chart(lesson: str, tmp_path: Path) -> None:
    done = run_quickly(lesson, tmp_path)

    assert done.returncode == 0, done.stderr
    header = next(line for line in done.stdout.splitlines() if line.startswith("|"))
    assert header in PAGE.read_text(encoding="utf-8")
    chart = ElementTree.parse(tmp_path / f"{lesson}.svg").getroot()
    assert chart.tag == "{http://www.w3.org/2000/svg}svg"


def test_a_lock_loses_no_update(tmp_path: Path) -> None:
    done = run_quickly("counting", tmp_path)

    assert "| the same, under a lock | 0% |" in done.stdout
    assert "| each thread for itself, one sum | 0% |" in done.stdout


def test_a_folder_that_cannot_be_made_is_said_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = run_quickly("counting", tmp_path / "file")

    assert done.returncode == 2
    assert "--out is no folder for the chart" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_lesson_is_read_in_one_look(script: Path) -> None:
    assert len(script.read_text(encoding="utf-8").splitlines()) < 60


def test_the_page_shows_the_code_that_runs() -> None:
    code = "\n".join(squeezed(script.read_text(encoding="utf-8")) for script in SCRIPTS)
    shown = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.M)

    assert [block for block in shown if squeezed(block) not in code] == []
    assert shown


def squeezed(code: str) -> str:
    """Return the lines of code without their indentation."""
    return "\n".join(line.strip() for line in code.splitlines() if line.strip())
