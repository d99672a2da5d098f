from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.config.models.steps import StepSettings
from crawler.config.rule_checks import PLACEHOLDERS
from crawler.spider.field import FACTS
from crawler.spider.steps import STEPS

if TYPE_CHECKING:
    from tests.unit.config.conftest import Fail, Load

HEAD = "name: x\nstart: [https://a.example/]\n"


def test_every_step_of_the_crawler_can_be_written(load: Load) -> None:
    job = load(
        HEAD
        + """\
extract:
  - item: A
    fields:
      one:
        css: p
        all: true
        then:
          - text
          - {strip: }
          - {regex: "([0-9]+)"}
          - {map: {One: 1, "2": two, Three: true, Four: }}
          - {contains: x}
          - {replace: [a, b]}
          - {replace: {a: "", c: d}}
          - {split: ","}
          - {join: ""}
          - split
          - join
          - {default: {a: [1]}}
          - {datetime: "%d.%m.%Y"}
          - datetime
          - {python: "pkg.mod:A.b"}
          - {text: true}
"""
    ).job

    steps = [(step.name, step.argument) for step in job.extract[0].fields["one"].then]
    expected: list[tuple[str, object]] = [
        ("text", None), ("strip", None), ("regex", "([0-9]+)"),
        ("map", {"One": 1, "2": "two", "Three": True, "Four": None}),
        ("contains", "x"), ("replace", {"a": "b"}), ("replace", {"a": "", "c": "d"}),
        ("split", ","), ("join", ""), ("split", None), ("join", None), ("default", {"a": [1]}),
        ("datetime", "%d.%m.%Y"), ("datetime", None), ("python", "pkg.mod:A.b"), ("text", None),
    ]  # fmt: skip
    assert steps == expected


def test_the_steps_and_placeholders_of_configs_are_those_of_the_crawler() -> None:
    assert set(StepSettings.model_fields) == set(STEPS)
    assert set(PLACEHOLDERS) == set(FACTS)


@pytest.mark.parametrize(
    ("step", "column", "message", "hint"),
    [
        ("txt", 52, "unknown step 'txt' in extract.0.fields.c.then", "did you mean 'text'?"),
        ("{regx: a}", 53, "unknown step 'regx' in extract.0.fields.c.then", "'regex'"),
        ("zzz", 52, "unknown step 'zzz'", "steps are text, strip, lower, number"),
        ("regex", 52, "the step 'regex' needs to know more", 'write {regex: "rated (\\\\w+)"}'),
        ("map", 52, "the step 'map' needs to know more", "write {map: {One: 1, Two: 2}}"),
        ("default", 52, "the step 'default' needs to know more", "write {default: 0}"),
        ("{python: }", 61, "the step 'python' needs to know more", "steps.py:tidy"),
        ("{text: x}", 59, "the step 'text' takes nothing", "write text"),
        ("{strip: 2}", 60, "the step 'strip' takes nothing", "write strip"),
        ("{regex: '('}", 60, "then.0.regex: '(' is no regular expression: missing )", ""),
        ("{regex: ''}", 60, "needs a text that is not empty", ""),
        ("{regex: 5}", 60, "the step 'regex' needs a text", 'quote it: "5"'),
        ("{split: [a]}", 60, "the step 'split' needs a text", 'write {split: ","}'),
        ("{map: a}", 58, "the step 'map' needs a map", "write {map: {One: 1"),
        ("{map: {}}", 53, "the step 'map' needs a map", ""),
        ("{map: {a: [b]}}", 53, "'a' must stand for a single value", ""),
        ("{replace: a}", 62, "needs an old and a new text", 'write {replace: ["old", "new"]}'),
        ("{replace: [a]}", 62, "needs an old and a new text", '{replace: {"old": "new"}}'),
        ("{replace: [a, 1]}", 62, "needs an old and a new text", ""),
        ("{replace: {'': b}}", 53, "an old text that is not empty", ""),
        ("{datetime: '%Q'}", 63, "'%Q' is no form of a date: ", ""),
        ("{datetime: dd.mm}", 63, "'dd.mm' is no form of a date", '"%d %B %Y"'),
        ("{python: steps}", 61, "'steps' names no function", '"steps.py:func"'),
        ("{python: 'a b:c'}", 61, "'a b:c' names no function", ""),
        ("{split: ',', join: ';'}", 52, "one step has one name", "write [text, strip]"),
        ("{}", 52, "one step has one name", ""),
        ("5", 52, "expected a map of keys and values, not a number", ""),
        ("count", 52, "then.0: the step 'count' needs a list", "all: true, or split before it"),
        ("first", 52, "then.0: the step 'first' needs a list", ""),
        ("{join: x}", 53, "then.0: the step 'join' needs a list", ""),
        ("{python: 'nope.py:f'}", 61, "there is no file nope.py", ""),
    ],
)
def test_a_wrong_step_is_reported_at_its_place(
    problems: Fail, step: str, column: int, message: str, hint: str
) -> None:
    found = problems(
        f"{HEAD}extract: [{{item: A, fields: {{c: {{css: dd, then: [  {step}]}}}}}}]\n"
    )

    assert [(p.line, p.column) for p in found] == [(3, column)]
    assert message in found[0].message
    assert hint in found[0].hint


@pytest.mark.parametrize(
    "then", ["[count, first]", "[first, text, join]", "[{join: ','}, text, last]"]
)
def test_what_gives_one_value_cannot_be_followed_by_a_step_over_lists(
    problems: Fail, then: str
) -> None:
    rule = f"extract: [{{item: A, fields: {{c: {{css: d, all: true, then: {then}}}}}}}]\n"

    (problem,) = problems(HEAD + rule)

    assert "needs a list" in problem.message


@pytest.mark.parametrize("then", ["[split, count]", "[{python: 'm:f'}, first]"])
def test_a_step_that_gives_a_list_can_be_followed_by_one_over_lists(load: Load, then: str) -> None:
    rule = f"extract: [{{item: A, fields: {{c: {{css: d, then: {then}}}}}}}]\n"

    assert load(HEAD + rule).job.extract


def test_a_missing_file_of_a_step_gets_the_nearest_name(problems: Fail, tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text("")
    rule = "extract: [{item: A, fields: {c: {css: d, then: [{python: 'step.py:f'}]}}}]\n"

    (problem,) = problems(HEAD + rule)

    assert (problem.line, problem.column) == (3, 58)
    assert problem.message == "extract.0.fields.c.then.0.python: there is no file step.py"
    assert problem.hint == "did you mean 'steps.py'?"


@pytest.mark.parametrize(
    ("rule", "column", "message", "hint"),
    [
        ("fields: {a: {css: b, jmes: c}}", 30, "exactly one of css, xpath, jmes, value", ""),
        ("fields: {a: {all: true}}", 30, "exactly one of css, xpath, jmes, value", ""),
        ("fields: {a: {css: }}", 30, "exactly one of css, xpath, jmes, value", ""),
        ("fields: {a: {jmes: 'b['}}", 40, "'b[' is no JMESPath", ""),
        ("fields: {a: {css: '> b'}}", 39, "'> b' is no CSS selector", "write ':scope > b'"),
        ("fields: {a: {css: b, fields: {}}}", 50, "must not be empty", ""),
        ("fields: {a: {css: b, fields: {c: {css: 'd['}}}}", 60, "'d[' is no CSS selector", ""),
        (
            "fields: {a: {css: b, fields: {c: {value: '{urk}'}}}}", 62,
            "extract.0.fields.a.fields.c.value: there is no placeholder {urk}", "'url'",
        ),
        ("fields: {a: {value: '{x} {zzz}'}}", 41, "there is no placeholder", "known are url,"),
        ("fields: {a: {value: b, all: true}}", 44, "a value stands as it is", "remove all"),
        ("fields: {a: {value: b, then: [text]}}", 44, "a value stands as it is", "remove then"),
        ("fields: {a: {value: b, fields: {c: {css: d}}}}", 44, "a value stands", "remove fields"),
        ("each: 'b[', fields: {a: {css: c}}", 27, "extract.0.each.css: 'b[' is no CSS", ""),
        ("each: {css: b, xpath: c}, fields: {a: {css: c}}", 21, "each needs exactly one of", ""),
        ("each: {}, fields: {a: {css: c}}", 21, "each needs exactly one of css, xpath", ""),
        ("each: {jmes: b}, fields: {a: {css: c}}", 51, "within a JSON document", "use jmes"),
        ("each: b, fields: {a: {jmes: c}}", 43, "within an element of a page", "use css or xpath"),
        (
            "fields: {a: {jmes: b, fields: {c: {xpath: d}}}}", 56,
            "extract.0.fields.a.fields.c.xpath: it is selected within a JSON document", "use jmes",
        ),
        ("each: 'p::text', fields: {a: {css: c}}", 51, "within a text", "the element around"),
        (
            "each: {xpath: //a/@href}, fields: {a: {then: [text]}, b: {xpath: c}}", 79,
            "extract.0.fields.b.xpath: it is selected within a text", "without ::text",
        ),
        (
            "fields: {a: {css: 'p::attr(x)', fields: {b: {css: c}}}}", 66,
            "extract.0.fields.a.fields.b.css: it is selected within a text", "",
        ),
        ("fields: {a: {value: '{Prodct name}'}}", 41, "no placeholder {Prodct name}", "known are"),
        ("fields: {_depth: {css: b}}", 30, "'_depth' is written by the crawler itself", "another"),
        ("try: [json], fields: {a: {css: c}}", 27, "'json' is not one of json_ld,", "'json_ld'"),
        ("try: json_ld, fields: {a: {css: c}}", 26, "expected a list", "write [json_ld]"),
        ("try: [json_ld], each: b, fields: {a: {css: c}}", 21, "extract.0.try: structured", ""),
        (
            "try: [json_ld], fields: {a: {fields: {d: {}}}}", 59,
            "extract.0.fields.a.fields.d: a field needs exactly one of", "",
        ),
        ("trys: [json_ld], fields: {a: {css: c}}", 21, "unknown key 'trys'", "'try'"),
        ("fields: {a: {css: c}}, ech: b", 44, "unknown key 'ech' in extract.0", "'each'"),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_reported_at_its_place(
    problems: Fail, rule: str, column: int, message: str, hint: str
) -> None:
    found = problems(f"{HEAD}extract: [{{item: A, {rule}}}]\n")

    assert (found[0].line, found[0].column) == (3, column)
    assert message in found[0].message
    assert hint in found[0].hint


def test_structured_data_that_is_no_list_is_one_mistake(problems: Fail) -> None:
    (problem,) = problems(HEAD + "extract: [{item: A, try: json_ld, fields: {a: {}}}]\n")

    assert problem.hint == "write [json_ld]"


def test_a_placeholder_may_have_the_name_of_any_column(load: Load, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("url,Product name\nhttps://a.example/,x\n")
    job = load(
        """\
name: x
start: {from_file: list.csv, keep_columns: [Product name]}
extract: [{item: A, fields: {a: {value: "{Product name}"}, b: {value: "{}"}}}]
"""
    ).job

    assert job.extract[0].fields["a"].value == "{Product name}"


def test_a_field_needs_no_selector_where_there_is_something_around_it(load: Load) -> None:
    job = load(
        HEAD
        + """\
extract:
  - {item: A, each: "li.a", fields: {a: {then: [text]}, b: {all: true}}}
  - {item: B, each: {jmes: "x[]"}, fields: {a: {jmes: y}, b: {}}}
  - {item: C, try: [microdata, json_ld], fields: {a: {}}}
  - {item: D, fields: {a: {css: p, fields: {b: {then: [text]}}}, e: {fields: {f: {css: i}}}}}
"""
    ).job

    assert [rule.each and (rule.each.css, rule.each.jmes) for rule in job.extract] == [
        ("li.a", None), (None, "x[]"), None, None,
    ]  # fmt: skip
    assert job.extract[2].structured == ("microdata", "json_ld")
    inner = job.extract[3].fields["a"].fields
    assert inner is not None
    assert inner["b"].then[0].name == "text"


def test_a_rule_can_be_changed_by_set(load: Load) -> None:
    rule = "extract: [{item: A, fields: {c: {css: d, then: [text]}}}]\n"

    job = load(HEAD + rule, "extract.0.fields.c.then=[strip, {split: ';'}]").job

    assert [step.name for step in job.extract[0].fields["c"].then] == ["strip", "split"]
