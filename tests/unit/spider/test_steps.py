from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import CallbackError, CloseSpider, ConfigError
from crawler.extract.document import Document
from crawler.extract.media import Kind
from crawler.spider.rules import StepRule
from crawler.spider.steps import STEPS, Steps

PAGE = Document("https://e.org/a/", b"<p class=x> A <b>tale</b> </p><a href=b> 7 </a>", Kind.HTML)
NOT_GIVEN: Any = object()


def rule(step: str | dict[str, Any]) -> StepRule:
    if isinstance(step, str):
        return StepRule(name=step)
    ((name, argument),) = step.items()
    return StepRule(name=name, argument=argument)


def run(value: Any, *steps: str | dict[str, Any] | StepRule) -> Any:
    rules = [one if isinstance(one, StepRule) else rule(one) for one in steps]
    return Steps(rules, "field 'f'", many=isinstance(value, list)).run(value, PAGE)


def calling(function: Callable[[Any], Any]) -> StepRule:
    return StepRule(name="python", argument="steps.py:tidy", function=function)


@pytest.mark.parametrize(
    ("value", "step", "expected"),
    [
        (" a \n b ", "text", "a b"),
        (5, "text", "5"),
        (" a ", "strip", "a"),
        ("£1,234.50", "number", 1234.5),
        ("call us", "number", None),
        (3, "number", 3),
        (True, "number", None),
        ("9" * 40, "number", 1e40),
        ("9" * 400, "number", None),
        ("£1,234.50", "decimal", Decimal("1234.50")),
        ("9" * 40, "decimal", Decimal("9" * 40)),
        (28.03, "decimal", Decimal("28.03")),
        (float("nan"), "decimal", None),
        ("call us", "decimal", None),
        ("22 Nov 2026", "datetime", datetime(2026, 11, 22)),  # noqa: DTZ001
        ("01/02/2026", "datetime", None),
        (date(2026, 11, 22), "datetime", datetime(2026, 11, 22)),  # noqa: DTZ001
        ("01/02/2026", {"datetime": "%d/%m/%Y"}, datetime(2026, 2, 1)),  # noqa: DTZ001
        ("2026 +0000", {"datetime": "%Y %z"}, datetime(2026, 1, 1, tzinfo=UTC)),
        ("soon", {"datetime": "%d/%m/%Y"}, None),
        ("../b c", "absolute_url", "https://e.org/b%20c"),
        (" ", "absolute_url", None),
        (5, "absolute_url", None),
        ("rated 4 of 5", {"regex": r"\d"}, "4"),
        ("rated 4 of 5", {"regex": r"of (\d)"}, "5"),
        ("rated", {"regex": r"(x)|rated"}, None),
        ("none", {"regex": r"\d"}, None),
        (" Two ", {"map": {"Two": 2}}, 2),
        ("Six", {"map": {"Two": 2}}, None),
        (2, {"map": {2: "two"}}, "two"),
        ("In stock (3)", {"contains": "In stock"}, True),
        ("in stock", {"contains": "In stock"}, False),
        (False, {"contains": "In stock"}, False),
        ("a, b,,c ", {"split": ","}, ["a", "b", "c"]),
        (" a b\nc", "split", ["a", "b", "c"]),
        ("", "split", []),
        (["a", None, "b c"], "split", ["a", "b", "c"]),
        ([None, "a", "b"], "first", "a"),
        (["a", "b", None], "last", "b"),
        ([], "first", None),
        ([], "last", None),
        (["a", None, 2], "join", "a 2"),
        (["a", "b"], {"join": ", "}, "a, b"),
        ([], "join", None),
        (["a", None], "count", 2),
        ([], "count", 0),
        ("ÀB", "lower", "àb"),
        (5, "lower", 5),
        ("a-b-c", {"replace": ["-", "+"]}, "a+b+c"),
        ("a-b", {"replace": {"a": "b", "b": "c"}}, "c-c"),
        (None, {"default": 0}, 0),
        ("", {"default": "x"}, "x"),
        ([], {"default": ["x"]}, ["x"]),
        (["a", None, ""], {"default": "x"}, ["a", "x", "x"]),
        (False, {"default": True}, False),
        (0, {"default": 9}, 0),
    ],
)  # fmt: skip
def test_a_step_makes_of_a_value(value: Any, step: str | dict[str, Any], expected: Any) -> None:
    assert run(value, step) == expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("text", "A tale"),
        ("strip", '<p class="x"> A <b>tale</b> </p>'),
        ("lower", "a tale"),
        ({"regex": "t.*"}, "tale"),
        ({"contains": "A tale"}, True),
        ({"map": {"A tale": 1}}, 1),
        ({"replace": [" ", "_"]}, "A_tale"),
        ("split", ["A", "tale"]),
    ],
)
def test_of_an_element_a_step_reads_what_a_reader_sees(
    step: str | dict[str, Any], expected: Any
) -> None:
    assert run(PAGE.tree.find(".//p"), step) == expected


def test_an_element_that_links_has_an_absolute_url() -> None:
    assert run(PAGE.tree.find(".//a"), "absolute_url") == "https://e.org/a/b"


def test_an_element_with_a_date_of_its_own_is_read_by_it() -> None:
    page = Document("https://e.org/", b"<time datetime=2026-11-22>today</time>", Kind.HTML)

    assert run(page.tree.find(".//time"), "datetime") == datetime(2026, 11, 22)  # noqa: DTZ001


def test_steps_over_one_value_are_applied_to_each_of_a_list() -> None:
    assert run([" 1 ", "x", "3"], "strip", "number") == [1, None, 3]


def test_after_a_list_has_become_one_value_steps_apply_to_it() -> None:
    assert run([" a", "b "], "strip", {"join": "-"}, {"replace": ["-", "+"]}) == "a+b"


def test_nothing_stays_nothing_but_for_a_default() -> None:
    assert run(None, "text", "number", {"map": {}}, {"default": 7}, "text") == "7"


def test_a_function_of_the_user_gets_each_value_and_never_none() -> None:
    seen: list[Any] = []

    def double(value: Any) -> Any:
        seen.append(value)
        return value * 2

    assert run(["a", None, "b"], calling(double)) == ["aa", None, "bb"]
    assert seen == ["a", "b"]


def test_a_function_of_the_user_gets_the_markup_of_an_element() -> None:
    assert run(PAGE.tree.find(".//b"), calling(str.upper)) == "<B>TALE</B>"


def test_what_a_function_of_the_user_raises_is_not_hidden() -> None:
    def fails(value: Any) -> Any:
        raise KeyError(value)

    with pytest.raises(KeyError, match="a"):
        run("a", calling(fails))


def test_a_function_of_the_user_cannot_end_the_crawl() -> None:
    def ends(_: Any) -> Any:
        raise CloseSpider

    with pytest.raises(CallbackError, match="cannot raise CloseSpider"):
        run("a", calling(ends))


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (["shout"], "field 'f': step 'shout' is not known"),
        ([{"regex": "("}], "'\\(' is no regular expression"),
        (["regex"], "regex needs a text"),
        ([{"regex": 5}], "regex needs a text"),
        ([{"map": "x"}], "map needs a map"),
        ([{"contains": None}], "contains needs a text"),
        ([{"replace": ["a"]}], "replace needs \\[old, new\\]"),
        ([{"replace": "ab"}], "replace needs"),
        ([{"replace": ["", "x"]}], "empty text"),
        ([{"split": ""}], "not empty"),
        ([{"datetime": "%Q"}], "'%Q' is no form of a date"),
        (["python"], "python needs a function"),
        (["first"], "first needs a list"),
        (["split", "first", "last"], "last needs a list"),
        (["text", "count"], "count needs a list: `all: true`"),
    ],
)
def test_a_step_that_cannot_work_is_refused(
    steps: list[str | dict[str, Any]], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        Steps([rule(one) for one in steps], "field 'f'", many=False)


WITH_ARGUMENTS: list[str | dict[str, Any]] = [
    {"regex": "(a+)b?"}, {"map": {"a": 1}}, {"contains": "a"}, {"split": ","}, {"join": ", "},
    {"replace": ["a", "b"]}, {"default": "d"}, {"datetime": "%d %B %Y"},
]  # fmt: skip
ALONE: list[str | dict[str, Any]] = [
    name for name in STEPS if name not in ("regex", "map", "contains", "replace", "python")
]
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.decimals(),
    st.datetimes(), st.dictionaries(st.text(), st.text(), max_size=2),
)  # fmt: skip


@given(
    st.lists(st.sampled_from(WITH_ARGUMENTS + ALONE), min_size=1, max_size=6),
    st.one_of(SCALARS, st.lists(SCALARS, max_size=4)),
)
def test_no_value_makes_any_steps_raise(steps: list[str | dict[str, Any]], value: Any) -> None:
    rules = [rule(one) for one in steps]
    lists = [i for i, one in enumerate(rules) if one.name in ("first", "last", "join", "count")]
    for place in reversed(lists[1:]):
        rules.insert(place, StepRule(name="split"))

    first = Steps(rules, "f", many=True).run(value, PAGE)

    assert repr(Steps(rules, "f", many=True).run(value, PAGE)) == repr(first)


@given(
    st.lists(st.sampled_from(["text", "strip", "lower", "number"]), max_size=4), st.lists(st.text())
)
def test_a_list_of_texts_gives_what_each_of_them_gives(names: list[str], texts: list[str]) -> None:
    assert run(texts, *names) == [run(text, *names) for text in texts]


def test_an_expression_that_takes_too_long_flags_its_page_and_is_asked_no_more() -> None:
    document = Document("http://e.org/", b"", Kind.HTML)
    steps = Steps([rule({"regex": "(a|aa)+$"})], "field 'f'", many=False)

    first = steps.run("a" * 50_000 + "!", document)
    second = steps.run("aa", document)

    assert (first, second, document.flags) == (None, None, ("slow_regex",))
