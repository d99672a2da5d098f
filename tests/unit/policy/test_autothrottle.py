from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawler.policy.autothrottle import FRESH, AutothrottlePolicy, HostPace

POLICY = AutothrottlePolicy()


def pushed_back(pace: HostPace, configured: float, times: int) -> HostPace:
    for now in range(1, times + 1):
        pace = POLICY.after_push_back(pace, configured, sent=now, now=now)
    return pace


def answered(pace: HostPace, configured: float, latency: float, times: int) -> HostPace:
    for _ in range(times):
        pace = POLICY.after_good(pace, configured, latency)
    return pace


def test_a_healthy_host_without_a_delay_is_never_slowed_down() -> None:
    assert answered(FRESH, 0.0, 5.0, 3) is FRESH


def test_a_push_back_doubles_the_delay_up_to_the_limit() -> None:
    delays = [pushed_back(FRESH, 0.0, times).delay for times in (1, 2, 3, 6, 7, 20)]

    assert delays == [1, 2, 4, 32, 60, 60]


def test_a_push_back_doubles_a_configured_delay() -> None:
    assert pushed_back(FRESH, 3.0, 1).delay == 6


def test_a_configured_delay_beyond_the_limit_is_kept() -> None:
    assert pushed_back(FRESH, 300.0, 1).delay == 300


def test_requests_that_met_the_same_trouble_count_once() -> None:
    slowed = POLICY.after_push_back(FRESH, 0.0, sent=1.0, now=2.0)

    assert POLICY.after_push_back(slowed, 0.0, sent=1.5, now=2.1) is slowed
    assert POLICY.after_push_back(slowed, 0.0, sent=2.0, now=2.2).delay == 2


def test_good_answers_bring_the_old_pace_back_step_by_step() -> None:
    slowed = pushed_back(FRESH, 0.0, 3)

    assert answered(slowed, 0.0, 0.1, 1).delay == 3
    assert answered(slowed, 0.0, 0.1, 2).delay == 2.25
    assert answered(slowed, 0.0, 0.1, 20) is FRESH


def test_a_slow_host_gets_its_own_latency_as_a_pause() -> None:
    assert answered(FRESH, 1.0, 4.0, 40).delay == 4
    assert answered(FRESH, 1.0, 0.2, 1).delay == 1


@given(
    st.floats(0, 100),
    st.lists(st.one_of(st.none(), st.floats(0, 1000)), max_size=30),
)
def test_the_pace_stays_within_its_limits(configured: float, answers: list[float | None]) -> None:
    pace = FRESH
    for now, latency in enumerate(answers):
        if latency is None:
            pace = POLICY.after_push_back(pace, configured, sent=now, now=now)
        else:
            pace = POLICY.after_good(pace, configured, latency)

        assert 0 <= pace.delay <= max(POLICY.max_delay, configured)
