from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from crawler.app.check.findings import fail, ok
from crawler.cli.problem_lines import (
    Remark,
    as_github,
    as_json,
    remark_of_finding,
    remark_of_problem,
)
from crawler.errors import Problem


def test_github_shows_a_problem_at_its_place() -> None:
    problem = Problem(
        message="unknown key 'a,b'", source="x,y:z.yaml", line=3, column=5, hint="50% off"
    )

    shown = as_github([remark_of_problem(problem, "x,y:z.yaml")])

    place = "file=x%2Cy%3Az.yaml,line=3,col=5"
    assert shown == f"::error {place}::unknown key 'a,b' (50%25 off)\n"


def test_a_finding_names_what_it_is_about() -> None:
    good = as_github([remark_of_finding(ok("http://a/", "HTTP 200"), "a.yaml")])
    bad = as_github([remark_of_finding(fail("http://a/", "gone\n::error::\x1b[2J"), "a.yaml")])

    assert good == "::notice file=a.yaml::http://a/: HTTP 200\n"
    assert bad == "::error file=a.yaml::http://a/: gone\\n::error::\\x1b[2J\n"


@given(st.lists(st.text(), max_size=3))
def test_json_is_an_array_that_reads_back_in_plain_ascii(texts: list[str]) -> None:
    remarks = [Remark(file="a.yaml", level="error", message=text) for text in texts]

    written = as_json(remarks)

    assert written.isascii()
    assert [one["message"] for one in json.loads(written)] == texts


def test_a_problem_without_a_place_belongs_to_the_file() -> None:
    assert remark_of_problem(Problem(message="empty"), "a.yaml").file == "a.yaml"
