from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from crawler.config.load import LoadedJob, load_job
from crawler.errors import ConfigError, Problem

Load = Callable[..., LoadedJob]
Fail = Callable[..., tuple[Problem, ...]]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Write a text as job.yaml and load it."""
    monkeypatch.chdir(tmp_path)

    def load_text(
        text: str, *overrides: str, environ: Mapping[str, str] | None = None
    ) -> LoadedJob:
        Path("job.yaml").write_text(text, encoding="utf-8")
        return load_job(Path("job.yaml"), overrides=overrides, environ=environ or {})

    return load_text


@pytest.fixture
def problems(load: Load) -> Fail:
    """Load a text that cannot be loaded, and return why."""

    def problems_of(
        text: str, *overrides: str, environ: Mapping[str, str] | None = None
    ) -> tuple[Problem, ...]:
        with pytest.raises(ConfigError) as caught:
            load(text, *overrides, environ=environ)
        return caught.value.problems

    return problems_of
