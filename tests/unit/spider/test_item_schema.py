from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import ConfigError
from crawler.items import encode_fields
from crawler.outcome import ItemProblem, ItemRecord, Quarantined
from crawler.spider.item_schema import ItemSchemas
from crawler.spider.rules import SchemaField, SchemaRule
from crawler.spider.schema_types import READERS

MOMENT = datetime(2026, 11, 22, 18, 18, 33, tzinfo=UTC)


def schemas(*fields: SchemaField, **others: tuple[SchemaField, ...]) -> ItemSchemas:
    rules = [SchemaRule(name="B", fields=fields)]
    return ItemSchemas([*rules, *(SchemaRule(name=n, fields=f) for n, f in others.items())])


def value_of(given: Any, kind: str, **field: Any) -> Any:
    checked = schemas(SchemaField(name="f", type=kind, **field)).check(
        ItemRecord("B", {"f": given})
    )
    assert isinstance(checked, ItemRecord), checked
    return checked.data["f"]


def problems(checker: ItemSchemas, data: dict[str, Any]) -> list[tuple[str, Any, str]]:
    checked = checker.check(ItemRecord("B", data))
    assert isinstance(checked, Quarantined)
    assert checked.data == data
    return [(one.field, one.value, one.reason) for one in checked.problems]


def reason_of(given: Any, kind: str, **field: Any) -> str:
    ((path, value, reason),) = problems(
        schemas(SchemaField(name="f", type=kind, **field)), {"f": given}
    )
    assert (path, value) == ("f", given) or given != given
    return reason


@pytest.mark.parametrize(
    ("given", "kind", "expected"),
    [
        ("a", "str", "a"), ("", "str", ""),
        ("12", "int", 12), ("12.0", "int", 12),
        (" -3\n", "int", -3), (12.0, "int", 12), (Decimal("7"), "int", 7),
        ("3.50", "float", 3.5), (3, "float", 3.0), ("1e3", "float", 1000.0), (".5", "float", 0.5),
        (" 3.50 ", "decimal", Decimal("3.50")), (28.03, "decimal", Decimal("28.03")),
        (5, "decimal", Decimal(5)), ("-0.10", "decimal", Decimal("-0.10")),
        ("true", "bool", True), (" False ", "bool", False), (True, "bool", True),
        ("2026-11-22", "date", date(2026, 11, 22)), (MOMENT, "date", date(2026, 11, 22)),
        ("22 November 2026", "date", date(2026, 11, 22)),
        (date(2026, 11, 22), "date", date(2026, 11, 22)),
        ("2026-11-22T18:18:33Z", "datetime", MOMENT), (MOMENT, "datetime", MOMENT),
        (date(2026, 11, 22), "datetime", datetime(2026, 11, 22)),  # noqa: DTZ001
        ("https://E.org/a b", "url", "https://e.org/a%20b"),
        (" http://e.org:80/#x ", "url", "http://e.org/#x"),
    ],
)  # fmt: skip
def test_a_value_becomes_one_of_its_type(given: Any, kind: str, expected: Any) -> None:
    read = value_of(given, kind)

    assert (read, type(read)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("given", "kind", "reason"),
    [
        (5, "str", "is no text (`then: [text]`"),
        (["a"], "str", "is no text"),
        ("£3", "int", "is no whole number (`then: [number]` reads the one in it)"),
        ("3.5", "int", "is no whole number (`then: [number]`"),
        ("many", "int", "is no whole number"),
        ("<h1>x</h1>", "int", "is no whole number (it is an element; `::text`"),
        ("1_000", "int", "is no whole number"),
        (3.5, "int", "is no whole number"),
        (True, "int", "is no whole number"),
        (1 << 63, "int", "is a number beyond 64 bits"),
        ("9" * 30, "int", "is a number beyond 64 bits"),
        ("£3", "float", "is no number (`then: [number]`"),
        ("1,5", "float", "is no number (`then: [number]`"),
        ("nan", "float", "is no number"),
        (float("inf"), "float", "is no number that a float can hold"),
        ("9e999", "float", "is no number that a float can hold"),
        (True, "float", "is no number"),
        ("call us", "decimal", "is no number"),
        (float("nan"), "decimal", "is no finite number"),
        (True, "decimal", "is no number"),
        ("yes", "bool", "is neither true nor false (`then: [{contains: ...}]`"),
        (1, "bool", "is neither true nor false"),
        ("01/02/2026", "date", "is no date that can be read one way only (`then: [{datetime:"),
        ("soon", "date", "is no date that can be read one way only"),
        (1790000000, "datetime", "is no date and time that can be read one way only"),
        ("/a", "url", "is no absolute http or https URL (`then: [absolute_url]`"),
        ("mailto:a@e.org", "url", "is no absolute http or https URL"),
        (5, "url", "is no URL"),
    ],
)
def test_nothing_is_guessed(given: Any, kind: str, reason: str) -> None:
    assert reason_of(given, kind).startswith(reason)


@pytest.mark.parametrize(
    ("given", "field", "reason"),
    [
        (-1, {"bounds": {"ge": 0}}, "is less than 0"),
        (0, {"bounds": {"gt": 0}}, "is not more than 0"),
        (6, {"bounds": {"le": 5}}, "is more than 5"),
        (5, {"bounds": {"lt": 5}}, "is not less than 5"),
        (7, {"one_of": (1, 2)}, "is not one of 1, 2"),
        (7, {"pattern": "^[0-6]$"}, "does not match '^[0-6]$'"),
    ],
)
def test_a_value_keeps_its_bounds(given: int, field: dict[str, Any], reason: str) -> None:
    assert reason_of(given, "int", **field) == reason


@pytest.mark.parametrize(
    ("given", "field", "reason"),
    [
        ("ab", {"bounds": {"min_length": 3}}, "has 2 characters, fewer than 3"),
        ("abcd", {"bounds": {"max_length": 3}}, "has 4 characters, more than 3"),
        ("red", {"one_of": ("blue",)}, "is not one of blue"),
        ("x1", {"pattern": "^[a-z]+$"}, "does not match '^[a-z]+$'"),
    ],
)
def test_a_text_keeps_its_form(given: str, field: dict[str, Any], reason: str) -> None:
    assert reason_of(given, "str", **field) == reason


def test_a_bound_is_exact_beside_exact_values_and_a_float_beside_floats() -> None:
    assert value_of("0.1", "decimal", bounds={"ge": 0.1, "le": 0.1}) == Decimal("0.1")
    assert value_of(0.1, "float", bounds={"ge": 0.1, "le": 0.1}) == 0.1
    assert reason_of(0, "int", bounds={"ge": 0.5}) == "is less than 0.5"


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        (None, {"optional": True}, None),
        (" ", {"optional": True}, None),
        (None, {"has_default": True, "default": 7}, 7),
        ("", {"has_default": True, "default": 7}, 7),
        (3, {"has_default": True, "default": 7}, 3),
    ],
)
def test_a_value_that_may_be_missing_has_its_default(
    given: Any, field: dict[str, Any], expected: Any
) -> None:
    assert value_of(given, "int", **field) == expected


def test_what_may_not_be_missing_is_named() -> None:
    assert reason_of(None, "int") == "is missing"
    assert reason_of("", "int") == "is empty"
    assert reason_of(" ", "str", key=True) == "is empty"
    assert reason_of(None, "str", key=True, optional=True) == "is missing"


def test_a_default_list_is_the_items_own() -> None:
    checker = schemas(SchemaField(name="f", type="str", many=True, has_default=True, default=[]))
    first, second = (checker.check(ItemRecord("B", {})) for _ in range(2))

    first.data["f"].append("x")

    assert second.data == {"f": []}


def test_the_members_of_a_list_are_read_each_at_its_place() -> None:
    checker = schemas(
        SchemaField(name="f", type="int", many=True, bounds={"max_length": 3, "ge": 0})
    )

    assert checker.check(ItemRecord("B", {"f": ["1", 2]})) == ItemRecord("B", {"f": [1, 2]})
    assert problems(checker, {"f": ["1", "x", None, -4]}) == [
        ("f", ["1", "x", None, -4], "has 4 members, more than 3"),
        ("f.1", "x", "is no whole number"),
        ("f.2", None, "is missing"),
        ("f.3", -4, "is less than 0"),
    ]
    assert problems(checker, {"f": "1"}) == [("f", "1", "is no list (`all: true` gives one)")]


def test_records_within_records_are_checked_by_their_own_schema() -> None:
    checker = schemas(
        SchemaField(name="offers", type="Offer", many=True),
        SchemaField(name="maker", type="Maker", optional=True),
        Offer=(SchemaField(name="price", type="decimal"),),
        Maker=(SchemaField(name="name", type="str"),),
    )

    good = checker.check(ItemRecord("B", {"offers": [{"price": "3"}]}))
    found = problems(checker, {"offers": [{"price": "3"}, {"price": "x", "a": 1}, 5], "maker": {}})

    assert good == ItemRecord("B", {"offers": [{"price": Decimal(3)}], "maker": None})
    assert found == [
        ("offers.1.price", "x", "is no number"),
        ("offers.1.a", 1, "is not in the schema"),
        ("offers.2", 5, "is no Offer"),
        ("maker.name", None, "is missing"),
    ]


def test_every_problem_of_an_item_is_named_at_once() -> None:
    checker = schemas(SchemaField(name="a", type="int"), SchemaField(name="b", type="url"))

    checked = checker.check(ItemRecord("B", {"c": 1, "b": "x"}))

    assert isinstance(checked, Quarantined)
    assert [one.field for one in checked.problems] == ["c", "b", "a"]
    assert checked.problems[0] == ItemProblem("c", 1, "is not in the schema")


def test_of_a_list_and_of_unknown_fields_only_the_first_problems_are_named() -> None:
    listed = schemas(SchemaField(name="n", type="int", many=True))
    junk = {f"junk{number}": 1 for number in range(1000)}

    assert len(problems(listed, {"n": ["x"] * 100_000})) == 20
    assert len(problems(listed, {"n": [1], **junk})) == 20


def test_fields_keep_the_order_of_the_item() -> None:
    checker = schemas(*(SchemaField(name=n, type="str", optional=True) for n in "abc"))

    checked = checker.check(ItemRecord("B", {"c": "3", "a": "1"}))

    assert list(checked.data.items()) == [("c", "3"), ("a", "1"), ("b", None)]


def test_an_item_of_another_kind_passes_as_it_is() -> None:
    record = ItemRecord("Other", {"x": object})

    assert schemas().check(record) is record


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"type": "strr"}, "schema B, field 'f': type 'strr' is not known \\(str, int"),
        ({"type": "str", "pattern": "("}, "pattern is no regular expression"),
        ({"type": "str", "bounds": {"ge": 0}}, "ge does not go with str"),
        ({"type": "int", "bounds": {"ge": "x"}}, "is no number"),
        ({"type": "int", "one_of": ("x",)}, "is no whole number"),
    ],
)
def test_a_schema_that_cannot_work_is_refused(field: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        schemas(SchemaField(name="f", **field))


FOUND = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.datetimes(), st.dates(),
    st.decimals(), st.just("https://e.org/"), st.integers().map(str), st.floats().map(str),
    st.dates().map(str), st.lists(st.text(), max_size=2), st.dictionaries(st.text(), st.text()),
)  # fmt: skip


@given(st.sampled_from(sorted(READERS)), FOUND)
def test_a_schema_takes_what_it_gave_and_gives_it_again(kind: str, found: Any) -> None:
    checker = schemas(SchemaField(name="f", type=kind))
    checked = checker.check(ItemRecord("B", {"f": found}))

    if isinstance(checked, ItemRecord):
        assert checker.check(checked) == checked
        assert encode_fields(checked.data).isascii() or kind in ("str", "url")
    else:
        assert all(problem.reason for problem in checked.problems)


def test_a_text_on_which_a_pattern_takes_too_long_is_a_problem() -> None:
    reason = reason_of("a" * 50_000 + "!", "str", pattern="(a|aa)+$")

    assert reason == "is not matched with '(a|aa)+$' within 0.1 s"
