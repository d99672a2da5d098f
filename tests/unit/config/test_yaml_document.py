from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.config.document import MAX_DEPTH, parse
from crawler.config.nodes import find, plain
from crawler.errors import Problem


def problems_in(text: str) -> list[Problem]:
    found: list[Problem] = []
    parse(text, "job.yaml", found)
    return found


def the_problem_in(text: str) -> Problem:
    (problem,) = problems_in(text)
    return problem


def test_values_know_where_they_stand() -> None:
    root = parse("a: 1\nb:\n  - x\n  - {c: y}\n", "job.yaml", [])
    assert root is not None

    key, value = find(root, ("b", 1, "c"))

    assert (key.line, key.column) == (4, 6)
    assert (value.place.line, value.place.column, value.place.text) == (4, 9, "  - {c: y}")


def test_quotes_keep_a_value_text() -> None:
    root = parse("{a: '1', b: \"true\", c: 1, d: !!str 1, e: !!int 1}", "job.yaml", [])
    assert root is not None

    assert plain(root) == {"a": "1", "b": "true", "c": 1, "d": "1", "e": 1}


def test_keys_are_text_whatever_they_look_like() -> None:
    root = parse("1: a\ntrue: b\n", "job.yaml", [])
    assert root is not None

    assert plain(root) == {"1": "a", "true": "b"}


def test_an_alias_stands_for_what_its_anchor_names() -> None:
    root = parse("a: &x {b: 1}\nc: *x\n", "job.yaml", [])
    assert root is not None

    assert plain(root) == {"a": {"b": 1}, "c": {"b": 1}}


def test_an_empty_document_is_none_and_no_problem() -> None:
    found: list[Problem] = []

    assert parse("# nothing\n", "job.yaml", found) is None
    assert found == []


def test_every_duplicate_key_is_reported_with_the_line_of_the_first() -> None:
    found = problems_in("a: 1\nb: {c: 1, c: 2}\na: 2\n")

    assert [(p.line, p.column, p.message) for p in found] == [
        (2, 11, "duplicate key 'c'"),
        (3, 1, "duplicate key 'a'"),
    ]
    assert "first set on line 1" in found[1].hint


def test_an_unquoted_star_gets_the_cron_hint() -> None:
    problem = the_problem_in("schedule:\n  cron: */15 * * * *\n")

    assert (problem.line, problem.column) == (2, 9)
    assert problem.hint.startswith('quote it: a plain value cannot start with "*"')
    assert problem.hint.endswith('e.g. cron: "*/15 * * * *"')


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("a:\n\tb: 1\n", 2, 1, "a tab in the indentation", "indent with spaces"),
        ("a: [\n\t1]\n", 2, 2, "a tab in the indentation", "indent with spaces"),
        ("a: @daily\n", 1, 4, "no plain value begins like this", 'e.g. a: "@daily"'),
        ("a: [**/x/**, b]\n", 1, 5, "a plain '*' begins an alias", 'e.g. "**/x/**"'),
        ("a: *b\n", 1, 4, "nothing is named &b", 'quote it: "*b"'),
        ("a: &b [*b]\n", 1, 8, "a value contains itself", ""),
        ("a: !!python/name:os.system x\n", 1, 4, "unknown tag !!python/name:os.system", ""),
        ("a: !mine {b: 1}\n", 1, 4, "unknown tag !mine", "plain values only"),
        ("a: !!int x\n", 1, 4, "unknown tag !!int", ""),
        ("a: 1\n---\nb: 1\n", 2, 1, "a second document begins", "one file is one job"),
        ("p: {n}.jsonl\n", 1, 7, "did not find expected key", 'begins with "{" needs quotes'),
        ("a: b: c\n", 1, 5, "mapping values are not allowed", "quote a text that contains"),
        ("a: 'x\n", 1, 4, "a quoted text does not end", ""),
        ('a: "\\d"\n', 1, 4, "found unknown escape character", "write the backslash twice"),
        ("? [a]\n: 1\n", 1, 3, "a key must be plain text", ""),
        ("a: x\x01y\n", 1, 5, "the character U+0001 has no place", "remove it"),
    ],
)  # fmt: skip
def test_broken_yaml_is_explained_at_its_place(
    text: str, line: int, column: int, message: str, hint: str
) -> None:
    problem = the_problem_in(text)

    assert (problem.line, problem.column) == (line, column)
    assert message in problem.message
    assert hint in problem.hint


def test_an_alias_bomb_is_refused_without_being_expanded() -> None:
    layers = [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]

    problem = the_problem_in("a0: &a0 [1,1,1,1]\n" + "\n".join(layers))

    assert "aliases stand for more than" in problem.message


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused_before_it_harms(opening: str) -> None:
    problem = the_problem_in(opening * 100_000)

    assert problem.message == f"nested more than {MAX_DEPTH} deep"


@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"#,%@` \n\t\x00\u2028é$1"), max_size=80))
def test_any_text_gives_a_tree_or_problems_and_never_raises(text: str) -> None:
    found: list[Problem] = []

    parse(text, "job.yaml", found)

    lines = text.count("\n") + 1
    assert all(p.line <= lines and p.message and p.render() for p in found)


# Left out: line separators, which YAML folds, and what it does not allow unescaped.
_TEXT = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=20)
_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | _TEXT,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(_TEXT, below, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(_TEXT, _PLAIN, max_size=4))
def test_json_means_the_same_in_yaml(data: dict[str, object]) -> None:
    found: list[Problem] = []

    root = parse(json.dumps(data, ensure_ascii=False), "job.yaml", found)

    assert root is not None
    assert found == []
    assert plain(root) == data
