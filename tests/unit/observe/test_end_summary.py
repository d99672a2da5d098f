from __future__ import annotations

from pathlib import Path
from typing import Any

from crawler.observe.end_summary import end_lines
from crawler.observe.summary import Summary

REPORT = Path("reports/job/run")


def summary(**changes: Any) -> Summary:
    values: dict[str, Any] = {
        "job": "job", "run": "run", "started": "", "ended": "", "exit": 0, "reason": "finished",
        "resumed": False, "backend": "asyncio", "workers": 1, "loop": "asyncio",
        "books": {"known": 1, "done": 1, "failed": 0, "dead": 0, "pending": 0, "skipped": {}},
        "items": {}, "http": {}, "errors": {}, "flags": {}, "offsite": {"links": 0, "hosts": {}},
        "nofollow_links": 0, "label_conflicts": 0, "bytes": 0, "duration_s": 1.0,
        "pages_per_s": 1.0, "limited_by": {}, "peak_rss_bytes": 1, "cpu_s": 1.0, "checks": [],
    }  # fmt: skip
    return Summary(**(values | changes))


def kind(**fill: float) -> dict[str, Any]:
    return {"out": 1234, "fill": fill}


def test_the_verdict_is_the_last_line() -> None:
    lines = end_lines(summary(), [], REPORT, {})

    assert lines[-1] == "OK (exit 0)"


def test_a_run_with_everything_to_say_says_it_in_twelve_lines() -> None:
    full = summary(
        exit=3,
        books={"known": 9, "done": 1, "failed": 1, "dead": 1, "pending": 2, "skipped": {"a": 4}},
        items={name: kind(price=0.5) for name in "abcdef"},
        errors={f"error{number}": number for number in range(9)},
        offsite={"links": 9, "hosts": {f"host{number}": {} for number in range(9)}},
        flags={"links_capped": 1, "odd_markup": 2, "length_unknown": 3},
        limited_by={"cpu": 0.6, "network": 0.4},
        checks=[f"reason {number}" for number in range(9)],
    )

    lines = end_lines(full, [Path("a"), Path("b"), Path("c")], REPORT, {"error8": "http://a/: no"})

    assert len(lines) == 12
    assert lines[-1] == "NOT GOOD (exit 3)"
    assert any("reason 0" in line for line in lines)
    assert "          such as http://a/: no" in lines
    assert any("limited by cpu 60%" in line for line in lines)


def test_fields_with_gaps_are_named_worst_first() -> None:
    lines = end_lines(summary(items={"Book": kind(upc=1.0, price=0.9, isbn=0.0)}), [], REPORT, {})

    assert "  items   1,234 Book; filled: isbn 0%, price 90%" in lines


def test_what_is_left_is_said() -> None:
    books = {"known": 3, "done": 1, "failed": 0, "dead": 0, "pending": 2, "skipped": {}}

    assert "  pages   1 ok · 0 failed · 0 skipped · 2 left" in end_lines(
        summary(books=books), [], REPORT, {}
    )


def test_the_example_is_of_the_most_frequent_error_that_has_one() -> None:
    examples = {"rare": "http://a/: rare", "often": "http://b/: often"}

    lines = end_lines(summary(errors={"rare": 1, "often": 2, "none": 3}), [], REPORT, examples)

    assert "  errors  none 3, often 2, rare 1" in lines
    assert "          such as http://b/: often" in lines


def test_what_the_checks_quote_is_not_said_twice() -> None:
    quoted = summary(exit=4, errors={"dns": 1}, checks=["none reached; the first: http://a/: gone"])

    lines = end_lines(quoted, [], REPORT, {"dns": "http://a/: gone"})

    assert sum("http://a/: gone" in line for line in lines) == 1


def test_what_was_left_out_of_pages_is_said_and_harmless_oddities_are_not() -> None:
    lines = end_lines(summary(flags={"links_capped": 2, "length_unknown": 9}), [], REPORT, {})

    assert "  odd     2 pages with more links than are taken" in lines
    assert not any("length_unknown" in line for line in lines)
