from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.observe.details import Details
from crawler.observe.end_summary import end_lines
from crawler.observe.past import KindCounts, PastRun
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
        "loop_lag_s": {},
    }  # fmt: skip
    return Summary(**(values | changes))


def kind(out: int = 1234, quarantined: int = 0, /, **fill: float) -> dict[str, Any]:
    return {"out": out, "quarantined": quarantined, "fill": fill}


def lines_of(done: Summary, **details: Any) -> list[str]:
    given: dict[str, Any] = {"outputs": [], "report": REPORT}
    return end_lines(done, Details(**(given | details)))


def good_run(items: int, seconds: float, **fill: float) -> PastRun:
    return PastRun(exit=0, duration_s=seconds, items={"Book": KindCounts(items, fill)})


def test_the_verdict_is_the_last_line() -> None:
    assert lines_of(summary())[-1] == "OK (exit 0)"


def test_nothing_that_a_site_named_reaches_the_terminal_as_it_is() -> None:
    done = summary(
        items={"Book": kind(9, 1, **{"a\x1b[2Jb": 0.5})},
        problems={"Book.\x1b]0;x\x07": 3},
        offsite={"links": 1, "hosts": {"java\nscript:": {}}},
    )

    assert all(line.isprintable() for line in lines_of(done))


def test_a_run_with_everything_to_say_says_it_in_twelve_lines() -> None:
    full = summary(
        exit=3,
        books={"known": 9, "done": 1, "failed": 1, "dead": 1, "pending": 2, "skipped": {"a": 4}},
        items={name: kind(9, 5, price=0.5) for name in "abcdef"},
        problems={"a.price": 3},
        bad_starts=4,
        errors={f"error{number}": number for number in range(9)},
        offsite={"links": 9, "hosts": {f"host{number}": {} for number in range(9)}},
        flags={"links_capped": 1, "long_tag": 2, "length_unknown": 3},
        limited_by={"cpu": 0.6, "network": 0.4},
        checks=[f"reason {number}" for number in range(9)],
    )

    lines = lines_of(
        full, outputs=[Path("a"), Path("b"), Path("c")], errors={"error8": "http://a/: no"},
        misses=[f"extract.{number}: nothing" for number in range(9)], notes=["odd"], notes_count=1,
    )  # fmt: skip

    assert len(lines) == 12
    assert lines[-1] == "NOT GOOD (exit 3)"
    assert any("reason 0" in line for line in lines)
    assert any("extract.0: nothing" in line for line in lines)
    assert any("in quarantine" in line for line in lines)


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.booleans())
def test_whatever_there_is_to_say_the_first_and_last_lines_stay(
    checks: int, misses: int, kinds: int, odd: bool
) -> None:
    full = summary(
        exit=3,
        checks=[f"reason {number}" for number in range(checks)],
        items={f"k{number}": kind(9, 1, price=0.5) for number in range(kinds)},
        flags={"links_capped": 1} if odd else {},
    )

    lines = lines_of(full, misses=["extract.0: nothing"] * misses)

    assert len(lines) <= 12
    assert lines[0].startswith("job finished")
    assert lines[-1].startswith("NOT GOOD")
    assert not checks or any("reason 0" in line for line in lines)


def test_fields_with_gaps_are_named_worst_first() -> None:
    lines = lines_of(summary(items={"Book": kind(upc=1.0, price=0.9, isbn=0.0)}))

    assert "  items   1,234 Book" in lines
    assert "  fields  isbn 0% · price 90%" in lines


def test_a_field_that_lost_much_since_the_last_good_run_is_pointed_out_first() -> None:
    past = [good_run(100, 9.0, rating=0.99, isbn=0.1)]

    lines = lines_of(summary(items={"Book": kind(isbn=0.1, rating=0.91)}), past=past)

    assert "  fields  rating 91% (last run 99%) · isbn 10%   ← look here" in lines


def test_a_field_as_empty_as_ever_is_not_pointed_out() -> None:
    past = [good_run(100, 9.0, isbn=0.1)]

    lines = lines_of(summary(items={"Book": kind(isbn=0.1)}), past=past)

    assert "  fields  isbn 10%" in lines


def test_fields_of_several_kinds_are_told_apart() -> None:
    lines = lines_of(summary(items={"Book": kind(name=0.5), "Shop": kind(name=0.2)}))

    assert "  fields  Shop.name 20% · Book.name 50%" in lines


def test_the_verdict_compares_with_the_middle_of_the_good_runs() -> None:
    past = [good_run(items, 10.0) for items in (100, 9999, 90)]

    lines = lines_of(summary(items={"Book": kind(101)}, duration_s=9.6), past=past)

    assert lines[-1] == "OK (exit 0). Compared with the last 3 runs: items +1%, time -4%."


def test_a_limit_that_ended_the_run_is_named_with_its_place() -> None:
    assert lines_of(summary(reason="max_pages", duration_s=842.0))[0] == (
        "job finished after 14 min 02 s (limit scope.max_pages reached)"
    )
    assert lines_of(summary(reason="SIGINT", exit=130))[0] == "job stopped after 1.0 s (SIGINT)"


def test_items_in_quarantine_are_told_with_the_worst_field_a_sample_and_their_file() -> None:
    done = summary(
        items={"Book": kind(7, 3), "Shop": kind(5, 1)}, problems={"Book.name": 1, "Book.price": 3}
    )

    lines = lines_of(
        done, problems={"Book.price": "'POA' is no decimal, on http://a/"},
        quarantine=REPORT / "quarantine.jsonl",
    )  # fmt: skip

    assert (
        "  broken  4 items in quarantine; most by Book.price (3): 'POA' is no decimal, on http://a/"
        " → reports/job/run/quarantine.jsonl"
    ) in lines


def test_entries_that_gave_nothing_are_counted_with_one_of_them() -> None:
    lines = lines_of(summary(bad_starts=2), bad_starts=["urls.csv:3: no URL", "urls.csv:9: empty"])

    assert "  starts  2 entries that nothing can be fetched for: urls.csv:3: no URL" in lines


def test_rules_that_found_nothing_are_named_and_the_rest_counted() -> None:
    lines = lines_of(summary(), misses=["extract.0: a", "extract.1: b", "extract.2: c"])

    assert "  rule    extract.0: a" in lines
    assert "  rule    extract.1: b (1 more of them in report.html)" in lines


def test_what_is_left_is_said() -> None:
    books = {"known": 3, "done": 1, "failed": 0, "dead": 0, "pending": 2, "skipped": {}}

    assert "  pages   1 ok · 0 failed · 0 skipped · 2 left" in lines_of(summary(books=books))


def test_a_single_failure_among_many_pages_is_not_rounded_away() -> None:
    books = {"known": 9000, "done": 8999, "failed": 1, "dead": 0, "pending": 0, "skipped": {}}

    assert "  pages   8,999 ok · 1 failed (0.1%) · 0 skipped" in lines_of(summary(books=books))


def test_the_example_is_of_the_most_frequent_error_that_has_one() -> None:
    examples = {"rare": "http://a/: rare", "often": "http://b/: often"}

    lines = lines_of(summary(errors={"rare": 1, "often": 2, "none": 3}), errors=examples)

    assert "  errors  none 3, often 2, rare 1" in lines
    assert "          such as http://b/: often" in lines


def test_what_the_checks_quote_is_not_said_twice() -> None:
    quoted = summary(exit=4, errors={"dns": 1}, checks=["none reached; the first: http://a/: gone"])

    lines = lines_of(quoted, errors={"dns": "http://a/: gone"})

    assert sum("http://a/: gone" in line for line in lines) == 1


def test_what_was_left_out_of_pages_is_said_and_harmless_oddities_are_not() -> None:
    flags = {"links_capped": 2, "length_unknown": 9}

    lines = lines_of(summary(flags=flags), notes=["http://a/s.xml: is HTML"], notes_count=4)

    assert (
        "  odd     2 pages with more links than are taken, http://a/s.xml: is HTML"
        " (and 3 more in run.log)"
    ) in lines
    assert not any("length_unknown" in line for line in lines)


def test_of_two_good_runs_the_middle_lies_between_them() -> None:
    past = [good_run(100, 10.0), good_run(200, 30.0)]

    lines = lines_of(summary(items={"Book": kind(150)}, duration_s=30.0), past=past)

    assert lines[-1] == "OK (exit 0). Compared with the last 2 runs: items as before, time +50%."


def test_a_file_that_is_kept_aside_is_named_with_the_output_that_lacks_its_items() -> None:
    aside, target = Path(".all.csv.part"), Path("all.csv")
    files = {"outputs": [aside], "not_in": {aside: target}}

    stopped = lines_of(summary(exit=130), **files)
    bad = lines_of(summary(exit=3), **files)

    assert f"  files   .all.csv.part (not in all.csv yet) · {REPORT}" in stopped
    assert f"  files   .all.csv.part (not in all.csv) · {REPORT}" in bad


@pytest.mark.parametrize(("links", "said"), [(1, "1 link out of"), (2, "2 links out of")])
def test_links_out_of_scope_are_counted_as_people_count(links: int, said: str) -> None:
    done = summary(offsite={"links": links, "hosts": {"a.example": {}}})

    assert any(said in line for line in lines_of(done))
