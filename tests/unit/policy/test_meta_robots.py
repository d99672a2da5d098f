from __future__ import annotations

import pytest

from crawler.policy.meta_robots import header_nofollow, meta_nofollow


@pytest.mark.parametrize(
    ("values", "nofollow"),
    [
        ([], False),
        (["noindex"], False),
        (["nofollow"], True),
        (["NoIndex, NOFOLLOW"], True),
        (["none"], True),
        (["noindex", "nofollow"], True),
        (["crawler: nofollow"], True),
        (["Crawler : none"], True),
        (["otherbot: nofollow"], False),
        (["otherbot: noindex, nofollow"], False),
        (["otherbot: nofollow", "noindex"], False),
        (["otherbot: nofollow, crawler: nofollow"], True),
        (["unavailable_after: 25 Jun 2030 15:00:00 PST, nofollow"], True),
        (["max-snippet: 3"], False),
        (["", ":", ",,"], False),
    ],
)
def test_header_values_ask_for_nofollow(values: list[str], nofollow: bool) -> None:
    assert header_nofollow(values, "crawler") is nofollow


@pytest.mark.parametrize(
    ("pairs", "nofollow"),
    [
        ([], False),
        ([("robots", "noindex,nofollow")], True),
        ([("ROBOTS", " None ")], True),
        ([("robots", "noindex")], False),
        ([("crawler", "nofollow")], True),
        ([("otherbot", "nofollow")], False),
        ([("description", "nofollow")], False),
        ([("robots", "index, follow"), ("crawler", "nofollow")], True),
    ],
)
def test_meta_elements_ask_for_nofollow(pairs: list[tuple[str, str]], nofollow: bool) -> None:
    assert meta_nofollow(pairs, "Crawler") is nofollow
