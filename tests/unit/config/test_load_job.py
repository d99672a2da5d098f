from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.config.load import SpiderRef, load_job
from crawler.errors import ConfigError

if TYPE_CHECKING:
    from tests.unit.config.conftest import Fail, Load

HEAD = "name: x\nstart: [https://a.example/]\n"

FIVE_MISTAKES = """\
version: 1
name: books
start: [https://books.example/]
scope:
  max_depth: "8"
fetch:
  robot: obey
  timeout: 20
run: {loop: uvlop}
scope:
  max_pages: 10
"""

THEIR_REPORT = """\
job.yaml:5:14: error: scope.max_depth: expected a whole number, not text
 5 |   max_depth: "8"
   |              ^ without quotes: 8
job.yaml:7:3: error: unknown key 'robot' in fetch
 7 |   robot: obey
   |   ^ did you mean 'robots'?
job.yaml:8:12: error: fetch.timeout: '20' is a bare number where a duration needs a unit
 8 |   timeout: 20
   |            ^ write 20s
job.yaml:9:13: error: run.loop: 'uvlop' is not one of auto, uvloop, asyncio
 9 | run: {loop: uvlop}
   |             ^ did you mean 'uvloop'?
job.yaml:10:1: error: duplicate key 'scope'
 10 | scope:
    | ^ first set on line 4; the last one would silently win"""


def test_five_different_mistakes_are_reported_at_once(load: Load) -> None:
    with pytest.raises(ConfigError) as caught:
        load(FIVE_MISTAKES)

    assert str(caught.value) == THEIR_REPORT


def test_the_smallest_job_has_the_defaults_of_the_contract(load: Load) -> None:
    job = load(HEAD).job

    assert job.start.urls == ("https://a.example/",)
    assert (job.demo, job.spider, job.args, job.extract, job.follow) == (False, None, {}, (), ())
    scope, fetch = job.scope, job.fetch
    assert (scope.hosts, scope.allow, scope.deny, scope.follow) == ((), (), (), True)
    assert (scope.max_depth, scope.max_pages, scope.max_runtime) == (None, None, None)
    assert (scope.canonical.sort_query, scope.canonical.drop_params) == (True, None)
    assert (fetch.user_agent, fetch.robots, fetch.accept) == (None, "obey", None)
    assert (fetch.timeout, fetch.deadline, fetch.retries) == (20.0, 120.0, 3)
    assert (fetch.concurrency, fetch.limits, fetch.max_body) == (64, (), 32 * 2**20)
    assert (fetch.per_host.concurrency, fetch.per_host.delay) == (1, 1.0)
    assert fetch.per_host.adaptive is True
    assert (fetch.private_addresses, fetch.headers, fetch.cookies) == ("start", {}, {})
    assert (job.run.backend, job.run.workers) == ("asyncio", 1)
    assert (job.run.loop, job.run.durability) == ("auto", "process")
    (output,) = job.output
    assert output.path == "data/{name}/{run_id}.jsonl"
    assert (output.mode, output.provenance) == ("new", "url")
    checks = job.checks
    assert (checks.min_items, checks.max_failed, checks.allow_empty) == (None, 0.05, False)


def test_every_key_due_now_is_understood(load: Load) -> None:
    job = load(
        """\
version: 1
name: shop_2.v-1
demo: true
start: {urls: ["{demo}/", "https://a.example/x?y=1"]}
scope:
  hosts: [shop.example, "shop.example:8080", "*.shop.example"]
  allow: ["/catalogue/**", 're:/p/\\d+$']
  deny: ["**/print/**"]
  max_depth: 0
  max_pages: 2_000
  max_runtime: 4h
  follow: false
  canonical: {sort_query: false, drop_params: [ref]}
follow:
  - {css: "li.next a", label: list}
  - {xpath: "//h3/a"}
fetch:
  user_agent: "acme (+https://acme.example/bot)"
  robots: ignore
  limits: [{match: "api.example.org/**", delay: 2s, concurrency: 1}]
  max_body: 8MiB
  private_addresses: deny
  accept: [text/html, image/*]
  headers: {Accept-Language: de}
  cookies: {consent: "yes"}
run: {backend: asyncio, workers: 1, loop: asyncio, durability: off}
extract:
  - item: Book
    label: list
    url: "/catalogue/*/index.html"
    fields:
      price: {css: "p.price::text", then: [strip, number]}
      links: {xpath: "//a/@href", all: true, then: [count]}
      image: {css: "img::attr(src)", then: [text, absolute_url]}
      source: {value: "{url}"}
output:
  - {path: "data/{name}/{date}-{run_id}.jsonl", mode: append, provenance: none}
checks: {min_items: 0, max_failed: 2%, allow_empty: true}
"""
    ).job

    assert job.scope.max_runtime == 14_400.0
    assert job.scope.canonical.drop_params == ("ref",)
    assert job.fetch.limits[0].delay == 2.0
    assert job.run.durability == "off"
    assert job.extract[0].fields["links"].all
    assert [step.name for step in job.extract[0].fields["price"].then] == ["strip", "number"]
    assert job.checks.max_failed == 0.02


def test_a_job_cannot_be_changed(load: Load) -> None:
    job = load(HEAD).job

    with pytest.raises(ValueError, match="frozen"):
        job.fetch.retries = 9


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("demo: yes", 3, 7, "demo: expected true or false, not text", "write true"),
        ("scope: {follow: off}", 3, 17, "scope.follow: expected true or false", "write false"),
        ("scope: {max_depth: -1}", 3, 20, "scope.max_depth: '-1' is not at least 0", ""),
        ("scope: {max_depth: 1.5}", 3, 20, "expected a whole number, not a number", ""),
        ("scope: {max_depth: true}", 3, 20, "expected a whole number, not true or false", ""),
        ("scope: {allow: /a/**}", 3, 16, "expected a list, not text", "write [/a/**]"),
        ("scope: {allow: [a/**]}", 3, 17, "does not begin with '/'", ""),
        ("scope: {deny: ['re:(']}", 3, 16, "is no regular expression", ""),
        ("scope: {hosts: ['https://b.example/']}", 3, 17, "is a URL", "b.example"),
        ("scope: {max_runtime: 0s}", 3, 22, "'0s' must be more than nothing", ""),
        ("scope: []", 3, 8, "scope: expected a map of keys and values, not a list", ""),
        ("fetch: {user_agent: 5}", 3, 21, "expected text, not a number", 'quote it: "5"'),
        ("fetch: {user_agent: ''}", 3, 21, "must not be empty", ""),
        ('fetch: {user_agent: "a\\nb"}', 3, 21, "a line break or NUL", ""),
        ("fetch: {robots: obay}", 3, 17, "'obay' is not one of obey, ignore", "'obey'"),
        ("fetch: {max_body: 32}", 3, 19, "a size needs a unit", "write 32MiB"),
        ("fetch: {accept: [html]}", 3, 18, "'html' is no media type", "text/html"),
        ("fetch: {limits: [{match: a.example/x}]}", 3, 26, "limits hold for whole hosts", ""),
        ("fetch: {limits: [{delay: 1s}]}", 3, 18, "'match' is missing in fetch.limits.0", ""),
        ("fetch: {headers: {Cookie: a=b}}", 3, 19, "'Cookie' is no header", "use fetch.cookies"),
        ("fetch: {headers: {AUTHORIZATION: x}}", 3, 19, "go to every host", "fetch.auth"),
        ("fetch: {headers: {Proxy-Authorization: x}}", 3, 19, "go to every host", "fetch.proxies"),
        ("fetch: {headers: {User-Agent: x}}", 3, 19, "no header", "use fetch.user_agent"),
        ("fetch: {headers: {Host: x}}", 3, 19, "is set by the crawler itself", ""),
        ("fetch: {headers: {'a b': x}}", 3, 19, "is no valid name", ""),
        ('fetch: {headers: {A: "x\\r\\nB: y"}}', 3, 22, "a line break or NUL", ""),
        ("fetch: {cookies: {a: 'x;y'}}", 3, 22, "cannot hold ';'", ""),
        ("checks: {max_failed: 0.05}", 3, 22, "is a bare number where a share", "write 5%"),
        ("follow: [{label: x}]", 3, 10, "needs exactly one of css, xpath", ""),
        ("follow: [{css: a, xpath: //a}]", 3, 10, "needs exactly one of css, xpath", ""),
        ("follow: [{css: 'a['}]", 3, 16, "'a[' is no CSS selector", ""),
        ("follow: [{css: 'a:nope'}]", 3, 16, "pseudo-class :nope is unknown", ""),
        ("follow: [{css: 'a::txt'}]", 3, 16, "has an unknown ::txt", "::text or ::attr(name)"),
        ("follow: [{xpath: '//a['}]", 3, 18, "is no XPath", ""),
        ("extract: [{item: A}]", 3, 11, "'fields' is missing in extract.0", ""),
        ("extract: [{item: A, fields: {}}]", 3, 29, "must not be empty", ""),
        ("extract: [{item: A, fields: {b: {}}}]", 3, 30, "one of css, xpath, jmes, value", ""),
        ("extract: [{item: A, fields: {_id: {css: a}}}]", 3, 30, "by the crawler itself", ""),
        ("extract: [{item: A, fields: {b: {value: {url}}}}]", 3, 41, "not a map", '"{url}..."'),
        ("extract: [{item: A, label: b, fields: {c: {css: a}}}]", 3, 28, "no follow rule", ""),
        (
            "extract: [{item: A, fields: {b: {css: a, then: [txt]}}}]",
            3, 49, "unknown step 'txt' in extract.0.fields.b.then", "'text'",
        ),
        ("output: [{path: a.txt}]", 3, 17, "has no known format", "end it in .parquet, or in"),
        ("output: [{path: x/.csv.gz}]", 3, 17, "has no name", ""),
        (
            "output: [{path: a.jsonl, formula_cells: keep}]",
            3, 41, "'keep' is for outputs in .csv", "remove formula_cells",
        ),
        ("output: [{path: '{nme}.jsonl'}]", 3, 17, "placeholder {nme}", "'name'"),
        ("output: [{path: a.jsonl, only: [new]}]", 3, 26, "only: without incremental", "add"),
        (
            "incremental: {}\noutput: [{path: a.jsonl, only: [gone]}]",
            4, 33, "is not one of new, changed, unchanged", "",
        ),
        ("output: [{path: a.jsonl, keep: 3}]", 3, 32, "keep counts files", "put {run_id} or"),
        ("output: [{path: \"{date}.jsonl\", keep: 0}]", 3, 39, "output.0.keep", ""),
        ("output: [{path: a.jsonl}, {path: a.jsonl}]", 3, 34, "two outputs would write", ""),
        ("output: [{path: a.jsonl}, {path: x/../a.jsonl}]", 3, 34, "two outputs would write", ""),
        ("spider: pkg.mod", 3, 9, "names no class in a file", ".py:"),
        ("version: 2", 3, 10, "is no version of this format", "version: 1"),
        ("max_pages: 5", 3, 1, "unknown key 'max_pages'", "it belongs in scope"),
        ("<<: {demo: true}", 3, 1, "unknown key '<<'", "no merge keys"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_reported_at_its_place(
    problems: Fail, text: str, line: int, column: int, message: str, hint: str
) -> None:
    (problem,) = problems(HEAD + text + "\n")

    assert (problem.line, problem.column) == (line, column)
    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("url", "message", "hint"),
    [
        ("ftp://a.example/", "scheme 'ftp' is not http or https", ""),
        ("a.example/x", "it must begin with http:// or https://", "write https://a.example/x"),
        ("https://", "is no http(s) URL", ""),
        ("{demo}/", "names the practice site", "set demo: true"),
        ("/local", "it must begin with", ""),
    ],
)
def test_a_start_url_that_cannot_be_crawled_is_named(
    problems: Fail, url: str, message: str, hint: str
) -> None:
    (problem,) = problems(f"name: x\nstart:\n  - '{url}'\n")

    assert (problem.line, problem.column) == (3, 5)
    assert url in problem.message
    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize("name", ["", ".", "..", ".x", "a/b", "a b", "é", "x" * 101, "runs.sqlite"])
def test_a_name_must_be_safe_in_file_names(problems: Fail, name: str) -> None:
    (problem,) = problems(f"name: '{name}'\nstart: [https://a.example/]\n")

    assert (problem.line, problem.column) == (1, 7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("start: [https://a.example/]", "'name' is missing"),
        ("name: x", "'start' is missing"),
        ("name: x\nstart: []", "start: there is no URL to begin with"),
        ("name: x\nstart: {}", "start: there is no URL to begin with"),
    ],
)
def test_a_job_needs_a_name_and_a_start(problems: Fail, text: str, message: str) -> None:
    assert [p.message for p in problems(text + "\n")] == [message]


def test_a_spider_may_bring_the_start_urls_and_the_labels(load: Load, tmp_path: Path) -> None:
    (tmp_path / "portal.py").write_text("")
    rule = "extract: [{item: A, label: any, fields: {b: {css: a}}}]"

    loaded = load(f"name: x\nspider: portal.py:Portal\n{rule}\n")

    assert loaded.spider == SpiderRef(file=Path("portal.py"), name="Portal")


def test_a_spider_is_found_beside_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "team").mkdir()
    (tmp_path / "team/portal.py").write_text("")
    (tmp_path / "team/base.yaml").write_text("spider: portal.py:Portal\n")
    (tmp_path / "job.yaml").write_text("name: x\nextends: team/base.yaml\n")

    loaded = load_job(tmp_path / "job.yaml", environ={})

    assert loaded.spider == SpiderRef(file=tmp_path / "team/portal.py", name="Portal")


def test_a_missing_spider_file_is_reported_with_the_nearest_name(
    problems: Fail, tmp_path: Path
) -> None:
    (tmp_path / "portal.py").write_text("")

    (problem,) = problems(HEAD + "spider: prtal.py:Portal\n")

    assert (problem.line, problem.column, problem.message) == (
        3, 9, "spider: there is no file prtal.py",
    )  # fmt: skip
    assert problem.hint == "did you mean 'portal.py'?"


def test_a_label_that_no_rule_gives_gets_a_suggestion(problems: Fail) -> None:
    text = "follow: [{css: a, label: book}]\n"
    text += "extract: [{item: A, label: bok, fields: {b: {css: a}}}]\n"

    (problem,) = problems(HEAD + text)

    assert problem.message == "extract.0.label: no follow rule gives the label 'bok'"
    assert problem.hint == "did you mean 'book'?"


def test_a_tree_of_empty_keys_is_the_default_job(load: Load) -> None:
    assert load(HEAD + "scope:\nfetch:\n  timeout:\noutput:\n").job == load(HEAD).job


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fetch: {headers: {Authorization: Bearer 123}}", "fetch: {headers: {Authorization: ***"),
        ("fetch: {cookies: {'a b': sesame}}", "fetch: {cookies: {'a b: ***"),
    ],
    ids=["header", "cookie"],
)
def test_a_refused_header_is_shown_without_its_value(problems: Fail, text: str, shown: str) -> None:
    found = problems(f"version: 1\nname: n\nstart: ['http://e.org/']\n{text}\n")

    assert [problem.text for problem in found] == [shown]
