from __future__ import annotations

from pathlib import Path

import pytest

from crawler.app.check.disk_doctor import file_system, look_at_folder
from crawler.app.check.doctor import (
    look_at_certificates,
    look_at_clock,
    look_at_machine,
    look_at_proxies,
)
from crawler.app.check.findings import Level, warn
from crawler.app.check.names_doctor import start_hosts
from crawler.config.load import load_job
from crawler.testing import FakeClock

MOUNTS = [
    "/dev/sda1 / ext4 rw 0 0",
    "server:/share /srv/share nfs4 rw 0 0",
    "server:/old /srv/with\\040space cifs rw 0 0",
    "tmpfs /srv/share/fast tmpfs rw 0 0",
    "broken",
]


def test_a_good_folder_is_found_good_and_left_empty(tmp_path: Path) -> None:
    found = list(look_at_folder(tmp_path))

    assert {"disk", "folder", "SQLite", "locks"} <= {one.subject for one in found}
    assert Level.FAIL not in {one.level for one in found}
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_yet_is_judged_by_the_one_above(tmp_path: Path) -> None:
    found = list(look_at_folder(tmp_path / "not" / "yet"))

    assert any(one.subject == "folder" and str(tmp_path) in one.text for one in found)
    assert not list(tmp_path.iterdir())


def test_a_file_where_a_folder_is_wanted_is_bad(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    for place in ("file", "file/below"):
        found = list(look_at_folder(tmp_path / place))

        assert [one.subject for one in found if one.level is Level.FAIL] == ["folder"]


def test_the_innermost_mount_says_what_a_folder_lies_on() -> None:
    kinds = [
        file_system(Path(place), MOUNTS)
        for place in ("/srv", "/srv/share/jobs", "/srv/with space/x", "/srv/share/fast")
    ]

    assert kinds == ["ext4", "nfs4", "cifs", "tmpfs"]


def test_a_clock_before_the_installation_is_wrong() -> None:
    assert look_at_clock(1_000_000_000, 1_700_000_000).level is Level.FAIL
    assert look_at_clock(1_700_000_001, 1_700_000_000).level is Level.OK


def test_a_certificate_file_that_is_named_but_not_there_is_bad(tmp_path: Path) -> None:
    found = look_at_certificates({"SSL_CERT_FILE": str(tmp_path / "absent.pem")})

    assert found.level is Level.FAIL
    assert "absent.pem" in found.text


def test_proxies_are_named_without_their_passwords() -> None:
    (found,) = look_at_proxies({"HTTPS_PROXY": "http://ann:secret@proxy:3128", "http_proxy": ""})

    assert found.level is Level.WARN
    assert "HTTPS_PROXY" in found.text
    assert "secret" not in found.line()


def test_this_machine_can_run_the_tests_so_nothing_is_bad(tmp_path: Path) -> None:
    found = list(look_at_machine(tmp_path, FakeClock(wall=4e9), {}))

    assert [one.line() for one in found if one.level is Level.FAIL] == []
    assert len(found) > 10


def test_only_names_are_looked_up_and_each_once(tmp_path: Path) -> None:
    file = tmp_path / "job.yaml"
    file.write_text(
        "name: job\ndemo: true\nstart: ['{demo}/', 'http://127.0.0.1/', 'http://[::1]/',"
        " 'https://a.example/x', 'https://A.example/y', 'https://b.example:8443/']\n"
    )

    assert start_hosts(load_job(file, environ={})) == ["a.example", "b.example"]


def test_a_finding_is_one_line_that_cannot_reach_the_terminal() -> None:
    line = warn("http://x/\x1b[31m", "said \r\nnext line", "look\x07").line()

    assert line.isprintable()
    assert line.startswith("warn  ")


def test_the_parser_of_answers_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aiohttp import http_parser

    def judged() -> Level:
        found = look_at_machine(tmp_path, FakeClock(), {})
        return next(one.level for one in found if one.subject == "parser")

    levels = [judged()]
    monkeypatch.setattr(http_parser, "HttpResponseParser", http_parser.HttpResponseParserPy)
    levels.append(judged())

    assert levels == [Level.OK, Level.WARN]
