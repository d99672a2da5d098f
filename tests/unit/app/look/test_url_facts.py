from __future__ import annotations

from pathlib import Path

import pytest

from crawler.app.job.job_paths import JobPaths
from crawler.app.look.explain_url import explain_url
from crawler.config.load import LoadedJob, load_job
from crawler.testing import FakeClock

JOB = """\
name: books
start: [https://shop.example/]
scope:
  allow: ["/c/**", "/"]
  deny: ["**/print/**"]
follow: [{css: "h3 a", label: book}]
extract:
  - item: Book
    label: book
    fields: {title: {css: h1}}
  - item: List
    url: "/c/page-*"
    fields: {title: {css: h1}}
"""


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedJob:
    file = tmp_path / "books.yaml"
    file.write_text(JOB)
    return load_job(file, environ={})


def explained(loaded: LoadedJob, url: str) -> dict[str, str]:
    """Return the lines about a URL by their subject, without the folder of the config."""
    folder = f"{loaded.path.parent}/"
    told = explain_url(loaded, JobPaths(loaded.path.parent, "books"), url, FakeClock())
    found: dict[str, str] = {}
    last = ""
    for subject, text in told.lines:
        last = subject or last
        found[last] = f"{found.get(last, '')}{text.replace(folder, '')}\n"
    return {subject: text.rstrip("\n") for subject, text in found.items()}


@pytest.mark.parametrize(
    ("url", "scope"),
    [
        ("/c/x", "in scope: scope.allow has '/c/**' (books.yaml:4)"),
        ("/c/print/x", "out of scope: scope.deny has '**/print/**' (books.yaml:5)"),
        ("/z", "out of scope: nothing in scope.allow matches /z (books.yaml:4)"),
        (
            "https://other.example/",
            (
                "out of scope: host other.example is not in scope, by the hosts of start"
                " (books.yaml:2)"
            ),
        ),
    ],
)
def test_the_rule_of_the_scope_is_named_with_its_line(
    loaded: LoadedJob, url: str, scope: str
) -> None:
    assert explained(loaded, url)["scope"] == scope


def test_rules_say_for_which_pages_they_are(loaded: LoadedJob) -> None:
    rules = explained(loaded, "/c/page-2")["rules"].splitlines()

    assert rules == [
        "extract.0 (Book, books.yaml:8): only for the label 'book', which follow.0 gives",
        "extract.1 (List, books.yaml:11): for it",
    ]


def test_before_the_first_run_nothing_is_claimed_about_robots_or_state(loaded: LoadedJob) -> None:
    told = explained(loaded, "/")

    assert told["robots"].startswith("unknown: the job's state has no robots.txt")
    assert told["state"] == "the job has not run yet"
    assert told["verdict"].startswith("it would be crawled")


def test_a_tracking_parameter_does_not_make_another_page(loaded: LoadedJob) -> None:
    assert explained(loaded, "/?utm_source=x")["canonical"] == "https://shop.example/"


def test_a_start_url_needs_no_page_that_links_to_it(loaded: LoadedJob) -> None:
    start = explained(loaded, "https://shop.example/")
    other = explained(loaded, "https://shop.example/c/1")

    assert start["verdict"] == "it would be crawled: it is a start URL"
    assert "once a page in scope links to it" in other["verdict"]
