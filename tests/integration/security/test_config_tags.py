"""A config names code; it cannot hold any."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.config.load import load_job
from crawler.errors import ConfigError

TAGS = (
    "!!python/object/apply:os.mkdir ['{trace}']",
    "!!python/object/new:os.mkdir ['{trace}']",
    "!!python/name:os.system ''",
    "!!python/module:os ''",
    "!!python/object:crawler.errors.CrawlerError {{}}",
    "!<tag:yaml.org,2002:python/object/apply:os.mkdir> ['{trace}']",
)


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize(
    "place", ["scope: {}", "args: {{x: {}}}", "{}: x"], ids=["value", "args", "key"]
)
def test_a_tag_of_python_is_refused_and_makes_nothing(tag: str, place: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    config = tmp_path / "job.yaml"
    written = place.format(tag.format(trace=trace))
    config.write_text(f"version: 1\nname: job\nstart: ['http://e.org/']\n{written}\n")

    with pytest.raises(ConfigError):
        load_job(config, environ={})

    assert not trace.exists()
