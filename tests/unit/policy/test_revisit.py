from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from crawler.globs import compile_patterns
from crawler.page_memory import Visited
from crawler.policy.revisit import Override, RevisitPolicy, Revisits

DAY = 86_400.0
HOUR = 3_600.0
ADAPTIVE = RevisitPolicy(policy="adaptive", first=DAY, min=HOUR, max=7 * DAY)

policies = st.builds(
    RevisitPolicy,
    policy=st.sampled_from(["always", "adaptive", "decay", "fixed"]),
    first=st.floats(1, 30 * DAY), min=st.floats(1, DAY), max=st.floats(DAY, 30 * DAY),
    grow=st.floats(1, 10), shrink=st.floats(0.01, 1), every=st.floats(1, 30 * DAY),
    stop_after=st.none() | st.floats(HOUR, 300 * DAY),
)  # fmt: skip


def visit(policy: RevisitPolicy, at: float, changes: list[bool]) -> tuple[float | None, float]:
    """Return the interval behind some visits from a first one on, and the time of the last."""
    interval = policy.next_interval(None, changed=False)
    for changed in changes:
        at += max(1.0, interval)
        interval = policy.next_interval(interval, changed=changed)
    return interval, at


@given(policies, st.lists(st.booleans(), max_size=30))
def test_an_interval_stays_within_its_bounds(policy: RevisitPolicy, changes: list[bool]) -> None:
    interval, _ = visit(policy, 0.0, changes)

    if policy.policy == "always":
        assert interval == 0
    elif policy.policy == "fixed":
        assert interval == policy.every
    else:
        assert interval is not None
        assert policy.min <= interval <= policy.max


@given(policies, st.floats(0, 1e9), st.floats(0, 1e9), st.floats(0, 60 * DAY))
def test_what_is_overdue_stays_so_and_by_more(
    policy: RevisitPolicy, fetched: float, later: float, interval: float
) -> None:
    visited = Visited(fetched, fetched, interval, None)
    now = fetched + later
    before, after = policy.overdue(visited, now), policy.overdue(visited, now + 1000)

    if policy.stop_after is None:
        assert after >= before
        if before >= 0:
            assert after > before or before == 0


@given(policies, st.floats(0, 1e9), st.floats(0, 60 * DAY))
def test_no_page_waits_longer_than_the_longest_time_or_is_lost_by_a_clock_set_back(
    policy: RevisitPolicy, fetched: float, interval: float
) -> None:
    visited = Visited(fetched, fetched, interval, fetched + interval)
    longest = max(policy.max, policy.every)

    if policy.stop_after is None:
        assert policy.overdue(visited, fetched + longest + 1) >= 0
    assert policy.overdue(visited, fetched - 61) >= 0


@given(policies, st.floats(1, 60 * DAY))
def test_a_change_never_makes_the_next_visit_later(policy: RevisitPolicy, interval: float) -> None:
    changed = policy.next_interval(interval, changed=True)

    assert changed <= policy.next_interval(interval, changed=False)


def test_a_quiet_page_is_visited_less_and_less_often_and_a_change_halves_that() -> None:
    grown, _ = visit(ADAPTIVE, 0.0, [False, False])

    assert grown == 2.25 * DAY
    assert ADAPTIVE.next_interval(grown, changed=True) == 1.125 * DAY


def test_decay_grows_whatever_happens_and_ends() -> None:
    decay = RevisitPolicy(policy="decay", first=900.0, min=60.0, max=6 * HOUR, stop_after=2 * DAY)

    assert decay.next_interval(900.0, changed=True) == 1350.0
    assert decay.next_due(0.0, 2 * DAY - 60, 900.0) is None
    assert decay.overdue(Visited(0.0, DAY, 900.0, None), 2 * DAY + 1) == -1
    assert decay.overdue(Visited(0.0, DAY, 900.0, None), DAY + 900) == 0


@pytest.mark.parametrize(("minutes", "is_due"), [(-200, False), (-120, True), (0, True), (5, True)])
def test_a_run_that_begins_a_little_earlier_than_the_last_still_takes_a_page_of_a_day(
    minutes: int, *, is_due: bool
) -> None:
    visited = Visited(0.0, 0.0, DAY, DAY)

    assert (ADAPTIVE.overdue(visited, DAY + 60 * minutes) >= 0) is is_due


@given(policies, st.integers(0, 40))
def test_what_is_gone_is_looked_for_less_and_less_often_but_for_ever(
    policy: RevisitPolicy, looks: int
) -> None:
    interval, before = policy.next_look(None), 0.0
    for _ in range(looks):
        interval, before = policy.next_look(interval), interval
    longest = max(policy.max, policy.first, policy.every)

    assert before <= interval <= longest
    gone = Visited(0.0, 0.0, interval, DAY + interval, gone_since=DAY)
    if policy.stop_after is None:
        assert policy.overdue(gone, DAY + interval) >= 0
        assert policy.overdue(gone, DAY - 61) == 0  # a clock that was set back


def test_what_is_gone_is_not_due_in_each_run_whatever_the_policy() -> None:
    always = RevisitPolicy(policy="always")
    gone = Visited(0.0, 0.0, always.next_look(None), DAY + always.next_look(None), gone_since=DAY)

    nights = [night for night in range(2, 6) if always.overdue(gone, night * DAY) >= 0]

    assert nights == [3, 4, 5]


def test_an_interval_of_an_earlier_config_is_cut_to_what_this_one_wants() -> None:
    narrow = RevisitPolicy(policy="adaptive", max=DAY)

    assert narrow.overdue(Visited(0.0, 0.0, 30 * DAY, 30 * DAY), 2 * DAY) == DAY


def test_the_first_override_that_matches_counts() -> None:
    usual, news, rest = (RevisitPolicy(every=float(number)) for number in (1, 2, 3))
    revisits = Revisits(
        usual,
        [
            Override(compile_patterns(("/news/**",)), news),
            Override(compile_patterns(("/news/old/**", "/a/**")), rest),
        ],
    )

    assert revisits.of("http://e.org/news/old/1") is news
    assert revisits.of("http://e.org/a/1") is rest
    assert revisits.of("http://e.org/b") is usual
