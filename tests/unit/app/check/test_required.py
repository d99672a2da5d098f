from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

from crawler.app.check.findings import Level
from crawler.app.check.required import REQUIRED, look_at_packages

ROOT = Path(__file__).parents[4]


def test_the_packages_looked_for_are_those_of_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {
        match.group(1): match.group(2)
        for match in (re.match(r"([\w-]+)>=([\d.]+)", one) for one in project["dependencies"])
        if match is not None
    }

    assert len(wanted) == len(project["dependencies"])
    assert dict(REQUIRED) == wanted


def test_a_package_that_is_missing_or_too_old_is_bad_and_comes_with_its_cure() -> None:
    def version_of(name: str) -> str:
        if name == "lxml":
            raise PackageNotFoundError(name)
        return "0.5" if name == "protego" else "0.49.9" if name == "pydantic" else "99.0rc1"

    found = {one.subject: one for one in look_at_packages(version_of)}

    assert found["lxml"].level is Level.FAIL
    assert "pip install" in found["lxml"].advice
    assert found["pydantic"].level is Level.FAIL
    assert "protego" not in found
    assert "protego 0.5" in found["packages"].text


def test_a_missing_extra_is_no_failure_and_says_what_is_done_without_it() -> None:
    def version_of(name: str) -> str:
        if name == "rich":
            raise PackageNotFoundError(name)
        return "99"

    found = {one.subject: one for one in look_at_packages(version_of)}

    assert found["rich"].level is Level.OK
    assert "plain lines" in found["rich"].text
