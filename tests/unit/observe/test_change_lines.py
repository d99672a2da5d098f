from __future__ import annotations

from typing import Any

from crawler.observe.change_lines import change_lines


def changes(**fields: Any) -> dict[str, Any]:
    return {"missing": 0, "doubles": 0, "double_keys": [], "restless": {}} | fields


def test_a_job_that_is_not_incremental_says_nothing() -> None:
    assert list(change_lines({"Book": {"out": 3}}, {})) == []


def test_events_are_added_up_over_the_kinds_of_items() -> None:
    items = {"Book": {"new": 2, "changed": 1, "gone": 1}, "Note": {"new": 1_000, "moved": 1}}

    (line,) = change_lines(items, changes(missing=4))

    assert line == "  events  1,002 new · 1 changed · 1 moved · 1 gone (3 missing, not gone yet)"


def test_a_night_without_changes_is_said_to_be_one() -> None:
    assert list(change_lines({"Book": {}}, changes())) == ["  events  nothing changed"]


def test_a_double_key_is_told_with_an_example() -> None:
    _, line = change_lines({}, changes(doubles=1, double_keys=["Book x: twice on u"]))

    assert line == "  keys    1 item has the key of another, such as Book x: twice on u"


def test_fields_that_change_at_every_visit_are_named_as_candidates_to_leave_out() -> None:
    restless = {f"Page.f{n}": 10 - n for n in range(5)}

    _, line = change_lines({}, changes(restless=restless))

    assert "Page.f0 (10 items), Page.f1 (9 items), Page.f2 (8 items) and 2 more" in line
