from __future__ import annotations

from typing import Any

import pytest

from crawler.errors import ConfigError
from crawler.fetch.limits import FetchLimits


@pytest.mark.parametrize("name", ["timeout", "connect_timeout", "deadline", "max_body"])
def test_a_limit_of_nothing_is_refused(name: str) -> None:
    nothing: dict[str, Any] = {name: 0}

    with pytest.raises(ConfigError, match=name):
        FetchLimits(**nothing)


def test_a_pattern_that_is_no_media_type_is_refused() -> None:
    with pytest.raises(ConfigError, match="'html' is no media type"):
        FetchLimits(accept=("html",))


@pytest.mark.parametrize(
    ("accept", "content_type", "kept"),
    [
        (None, "video/mp4", True),
        (("*/*",), "video/mp4", True),
        ((), "video/mp4", False),
        (("video/*",), "VIDEO/mp4; x=y", True),
        (("video/*",), "text/html", False),
        (("text/html",), " text/html ;charset=utf-8", True),
        (("text/html",), "text/html5", False),
        (("text/html",), "", True),
    ],
)
def test_media_types_are_kept_by_pattern(
    accept: tuple[str, ...] | None, content_type: str, kept: bool
) -> None:
    assert FetchLimits(accept=accept).accepts(content_type) is kept


def test_the_head_has_30_seconds_by_default_and_never_more_than_the_whole() -> None:
    assert FetchLimits().head_deadline == 30.0
    assert FetchLimits(deadline=12.0).head_deadline == 12.0
