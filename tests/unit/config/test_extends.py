from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.config.load import load_job
from crawler.errors import ConfigError

if TYPE_CHECKING:
    from tests.unit.config.conftest import Fail, Load

JOB = "name: x\nextends: base.yaml\nstart: [https://a.example/]\n"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path / "base.yaml"


def test_maps_merge_and_lists_replace(load: Load, base: Path) -> None:
    base.write_text(
        "fetch: {retries: 1, per_host: {delay: 2s, concurrency: 3}}\n"
        "scope: {allow: [/a/**, /b/**], max_depth: 4}\n"
    )

    job = load(JOB + "fetch: {per_host: {delay: 0s}}\nscope: {allow: [/c/**]}\n").job

    assert job.fetch.retries == 1
    assert (job.fetch.per_host.delay, job.fetch.per_host.concurrency) == (0.0, 3)
    assert job.scope.allow == ("/c/**",)
    assert job.scope.max_depth == 4


def test_a_list_of_start_urls_replaces_a_map(load: Load, base: Path) -> None:
    base.write_text("start: {urls: [https://b.example/]}\n")

    assert load(JOB).job.start.urls == ("https://a.example/",)


def test_a_problem_is_reported_in_the_file_it_stands_in(problems: Fail, base: Path) -> None:
    base.write_text("fetch:\n  retires: 3\n")

    found = problems(JOB + "demo: 1\n")

    assert [(p.source, p.line, p.column) for p in found] == [
        ("job.yaml", 4, 7),
        ("base.yaml", 2, 3),
    ]


def test_what_the_job_replaces_in_its_base_is_not_checked(load: Load, base: Path) -> None:
    base.write_text("fetch: {timeout: 20}\n")

    assert load(JOB + "fetch: {timeout: 5s}\n").job.fetch.timeout == 5.0


def test_an_empty_key_takes_the_default_over_the_base(load: Load, base: Path) -> None:
    base.write_text("scope: {max_depth: 3}\n")

    assert load(JOB + "scope: {max_depth: }\n").job.scope.max_depth is None


def test_keys_of_ones_own_begin_with_x(load: Load, base: Path) -> None:
    base.write_text("x-polite: &p {delay: 5s}\nfetch: {per_host: *p}\n")

    assert load(JOB + "x-note: whatever\n").job.fetch.per_host.delay == 5.0


def test_the_base_is_found_beside_the_job_and_its_base_beside_it(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs/job.yaml").write_text(
        "name: x\nextends: ../team/base.yaml\nstart: [https://a.example/]\n"
    )
    (tmp_path / "team").mkdir()
    (tmp_path / "team/base.yaml").write_text("extends: root.yaml\n")
    (tmp_path / "team/root.yaml").write_text("fetch: {retries: 9}\n")

    loaded = load_job(tmp_path / "jobs/job.yaml", environ={})

    assert loaded.job.fetch.retries == 9
    assert loaded.origins["fetch.retries"] == f"{tmp_path}/team/root.yaml:1"


def test_a_missing_base_is_named_with_the_nearest_file(problems: Fail, base: Path) -> None:
    base.write_text("")

    (problem,) = problems(JOB.replace("base.yaml", "bse.yaml"))

    assert (problem.line, problem.column) == (2, 10)
    assert (problem.message, problem.hint) == (
        "there is no file bse.yaml",
        "did you mean 'base.yaml'?",
    )


def test_a_circle_is_an_error(problems: Fail, base: Path) -> None:
    base.write_text("extends: ./job.yaml\n")

    (problem,) = problems(JOB)

    assert (problem.source, problem.line) == ("base.yaml", 1)
    assert problem.message == "extends goes in a circle: job.yaml -> base.yaml -> job.yaml"


def write_chain(folder: Path, files: int) -> Path:
    for n in range(1, files + 1):
        following = f"extends: {n + 1}.yaml\n" if n < files else "demo: true\n"
        (folder / f"{n}.yaml").write_text(following)
    job = folder / "job.yaml"
    job.write_text("name: x\nextends: 1.yaml\nstart: [https://a.example/]\n")
    return job


def test_five_files_may_extend_each_other(tmp_path: Path) -> None:
    assert load_job(write_chain(tmp_path, 5), environ={}).job.demo


def test_a_sixth_file_is_too_deep(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="more than 5 files deep"):
        load_job(write_chain(tmp_path, 6), environ={})


def test_a_missing_job_file_is_the_only_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_job(tmp_path / "nope.yaml", environ={})

    assert caught.value.problems[0].message == f"there is no file {tmp_path}/nope.yaml"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: \xff\n", "the file is not UTF-8"),
        (b"", "the file is empty"),
        (b"- a\n", "a job file is a map of keys and values"),
        (b"name:x\n", "a job file is a map of keys and values"),
        (b"#" * (4 * 2**20 + 1), "is larger than 4 MiB"),
    ],
    ids=["latin-1", "empty", "list", "no space", "huge"],
)
def test_a_file_that_is_no_job_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "job.yaml"
    path.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        load_job(path, environ={})

    assert message in caught.value.problems[0].message


def test_a_byte_order_mark_and_dos_line_ends_are_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_bytes("\ufeffname: x\r\nstart:\r\n  - https://a.example/\r\n".encode())

    assert load_job(path, environ={}).job.name == "x"
