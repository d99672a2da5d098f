from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.engine.bottleneck import Bottleneck, RecentBottleneck

CAUSES = st.sampled_from(["politeness", "network", "output", "paused"])


def test_recent_shares_forget_what_was_long_ago() -> None:
    bottleneck = Bottleneck()
    recent = RecentBottleneck(bottleneck, seconds=10.0)
    recent.shares(0.0, 0.0)
    bottleneck.begin("network", 0.0)
    bottleneck.end(100.0)
    recent.shares(100.0, 0.0)
    bottleneck.begin("politeness", 100.0)

    shares = recent.shares(115.0, 0.0)

    assert shares["politeness"] == 1.0


def test_a_wait_that_is_not_over_counts_as_far_as_it_went() -> None:
    bottleneck = Bottleneck()
    recent = RecentBottleneck(bottleneck)
    recent.shares(0.0, 0.0)
    bottleneck.begin("output", 0.0)

    assert recent.shares(4.0, 1.0) == {
        "politeness": 0.0, "network": 0.0, "output": 0.75, "cpu": 0.25,
    }  # fmt: skip


def test_nothing_is_known_of_no_time() -> None:
    assert RecentBottleneck(Bottleneck()).shares(5.0, 1.0) == {}


@given(
    st.lists(st.tuples(CAUSES, st.floats(0.01, 50.0), st.floats(0.0, 5.0)), min_size=1, max_size=30)
)
def test_shares_are_parts_of_one_whole(waits: list[tuple[str, float, float]]) -> None:
    bottleneck = Bottleneck()
    recent = RecentBottleneck(bottleneck)
    now = cpu = 0.0
    for cause, seconds, busy in waits:
        recent.shares(now, cpu)
        bottleneck.begin(cause, now)
        now += seconds
        bottleneck.end(now)
        cpu += busy
        now += busy

    for shares in (recent.shares(now, cpu), bottleneck.shares(now, cpu)):
        assert not shares or sum(shares.values()) == pytest.approx(1.0, abs=0.002)
        assert all(0 <= part <= 1 for part in shares.values())
