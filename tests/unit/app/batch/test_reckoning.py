from __future__ import annotations

import pytest

from crawler.app.batch.reckoning import Reckoning


def test_videos_count_by_how_long_they_play() -> None:
    reckoning = Reckoning([90.0, 10.0])

    reckoning.begin(0, "short", 10.0, 0.0)
    reckoning.end(0)
    assert reckoning.share == pytest.approx(0.1)

    reckoning.begin(0, "long", 90.0, 1.0)
    reckoning.going[0].made = 45.0
    assert reckoning.share == pytest.approx(0.55)
    reckoning.going[0].made = 1e9
    assert reckoning.share == 1.0


def test_one_that_does_not_say_counts_as_the_others_do() -> None:
    assert Reckoning([20.0, None, 40.0]).total == 90.0
    assert Reckoning([None, None]).share == 0.0
    assert Reckoning([]).share == 1.0


def test_the_end_is_foretold_from_the_rate_of_lately() -> None:
    reckoning = Reckoning([100.0, 100.0])
    reckoning.begin(0, "a", 100.0, 0.0)
    reckoning.see(0.0)
    assert reckoning.eta(0.0) is None

    for second in range(1, 6):
        reckoning.going[0].made = second * 4.0
        reckoning.see(float(second))

    assert reckoning.rate == pytest.approx(4.0)
    assert reckoning.eta(5.0) == pytest.approx((200 - 20) / 4)


def test_the_slowest_under_way_is_waited_for() -> None:
    reckoning = Reckoning([100.0, 100.0])
    for place in (0, 1):
        reckoning.begin(place, "x", 100.0, 0.0)
    reckoning.see(0.0)
    reckoning.going[0].made, reckoning.going[1].made = 90.0, 10.0
    reckoning.see(10.0)

    assert reckoning.eta(10.0) == pytest.approx(90.0)
