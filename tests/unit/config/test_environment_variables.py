from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.config.conftest import Fail, Load

JOB = "name: x\nstart: [https://a.example/]\n"


def test_a_variable_is_put_into_a_value(load: Load) -> None:
    loaded = load(JOB + "args: {a: 'x-${V}-y'}", environ={"V": "1"})

    assert loaded.job.args == {"a": "x-1-y"}


def test_an_unquoted_variable_may_give_a_number_and_a_quoted_one_is_text(load: Load) -> None:
    loaded = load(JOB + "args:\n  a: ${N}\n  b: '${N}'\n", environ={"N": "7"})

    assert loaded.job.args == {"a": 7, "b": "7"}


def test_a_key_gets_the_type_it_asks_for_whatever_the_quotes(load: Load) -> None:
    text = "name: ${N}\nstart: [https://a.example/]\ndemo: '${B}'\nfetch: {retries: '${N}'}\n"

    loaded = load(text, environ={"N": "7", "B": "true"})

    assert (loaded.job.name, loaded.job.fetch.retries, loaded.job.demo) == ("7", 7, True)
    assert loaded.values["name"] == "7"


def test_a_value_can_never_add_yaml(load: Load) -> None:
    loaded = load(JOB + "args:\n  a: ${V}\n", environ={"V": "x}\nfetch: {robots: ignore"})

    assert loaded.job.args == {"a": "x}\nfetch: {robots: ignore"}
    assert loaded.job.fetch.robots == "obey"


def test_a_default_stands_for_an_unset_and_for_an_empty_variable(load: Load) -> None:
    text = JOB + "args: {a: '${A:-x}', b: '${B:-y}', c: '${C:-}', d: '${D:-z}'}"

    loaded = load(text, environ={"B": "", "D": "d"})

    assert loaded.job.args == {"a": "x", "b": "y", "c": "", "d": "d"}


def test_an_empty_variable_leaves_a_key_at_its_default(load: Load) -> None:
    assert load(JOB + "fetch:\n  timeout: ${T:-}\n").job.fetch.timeout == 20.0


def test_two_dollars_are_one_and_a_lone_one_is_itself(load: Load) -> None:
    loaded = load(JOB + "args: {a: '$$ $x $${V}', b: 're:/a$'}")

    assert loaded.job.args == {"a": "$ $x ${V}", "b": "re:/a$"}


def test_every_missing_variable_is_reported_at_its_value(problems: Fail) -> None:
    found = problems(
        JOB + "args:\n  a: '${TOKN}'\n  b: ${B:?set B first}\n", environ={"TOKEN": "t"}
    )

    assert [(p.line, p.column, p.message, p.hint) for p in found] == [
        (4, 6, "environment variable TOKN is not set", "did you mean 'TOKEN'?"),
        (5, 6, "environment variable B is not set", "set B first"),
    ]


def test_an_unfinished_variable_is_an_error(problems: Fail) -> None:
    (problem,) = problems(JOB + "args: {a: '${1x}'}")

    assert problem.message == "'${' does not begin a variable"


def test_an_overridden_variable_need_not_be_set(load: Load) -> None:
    assert load(JOB + "args: {a: '${NOPE}'}", "args.a=1").job.args == {"a": 1}


def test_the_value_of_a_variable_is_never_printed(problems: Fail) -> None:
    secret = {"S": "hunter2"}
    text = JOB + "fetch: {timeout: '${S}', robots: '${S}', accept: ['${S}']}\nspider: '${S}'\n"

    found = problems(text, environ=secret)

    assert len(found) == 4
    assert all("hunter2" not in p.render() and "${S}" in p.message for p in found)


def test_bytes_that_are_no_text_are_refused(problems: Fail) -> None:
    found = problems(JOB + "args: {a: '${U}'}", environ={"U": "\udcff"})

    (problem,) = found
    assert problem.message == "environment variable U holds bytes that are no text"
