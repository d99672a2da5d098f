"""What a run costs is counted over its whole process tree."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.app.run import process_figures
from crawler.app.run.process_figures import CpuMeter, below, cpu_of

LIVING = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc")

#: Spends a third of a second, says so, waits.
SPEND = """\
import sys, time
while time.process_time() < 0.3: pass
print("spent", flush=True)
sys.stdin.read()
"""
#: The same in a child of its own, which has ended when this says so.
SPEND_BELOW = f"""\
import subprocess, sys
subprocess.run([sys.executable, "-c", {SPEND!r}], stdin=subprocess.DEVNULL)
sys.stdin.read()
"""


def spent_by(program: str) -> tuple[float, float]:
    """Return what a meter counts for a program while that lives, and once it is gone."""
    meter = CpuMeter()
    own = os.times()
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"spent\n"
        living = meter.total()
    before = own.user + own.system
    return living - before, meter.total() - before


@LIVING
@pytest.mark.slow
@pytest.mark.parametrize("program", [SPEND, SPEND_BELOW], ids=["child", "grandchild"])
def test_a_process_counts_while_it_lives_and_once_when_it_is_gone(program: str) -> None:
    living, gone = spent_by(program)

    # The clock of /proc ticks a hundred times a second, four fields of two processes.
    assert living >= 0.25
    assert 0.3 <= gone < 2 * living


@LIVING
@pytest.mark.slow
def test_children_from_before_are_not_counted() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SPEND], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        before = sum(os.times()[:2])
        meter = CpuMeter()
        counted = meter.total() - before

    assert counted < 0.25


def test_nothing_is_below_a_process_that_does_not_exist() -> None:
    assert below(2**30) == 0


@LIVING
def test_a_process_is_not_as_large_as_whoever_started_it() -> None:
    ballast = bytearray(200 << 20)
    program = "from crawler.app.run.process_figures import peak_rss_bytes; print(peak_rss_bytes())"

    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    ).stdout

    assert 0 < int(said) < len(ballast)


def test_a_processor_is_the_limit_for_as_long_as_the_busiest_part_is_busy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = {resource.RUSAGE_SELF: 10.0, resource.RUSAGE_CHILDREN: 50.0}
    monkeypatch.setattr(process_figures, "_seconds", times.__getitem__)
    monkeypatch.setattr(process_figures, "usable_cpus", lambda: 4)
    meter = CpuMeter()

    times[resource.RUSAGE_SELF] += 1.0
    times[resource.RUSAGE_CHILDREN] += 6.0

    assert meter.busy(1) == 6.0  # one that was waited for
    assert meter.busy(2) == 3.0  # both workers, all the time
    assert meter.busy(12) == 1.75  # four processors shared by thirteen
    meter.begin()
    times[resource.RUSAGE_SELF] += 2.0
    assert meter.busy(2) == 2.0


@LIVING
def test_a_living_process_is_asked_and_one_that_is_gone_is_not() -> None:
    assert cpu_of(os.getpid()) > 0
    assert cpu_of(2**30) == 0
