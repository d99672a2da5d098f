"""Claims about the conditions of `notify`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.config.condition import (
    FAMILIES,
    NAMES,
    All,
    Any,
    Comparison,
    Condition,
    ConditionError,
    Name,
    Not,
    Number,
    holds,
    names_in,
    parse_condition,
)

NUMBERS = {"gone": 150.0, "items": 10.0, "failed_share": 0.07, "duration": 90.0, "bytes": 2048.0}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gone > 100", True),
        ("gone>100", True),
        ("100 < gone", True),
        ("gone > 1_000", False),
        ("gone >= 150 and items <= 10", True),
        ("items == 10", True),
        ("items != 10", False),
        ("failed_share > 5%", True),
        ("failed_share > 7%", False),
        ("duration > 1m", True),
        ("duration > 1.5m", False),
        ("bytes >= 2KiB", True),
        ("not gone > 100", False),
        ("not not gone > 100", True),
        ("not (gone > 100 and items > 100)", True),
        ("items > 100 or gone > 100 and items > 5", True),
        ("(items > 100 or gone > 100) and items > 50", False),
        ("gone > items", True),
        ("http.404 > 0", False),
        ("items.Book == 0", True),
        ("errors.timeout > 0 or skipped.robots > 0", False),
        ("exit != 0", False),
    ],
)
def test_a_condition_means_what_it_reads_like(text: str, expected: bool) -> None:
    assert holds(parse_condition(text), NUMBERS) is expected


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "is empty", "gone > 100"),
        ("   ", "is empty", ""),
        ("gone", "lacks a comparison at its end", "gone > 0"),
        ("gone and items > 1", "lacks a comparison before 'and'", "gone > 0"),
        ("gone >", "its end (character 7) stands where", ""),
        ("> 5", "'>' (character 1) stands where", ""),
        ("gone = 5", "'=' (character 6)", "write =="),
        ("gone > 5 && items > 1", "'&&' (character 10)", "write and"),
        ("gone > 5 || items > 1", "'||'", "write or"),
        ("!gone > 5", "'!'", "write not"),
        ("gone > 5 items > 1", "'items' (character 10) is too much", "'and' or 'or'"),
        ("1 < gone < 5", "'<' (character 10) is too much", ""),
        ("(gone > 5", "its end (character 10) stands where ')' is missing", ""),
        ("gone > 5)", "')' (character 9) closes nothing", ""),
        ("gonne > 5", "'gonne' (character 1) is no number of a run", "did you mean 'gone'?"),
        ("frob > 5", "'frob'", "known are items"),
        ("Gone > 5", "'Gone'", "did you mean 'gone'?"),
        ("htp.404 > 5", "'htp.404'", "did you mean 'http'?"),
        ("http.4040 > 5", "'http.4040'", "http.404"),
        ("http. > 5", "'http.'", ""),
        ("errors.timeot > 5", "is none of errors", "did you mean 'timeout'?"),
        ("5 > 4", "is compared with a number", ""),
        ("failed > 5%", "'5%' (character 10) cannot be compared with failed", "failed_share"),
        ("failed_share > 5", "'5'", "5%"),
        ("failed_share > 0.05", "'0.05'", "5%"),
        ("duration > 20", "'20'", "20s"),
        ("bytes > 20", "'20'", "8MiB"),
        ("duration > bytes", "cannot be compared", ""),
        ("duration > 20 s", "'20' (character 12)", "20s"),
        ("duration > 20sec", "'20sec'", "units"),
        ("failed_share > 500%", "more than the whole", ""),
        ("gone > -1", "'-'", ""),
        ("gone > 5; import os", "';'", ""),
        ("__import__ > 5", "'__import__' (character 1) is no number of a run", ""),
        ("items.__class__.x > 5 + 1", "'+'", ""),
        ("gone > 'x'", '"\'"', ""),
        ("not", "stands where", ""),
        ("(" * 60 + "gone > 1" + ")" * 60, "more than 50", ""),
        ("gone > 1 or " * 100 + "gone > 1", "longer than 1000", ""),
    ],
)
def test_what_is_no_condition_is_said_with_its_place(text: str, message: str, hint: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse_condition(text)

    assert message.replace('"\'"', "'''") in str(caught.value)
    assert hint in caught.value.hint


_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
    "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_COUNTS = [name for name, (kind, _) in NAMES.items() if kind == "number"]
_names = st.sampled_from([*_COUNTS, "http.404", "items.Book"]).map(lambda n: Name(n, "number"))
_numbers = st.integers(0, 5).map(lambda n: Number(float(n), "number"))
_comparisons = st.builds(
    Comparison, _names, st.sampled_from([*_SIGNS]), st.one_of(_names, _numbers)
)
_conditions: st.SearchStrategy[Condition] = st.recursive(
    _comparisons,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(All, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Any, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


def _written(condition: Condition) -> str:
    """Write a condition with every bracket that may be needed."""
    match condition:
        case Comparison(left, sign, right):
            return f"{_operand(left)} {sign} {_operand(right)}"
        case Not(inner):
            return f"not ({_written(inner)})"
        case All(parts):
            return " and ".join(f"({_written(part)})" for part in parts)
        case Any(parts):
            return " or ".join(f"({_written(part)})" for part in parts)


def _operand(value: Name | Number) -> str:
    return value.name if isinstance(value, Name) else f"{value.value:.0f}"


def _by_python(condition: Condition, numbers: Mapping[str, float]) -> bool:
    match condition:
        case Comparison(left, sign, right):
            values = [
                numbers.get(one.name, 0) if isinstance(one, Name) else one.value
                for one in (left, right)
            ]
            return _SIGNS[sign](*values)
        case Not(inner):
            return not _by_python(inner, numbers)
        case All(parts):
            return False not in [_by_python(part, numbers) for part in parts]
        case Any(parts):
            return True in [_by_python(part, numbers) for part in parts]


@settings(deadline=None)
@given(_conditions, st.dictionaries(st.sampled_from(_COUNTS), st.integers(0, 5).map(float)))
def test_whatever_is_written_is_read_back_and_holds_when_it_should(
    condition: Condition, numbers: dict[str, float]
) -> None:
    text = _written(condition)
    if len(text) > 1_000:
        return
    read = parse_condition(text)

    assert read == condition
    assert holds(read, numbers) is _by_python(condition, numbers)


@settings(deadline=None)
@given(
    st.text(max_size=80) | st.text(alphabet="gone items()<>=!&|. 0123456789%smnotadr", max_size=60)
)
def test_no_text_ends_in_anything_but_a_condition_or_its_error(text: str) -> None:
    try:
        condition = parse_condition(text)
    except ConditionError:
        return
    assert all(name in NAMES or name.partition(".")[0] in FAMILIES for name in names_in(condition))
