"""Ratios are those of runs made in the same turn; what does not count is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.bench.benchmarks_page import Conditions, Measured, Missing, table, write_page
from scripts.bench.measured import Cost
from scripts.bench.paired import Run, median_of, order, ratio


def run(program: str, turn: int, cpu: float, *peaks: float) -> Run:
    cost = Cost(seconds=cpu * 2, cpu=cpu, peak_mib=max(peaks, default=50.0), peaks_mib=peaks)
    return Run(program=program, turn=turn, cost=cost)


#: The second turn was made while the machine was busy, the third of the bare loop went wrong.
RUNS = [
    run("crawler", 0, 1.0), run("bare", 0, 2.0),
    run("crawler", 1, 10.0), run("bare", 1, 20.0),
    run("crawler", 2, 1.2), Run(program="bare", turn=2, cost=None, why_not="1 pages missing"),
]  # fmt: skip


def test_a_ratio_is_taken_within_each_turn() -> None:
    assert ratio(RUNS, "bare", "crawler", lambda cost: cost.cpu) == 2.0


def test_without_a_common_turn_there_is_no_ratio() -> None:
    runs = [run("crawler", 0, 1.0), run("bare", 1, 1.0)]

    assert ratio(runs, "bare", "crawler", lambda cost: cost.cpu) is None


def test_a_median_leaves_out_what_does_not_count() -> None:
    bare = median_of(RUNS, "bare")

    assert bare is not None
    assert bare.cpu == pytest.approx(11.0)


def test_a_program_of_which_nothing_counts_has_no_median() -> None:
    assert median_of(RUNS[-1:], "bare") is None


def test_no_program_is_always_first() -> None:
    assert [order(["a", "b", "c"], turn) for turn in (0, 1)] == [["a", "b", "c"], ["c", "b", "a"]]


def measured(runs: list[Run]) -> Measured:
    return Measured("web", "Many sites", "a web", pages=1000, links=5000, runs=runs)


def test_the_table_has_the_figures_of_each_program() -> None:
    rows = table(measured(RUNS)).splitlines()[2:]

    assert rows == [
        "| crawler | 3 | 417 | 2.40 | 1.20 | 1.20 | 50 | 1.00 | 1.00 |",
        "| bare loop | 2 | 45 | 22.00 | 11.00 | 11.00 | 50 | 2.00 | 2.00 |",
    ]


def test_memory_of_several_processes_is_told_together_as_well() -> None:
    (row,) = table(measured([run("crawler-2", 0, 1.0, 60.0, 40.0)])).splitlines()[2:]

    assert "| 60 (100) |" in row


@pytest.mark.slow
def test_the_page_keeps_what_others_wrote_around_its_part(tmp_path: Path) -> None:
    conditions = Conditions({"crawler": "1.0"}, [Missing("Colly", "no Go")], minutes=2, others=0.1)

    for turn in (1, 2):
        write_page(tmp_path, [measured(RUNS)], conditions)
        page = tmp_path / "benchmarks.md"
        text = page.read_text()
        if turn == 1:
            page.write_text(
                text.replace("# Benchmarks\n", "# Benchmarks\n\nBy hand.\n") + "\nEnd.\n"
            )

    assert text.startswith("# Benchmarks\n\nBy hand.\n")
    assert text.endswith("\nEnd.\n")
    assert text.count("### Many sites") == 1
    assert "Left out: Colly: no Go." in text
    assert "Not counted: bare loop: 1 pages missing." in text
    assert (tmp_path / "benchmarks" / "web.svg").exists()


@pytest.mark.slow
def test_the_page_keeps_the_sets_that_were_not_measured_again(tmp_path: Path) -> None:
    conditions = Conditions({"crawler": "1.0"}, [], minutes=2, others=0.1)
    write_page(tmp_path, [Measured("web", "Many sites", "a web", 9, 9, RUNS)], conditions)
    write_page(tmp_path, [Measured("slow", "A slow one", "a server", 9, 9, RUNS)], conditions)
    write_page(tmp_path, [Measured("web", "Many sites", "a new web", 9, 9, RUNS)], conditions)

    text = (tmp_path / "benchmarks.md").read_text()

    assert [line for line in text.splitlines() if line.startswith("### ")] == [
        "### Many sites", "### A slow one",
    ]  # fmt: skip
    assert "A new web: 9 pages" in text
    assert "A server: 9 pages" in text
    assert "A web: 9 pages" not in text
