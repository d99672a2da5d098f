"""Claims about how the end of a run is put: in a line, in a mail, in numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from crawler.app.tell.end_of_run import EndOfRun, document, figures, headline, mail_text
from crawler.app.tell.run_numbers import run_numbers
from crawler.config.condition import FAMILIES, NAMES, names_in, parse_condition
from crawler.observe.summary import Summary

SUMMARY = Summary(
    job="books", run="r1", started="", ended="", exit=3, reason="finished", resumed=False,
    backend="asyncio", workers=1, loop="uvloop",
    books={"known": 14, "done": 9, "failed": 1, "dead": 2, "skipped": {"robots": 2}, "pending": 0,
           "balanced": True},
    items={"Book": {"in": 8, "out": 7, "dropped": 1, "quarantined": 2, "gone": 3},
           "Page": {"in": 5, "out": 5, "dropped": 0, "quarantined": 0}},
    http={"200": 9, "404": 1}, errors={"timeout": 4, "status": 1}, flags={}, offsite={},
    nofollow_links=0, label_conflicts=0, bytes=2048, duration_s=12.5, pages_per_s=0.72,
    limited_by={}, peak_rss_bytes=1000, cpu_s=1.5, loop_lag_s={}, checks=["a", "b"],
)  # fmt: skip
END = EndOfRun(
    job="books", run="r1", exit=3, standing="bad", reason="finished", whys=("few items", "b", "c"),
    lines=("one", "two"), summary=SUMMARY, report=Path("/r/books/r1"), started=0.0, ended=20.0,
    failures=2, previous=0,
)  # fmt: skip


def end(**changes: Any) -> EndOfRun:
    return msgspec.structs.replace(END, **changes)


@pytest.mark.parametrize(
    ("changes", "event", "expected"),
    [
        ({}, "failure",
         "books failed (exit 3) (2 failures in a row): few items (and 2 more)"),
        ({"failures": 1, "whys": ()}, "failure", "books failed (exit 3): finished"),
        ({"exit": 0}, "recovered", "books is good again after 2 failures: 12 items, 9 pages"),
        ({"exit": 0, "summary": None}, "success", "books ended well"),
        ({"whys": ("a\nb\x1b[31m",)}, "failure",
         "books failed (exit 3) (2 failures in a row): a\\nb\\x1b[31m"),
    ],
)  # fmt: skip
def test_a_headline_says_what_happened(changes: dict[str, Any], event: str, expected: str) -> None:
    assert headline(end(**changes), event) == expected


@pytest.mark.parametrize("count", [0, 2, 16, 17, 400])
def test_a_mail_has_twenty_lines_at_most_and_always_the_place_of_the_report(count: int) -> None:
    lines = mail_text(end(lines=[f"line {n}\nmore" for n in range(count)]), "failure").splitlines()

    assert len(lines) <= 20
    assert "report: /r/books/r1/report.html" in lines
    assert lines[-1].endswith("run r1")
    assert ("line 0" in lines) is (count > 0)
    assert any("more lines" in line for line in lines) is (count > 8)


def test_every_name_of_a_condition_has_a_number() -> None:
    numbers = run_numbers(SUMMARY, 3, 2)

    for name in NAMES:
        assert name in numbers
        assert names_in(parse_condition(f"{name} == {name}")) == {name}
    assert {name.partition(".")[0] for name in numbers if "." in name} == set(FAMILIES)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("items", 12), ("items.Book", 7), ("gone", 3), ("new", 0), ("quarantined", 2),
        ("failed_share", 0.25), ("skipped", 2), ("skipped.robots", 2), ("errors", 5),
        ("errors.timeout", 4), ("http.404", 1), ("bytes", 2048), ("duration", 12.5), ("exit", 3),
        ("failures", 2),
    ],
)  # fmt: skip
def test_the_numbers_are_those_of_the_summary(name: str, expected: float) -> None:
    assert run_numbers(SUMMARY, 3, 2)[name] == expected


def test_a_run_that_fetched_nothing_has_no_share_and_one_without_a_summary_few_numbers() -> None:
    empty = {**SUMMARY.books, "done": 0, "failed": 0, "dead": 0}

    assert run_numbers(msgspec.structs.replace(SUMMARY, books=empty), 0, 0)["failed_share"] == 0
    assert run_numbers(None, 5, 1) == {"exit": 5, "failures": 1}


def test_a_document_of_a_run_that_did_not_get_so_far_says_so() -> None:
    told = document(end(run=None, summary=None, report=None, whys=("no room",)), "failure", None)

    assert (told.run, told.books, told.report, told.counts) == (None, None, None, {})
    assert (told.why, told.duration_s) == ("no room", 20.0)


def test_a_path_that_is_no_text_can_still_be_told() -> None:
    told = end(report=Path("/r/b\udcfcch"), whys=("b\udcfcch",))

    assert mail_text(told, "failure").encode()
    assert msgspec.json.encode(document(told, "failure", None))


def test_only_a_good_run_is_a_success_for_prometheus() -> None:
    assert figures(end(exit=0, standing="good")).succeeded == 20.0
    paused = figures(end(exit=0, standing="neither"))
    assert (paused.succeeded, paused.failures) == (None, 2)
    assert figures(END).pages == {"done": 9, "failed": 1, "dead": 2, "pending": 0, "skipped": 2}
