from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.config.conftest import Fail, Load

JOB = "name: x\nstart: [https://a.example/]\noutput: [{path: a.jsonl}, {path: b.jsonl}]\n"


def test_a_value_is_read_as_yaml(load: Load) -> None:
    job = load(JOB, "fetch.retries=1", "scope.follow=false", "scope.allow=[/a/**]").job

    assert (job.fetch.retries, job.scope.follow, job.scope.allow) == (1, False, ("/a/**",))


def test_a_map_merges_and_the_last_option_wins(load: Load) -> None:
    job = load(
        JOB + "fetch: {per_host: {concurrency: 2}}\n",
        "fetch.per_host={delay: 3s}",
        "fetch.per_host.delay=4s",
    ).job

    assert (job.fetch.per_host.concurrency, job.fetch.per_host.delay) == (2, 4.0)


def test_a_number_picks_an_item_of_a_list(load: Load) -> None:
    job = load(JOB, "output.1.mode=replace").job

    assert [output.mode for output in job.output] == ["new", "replace"]


def test_an_empty_value_takes_the_default(load: Load) -> None:
    assert load(JOB + "fetch: {retries: 9}\n", "fetch.retries=").job.fetch.retries == 3


def test_a_list_replaces_the_start_urls(load: Load) -> None:
    assert load(JOB, "start=[https://b.example/]").job.start.urls == ("https://b.example/",)


def test_the_short_form_of_start_can_be_set_as_the_long_one(load: Load) -> None:
    assert load(JOB, "start.urls=[https://b.example/]").job.start.urls == ("https://b.example/",)


def test_an_equals_sign_belongs_to_the_value(load: Load) -> None:
    assert load(JOB, "args.q=a=b").job.args == {"q": "a=b"}


@pytest.mark.parametrize(
    ("option", "message", "hint"),
    [
        ("fetch.retires=3", "unknown key 'retires' in fetch", "did you mean 'retries'?"),
        ("fetch.timeout=20", "fetch.timeout: '20' is a bare number", "write 20s"),
        ("fetch", "expected key.path=value", "e.g. --set fetch.timeout=10s"),
        ("=1", "expected key.path=value", ""),
        ("output.2.mode=new", "'output.2.mode' is in no list of the job", ""),
        ("extract.0.item=x", "'extract.0.item' is in no list of the job", ""),
        ("start=[a", "did not find expected ',' or ']'", ""),
        ("fetch.user_agent=\udcff", "the character U+DCFF has no place", ""),
    ],
)
def test_a_problem_names_the_option(problems: Fail, option: str, message: str, hint: str) -> None:
    (problem,) = problems(JOB, option)

    assert problem.source == f"--set {option}"
    assert (problem.line, problem.column, problem.text) == (0, 0, "")
    assert message in problem.message
    assert hint in problem.hint


def test_origins_tell_options_from_the_file(load: Load) -> None:
    origins = load(JOB + "fetch:\n  retries: 1\n", "fetch.timeout=1s").origins

    assert origins["fetch.timeout"] == "--set"
    assert origins["fetch.retries"] == "job.yaml:5"
    assert origins["fetch.deadline"] == "default"
