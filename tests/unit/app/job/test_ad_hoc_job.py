from __future__ import annotations

import pytest

from crawler.app.job.ad_hoc_job import absolute
from crawler.errors import ConfigError


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("shop.example/x", "did you mean https://shop.example/x?"),
        ("localhost:8080/x", "did you mean https://localhost:8080/x?"),
        ("{dmeo}/x", "{demo} is the practice site"),
    ],
)
def test_what_is_no_url_comes_with_what_may_have_been_meant(written: str, hint: str) -> None:
    with pytest.raises(ConfigError) as refused:
        absolute(written)

    assert hint in str(refused.value)


@pytest.mark.parametrize("written", ["", " ", "mailto:a@b.example", "ftp://h/", "https://"])
def test_nothing_is_guessed_where_nothing_sensible_could_be_meant(written: str) -> None:
    with pytest.raises(ConfigError) as refused:
        absolute(written)

    assert "did you mean" not in str(refused.value)
