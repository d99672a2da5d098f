from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.config.conftest import Fail, Load

HEAD = "name: x\nstart: [https://a.example/]\n"


def test_a_schema_of_every_kind_of_field_is_understood(load: Load) -> None:
    schemas = load(
        HEAD
        + """\
schemas:
  Book:
    upc:     {type: str, key: true, pattern: '^[0-9a-f]+$', min_length: 4, max_length: 40}
    title:   str
    price:   {type: decimal, ge: 0, lt: 1e6, default: 0.1}
    weight:  {type: float, gt: 0, le: 5, optional: true}
    state:   {type: str, one_of: [new, used], default: new}
    stars:   {type: int, one_of: [1, 2, 3], optional: true}
    stock:   {type: bool, default: false}
    added:   {type: date, default: 2026-11-22}
    seen:    {type: datetime, default: "2026-11-22T18:00:00Z"}
    cover:   {type: url, optional: true}
    tags:    {type: "list[str]", default: [], max_length: 9}
    sellers: "list[Seller]"
    maker:   {type: Seller, optional: true}
  Seller: {name: str}
"""
    ).job.schemas

    book = schemas["Book"]
    assert (book["title"].type, book["title"].optional, book["title"].has_default) == (
        "str", False, False,
    )  # fmt: skip
    assert (book["upc"].key, book["upc"].bounds) == (True, {"min_length": 4, "max_length": 40})
    assert book["price"].typed_default == Decimal("0.1")
    assert book["stars"].one_of == (1, 2, 3)
    assert (book["tags"].has_default, book["tags"].typed_default) == (True, [])
    assert book["sellers"].type == "list[Seller]"


@pytest.mark.parametrize(
    ("field", "column", "message", "hint"),
    [
        ("{type: strng}", 23, "schemas.A.a.type: 'strng' is no type and no schema", "'str'"),
        ("strng", 16, "schemas.A.a.type: 'strng' is no type and no schema", "'str'"),
        ("{type: 'list[it]'}", 23, "'list[it]' is no type and no schema", "'int'"),
        ("{type: 'list[list[str]]'}", 23, "is no type and no schema", ""),
        ("{type: Q}", 23, "is no type", "types are str, int, float, decimal, bool, date,"),
        ("", 16, "schemas.A.a: expected a map of keys and values, not nothing", ""),
        ("5", 16, "schemas.A.a: expected a map of keys and values, not a number", ""),
        ("{}", 13, "'type' is missing in schemas.A.a", ""),
        ("{type: str, dflt: x}", 28, "unknown key 'dflt' in schemas.A.a", "'default'"),
        ("{type: int, default: x}", 37, "the default 'x' is not a whole number", ""),
        ("{type: int, default: 1.5}", 37, "the default 1.5 is not a whole number", ""),
        ("{type: int, default: true}", 37, "the default True is not a whole number", ""),
        ("{type: float, default: x}", 39, "the default 'x' is not a number", ""),
        ("{type: decimal, default: x}", 41, "the default 'x' is not a number", ""),
        ("{type: bool, default: 'no'}", 38, "the default 'no' is not true or false", ""),
        ("{type: str, default: 5}", 37, "the default 5 is not text", ""),
        ("{type: date, default: 22.11.2026}", 38, "is not a date like 2026-11-22", ""),
        ("{type: datetime, default: soon}", 42, "is not a time like", ""),
        ("{type: url, default: /a}", 37, "the default '/a' is not an http(s) URL", ""),
        ("{type: 'list[str]', default: x}", 45, "the default 'x' is not a list", "default: []"),
        ("{type: 'list[int]', default: [x]}", 45, "in the default, 'x' is not a whole", ""),
        ("{type: B, default: {c: d}}", 26, "a record has no default", "optional: true"),
        ("{type: 'list[B]', default: [1]}", 43, "can only have the default []", ""),
        ("{type: int, default: 9, le: 5}", 37, "the default 9 is not within le: 5", ""),
        ("{type: str, default: ab, max_length: 1}", 37, "'ab' is too short or too long", ""),
        ("{type: str, default: ab, pattern: '^c'}", 37, "'ab' does not fit the pattern", ""),
        ("{type: str, default: ab, one_of: [c]}", 37, "the default 'ab' is not in one_of", ""),
        ("{type: str, default: a, key: true}", 37, "a key has no default", ""),
        ("{type: str, optional: true, key: true}", 38, "a key cannot be optional", ""),
        ("{type: 'list[str]', key: true}", 41, "a key is a single value", ""),
        ("{type: B, key: true}", 31, "a key is a single value", ""),
        ("{type: str, ge: 1}", 32, "ge is for int, float, decimal, not str", ""),
        ("{type: 'list[int]', lt: 1}", 40, "lt is for int, float, decimal, not list[int]", ""),
        ("{type: int, ge: a}", 32, "schemas.A.a.ge: expected a number, not text", ""),
        ("{type: int, pattern: a}", 37, "pattern is for str, url, not int", ""),
        ("{type: str, pattern: '('}", 37, "'(' is no regular expression: missing )", ""),
        ("{type: int, min_length: 1}", 40, "min_length is for str, url and lists, not int", ""),
        ("{type: str, max_length: -1}", 40, "'-1' is not at least 0", ""),
        ("{type: int, one_of: [a]}", 36, "'a' is not a whole number", ""),
        ("{type: int, one_of: []}", 36, "must not be empty", ""),
        ("{type: 'list[str]', one_of: [a]}", 44, "one_of is for single values", ""),
        ("{type: int, ge: 5, le: 1}", 13, "no number is between 5 and 1", ""),
        ("{type: int, gt: 5, le: 5}", 13, "no number is between 5 and 5", ""),
        ("{type: str, min_length: 5, max_length: 1}", 13, "no length is between 5 and 1", ""),
    ],
)
def test_a_wrong_field_of_a_schema_is_reported_at_its_place(
    problems: Fail, field: str, column: int, message: str, hint: str
) -> None:
    (problem,) = problems(f"{HEAD}schemas:\n  B: {{c: str}}\n  A:       {{a: {field}}}\n")

    assert problem.line == 5
    assert problem.column == column
    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("schemas", "line", "column", "message"),
    [
        ("  A: {}\n", 4, 6, "must not be empty"),
        ("  1a: {b: str}\n", 4, 3, "'1a' is no name for a schema"),
        ("  int: {b: str}\n", 4, 3, "'int' is a type already"),
        ("  A: {_id: str}\n", 4, 7, "'_id' is written by the crawler itself"),
        ("  A: [b]\n", 4, 6, "expected a map of keys and values, not a list"),
    ],
)
def test_a_wrong_schema_is_reported_at_its_place(
    problems: Fail, schemas: str, line: int, column: int, message: str
) -> None:
    (problem,) = problems(f"{HEAD}schemas:\n{schemas}")

    assert (problem.line, problem.column) == (line, column)
    assert message in problem.message


@pytest.mark.parametrize(
    ("schemas", "place", "circle"),
    [
        ("  A: {a: A}", (4, 10), "schemas.A.a: the schemas go in a circle: A -> A"),
        (
            "  Z: {c: C}\n  C: {a: A}\n  A: {b: 'list[B]'}\n  B: {n: str, c: {type: C}}",
            (7, 25),
            "schemas.B.c: the schemas go in a circle: C -> A -> B -> C",
        ),
    ],
)
def test_a_circle_of_schemas_is_named_whole(
    problems: Fail, schemas: str, place: tuple[int, int], circle: str
) -> None:
    (problem,) = problems(f"{HEAD}schemas:\n{schemas}\n")

    assert (problem.line, problem.column) == place
    assert problem.message == circle


def test_a_schema_may_be_in_two_others(load: Load) -> None:
    job = load(HEAD + "schemas: {A: {b: B, c: C}, B: {d: D}, C: {d: D}, D: {e: str}}\n").job

    assert list(job.schemas) == ["A", "B", "C", "D"]


def test_a_variable_that_looks_like_a_number_is_a_type_all_the_same(problems: Fail) -> None:
    (problem,) = problems(HEAD + "schemas: {A: {b: '${T}'}}\n", environ={"T": "5"})

    assert problem.message == "schemas.A.b.type: '${T}' is no type and no schema"


RULE = "extract:\n  - item: Book\n    fields:\n      {fields}\n"
SCHEMA = (
    HEAD
    + """\
schemas:
  Book: {title: str, n: {type: int, default: 0}, sub: Sub}
  Sub: {a: str, z: {type: str, optional: true}}
"""
)


@pytest.mark.parametrize(
    ("fields", "line", "column", "message", "hint"),
    [
        (
            "{titel: {css: a}, title: {css: a}, sub: {css: a}}", 9, 8,
            "extract.0.fields.titel: the schema Book has no field 'titel'", "'title'",
        ),
        (
            "{title: {css: a}, sub: {css: a}, zzz: {css: a}}", 9, 40,
            "the schema Book has no field 'zzz'", "its fields are title, n, sub",
        ),
        (
            "{n: {css: a}}", 7, 11,
            "extract.0: nothing fills 'title', 'sub', which the schema Book requires", "optional",
        ),
        (
            "{title: {css: a, all: true}, sub: {css: a}}", 9, 8,
            "extract.0.fields.title: gives a list, the schema says str", "list[str]",
        ),
        (
            "{title: {css: a, then: [split]}, sub: {css: a}}", 9, 8,
            "gives a list, the schema says str", "",
        ),
        (
            "{title: {css: a, fields: {a: {css: b}}}, sub: {css: a}}", 9, 8,
            "gives records, the schema says str", "another schema",
        ),
        (
            "{title: {css: a}, sub: {css: a, fields: {a: {css: b}, b: {css: c}}}}", 9, 61,
            "extract.0.fields.sub.fields.b: the schema Sub has no field 'b'", "fields are a, z",
        ),
        (
            "{title: {css: a}, sub: {css: a, fields: {z: {css: c}}}}", 9, 25,
            "extract.0.fields.sub: nothing fills 'a', which the schema Sub requires", "optional",
        ),
    ],
)  # fmt: skip
def test_a_rule_must_fit_the_schema_of_its_items(
    problems: Fail, fields: str, line: int, column: int, message: str, hint: str
) -> None:
    (problem,) = problems(SCHEMA + RULE.format(fields=fields))

    assert (problem.line, problem.column) == (line, column)
    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize(
    "fields",
    [
        "{title: {css: a}, sub: {css: a}}",
        "{title: {css: a, all: true, then: [text, first]}, sub: {css: a}}",
        "{title: {css: a, all: true, then: [{python: 'm:f'}]}, sub: {css: a}}",
        "{title: {value: x}, n: {css: b, all: true, then: [count]}, sub: {css: a}}",
    ],
)
def test_a_rule_that_fits_its_schema_is_fine(load: Load, fields: str) -> None:
    assert load(SCHEMA + RULE.format(fields=fields)).job.extract


def test_an_item_without_a_schema_is_fine_unless_a_schema_waits_for_it(
    load: Load, problems: Fail
) -> None:
    rule = "extract: [{item: Bok, fields: {a: {css: b}}}]\n"

    (problem,) = problems(HEAD + "schemas: {Book: {a: str}}\n" + rule)

    assert (problem.line, problem.column) == (4, 18)
    assert problem.message == "extract.0.item: there is no schema 'Bok'"
    assert problem.hint == "did you mean 'Book'?"
    assert load(HEAD + "schemas: {Other: {a: str}}\n" + rule).job.schemas


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("checks: {min_fill: {titel: 9%}}", 21, "did you mean 'title'?"),
        (
            "extract: [{item: A, fields: {prize: {css: b}}}]\nchecks: {min_fill: {price: 9%}}",
            21, "did you mean 'prize'?",
        ),
        (
            "extract: [{item: A, fields: {b: {css: b}, q: {css: c}}}]\nchecks: {min_fill: {z: 9%}}",
            21, "fields are b, q",
        ),
    ],
)  # fmt: skip
def test_a_fill_share_of_a_field_that_no_item_has_is_named(
    problems: Fail, text: str, column: int, hint: str
) -> None:
    (problem,) = problems(f"{HEAD}{text}\n")

    assert (problem.line, problem.column) == (3 + text.count("\n"), column)
    assert "no item has a field" in problem.message
    assert problem.hint == hint


def test_fill_shares_of_known_fields_are_understood(load: Load) -> None:
    job = load(HEAD + "checks: {min_fill: {title: 99%, links: 0.5%}}\n").job

    assert job.checks.min_fill == {"title": 0.99, "links": 0.005}


def test_a_type_with_brackets_that_is_not_quoted_gets_a_hint(problems: Fail) -> None:
    (problem,) = problems(HEAD + "schemas: {A: {tags: list[str], b: int}}\n")

    assert (problem.line, problem.column) == (3, 25)
    assert problem.hint == 'quote a type with brackets: "list[str]"'
