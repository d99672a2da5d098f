"""The cost of a command is that of every process that comes of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scripts.bench.measured import Cost, run_measured

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives orphans away"),
]

SPIN = "import time\nwhile time.process_time() < 0.3: pass"
ORPHAN = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {SPIN!r}])"


def measure(folder: Path, program: str, **more: float) -> Cost:
    return run_measured([sys.executable, "-c", program], folder=folder, limit=more.get("limit"))


def test_an_orphan_is_counted(tmp_path: Path) -> None:
    cost = measure(tmp_path, ORPHAN)

    assert cost.cpu >= 0.3


def test_each_process_has_its_own_peak_of_memory(tmp_path: Path) -> None:
    program = f"x = bytearray(60_000_000)\n{SPIN}\n{ORPHAN}"

    large, small = measure(tmp_path, program).peaks_mib

    assert large > 57
    assert 1 < small < 30


def test_a_program_that_fails_says_so_in_its_words(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)ended with 3:.*broken"):
        measure(tmp_path, "import sys; print('broken', file=sys.stderr); sys.exit(3)")


def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="took more than"):
        measure(tmp_path, "import time; time.sleep(600)", limit=0.5)


def test_a_program_that_does_not_exist_cannot_be_run(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="cannot be run"):
        run_measured(["no-such-program"], folder=tmp_path)
