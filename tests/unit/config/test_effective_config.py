from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crawler.config.load import load_job
from crawler.config.masked import effective_yaml

if TYPE_CHECKING:
    from tests.unit.config.conftest import Load

JOB = """\
name: x
start: [https://a.example/]
scope: {allow: ['re:/a$'], max_pages: 2_000}
fetch: {per_host: {delay: 0s}}
args: {day: 2026-11-22, no: 'no', one: '1', sum: 1e3}
schemas: {Book: {title: str, price: {type: decimal, ge: 0}}}
extract:
  - {item: Book, each: p, fields: {title: {then: [text]}, price: {css: b, then: [{regex: '1'}]}}}
"""


def test_values_are_complete_and_in_the_notation_of_the_file(load: Load) -> None:
    values = load(JOB).values

    assert list(values)[:3] == ["version", "name", "start"]
    assert values["fetch"] == {
        "user_agent": None,
        "robots": "obey",
        "timeout": "20s",
        "deadline": "120s",
        "retries": 3,
        "concurrency": 64,
        "per_host": {"concurrency": 1, "delay": "0s", "adaptive": True},
        "limits": [],
        "max_body": "32MiB",
        "private_addresses": "start",
        "accept": None,
        "headers": {},
        "cookies": {},
        "auth": {},
        "proxies": {
            "urls": [],
            "environment": False,
            "rotate": "host",
            "match": [],
            "direct": [],
        },
        "tls": {"ca_file": None, "min_version": "1.2", "unverified": [], "client_certs": {}},
    }
    assert values["output"] == [
        {
            "path": "data/{name}/{run_id}.jsonl",
            "mode": "new",
            "provenance": "url",
            "formula_cells": "quote",
            "only": [],
            "keep": None,
        }
    ]


def test_every_value_has_an_origin(load: Load) -> None:
    loaded = load(JOB, "scope.max_depth=2")

    assert loaded.origins["scope.max_pages"] == "job.yaml:3"
    assert loaded.origins["scope.max_depth"] == "--set"
    assert loaded.origins["fetch.timeout"] == "default"
    assert loaded.origins["args.day"] == "job.yaml:5"


def test_the_effective_config_is_a_job_that_means_the_same(load: Load, tmp_path: Path) -> None:
    loaded = load(JOB, "fetch.retries=1")
    again = tmp_path / "again.yaml"
    again.write_text(effective_yaml(loaded))

    assert load_job(again, environ={}).job == loaded.job


def test_secrets_are_masked_wherever_they_come_from(load: Load) -> None:
    loaded = load(
        """\
name: x
start: ["https://me:hunter2@a.example/", "${URL}"]
fetch:
  user_agent: "bot ${UA:-hunter2}"
  headers: {X-Key: hunter2}
  cookies: {session: hunter2}
args: {api_key: hunter2, login: {password: hunter2}, list: [a, "${P}"], page: 5}
""",
        environ={"URL": "https://b.example/hunter2", "P": "hunter2"},
    )

    text = effective_yaml(loaded)

    assert "hunter2" not in text
    assert "page: 5" in text
    assert "https://***@a.example/" in text
    assert loaded.job.fetch.headers == {"X-Key": "hunter2"}
