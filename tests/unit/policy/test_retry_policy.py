from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.outcome import ErrorClass
from crawler.policy.retry import RetryPolicy, is_final

PLAIN = RetryPolicy(retries=3, waits=(1.0, 2.0), jitter=0.0)

FINAL = {"status", "tls", "too_large", "address", "redirect", "unreadable", "callback", "file"}


def tries(policy: RetryPolicy, error: ErrorClass) -> int:
    attempts = 1
    while policy.decide(error, attempts) is not None:
        attempts += 1
    return attempts


@pytest.mark.parametrize("error", [e for e in ErrorClass if e is not ErrorClass.REUSE])
def test_every_class_of_error_has_its_number_of_tries(error: ErrorClass) -> None:
    expected = {"dns": 2, "crash": 3} | dict.fromkeys(FINAL, 1)

    assert tries(PLAIN, error) == expected.get(error, 4)
    assert is_final(error) is (error in FINAL)


def test_without_retries_only_a_crash_gets_another_try() -> None:
    policy = RetryPolicy(retries=0)

    assert tries(policy, ErrorClass.DNS) == tries(policy, ErrorClass.TIMEOUT) == 1
    assert tries(policy, ErrorClass.CRASH) == 3


def test_a_connection_closed_under_us_costs_nothing() -> None:
    decision = PLAIN.decide(ErrorClass.REUSE, 99)

    assert decision is not None
    assert (decision.wait, decision.charged) == (0.0, False)


def test_the_last_wait_repeats() -> None:
    decisions = [PLAIN.decide(ErrorClass.SERVER, attempts) for attempts in (1, 2, 3)]

    assert [decision and decision.wait for decision in decisions] == [1.0, 2.0, 2.0]


@pytest.mark.parametrize(
    ("retry_after", "wait"), [(None, 1.0), (0.0, 1.0), (30.0, 30.0), (1e12, 3600.0)]
)
def test_a_server_may_ask_for_longer_but_not_for_ever(
    retry_after: float | None, wait: float
) -> None:
    decision = PLAIN.decide(ErrorClass.RATE_LIMITED, 1, retry_after=retry_after)

    assert decision is not None
    assert decision.wait == wait


@given(st.integers(0, 2**64 - 1), st.integers(1, 3))
def test_jitter_lengthens_a_wait_by_its_share_at_most(key: int, attempts: int) -> None:
    policy = RetryPolicy(waits=(8.0,), jitter=0.25)
    decision = policy.decide(ErrorClass.TIMEOUT, attempts, key=key)

    assert decision is not None
    assert 8.0 <= decision.wait <= 10.0
    assert decision == policy.decide(ErrorClass.TIMEOUT, attempts, key=key)


def test_jitter_parts_requests_that_failed_together() -> None:
    waits = {RetryPolicy().decide(ErrorClass.TIMEOUT, 1, key=key) for key in range(100)}

    assert len(waits) == 100


def test_our_own_waits_are_capped() -> None:
    decision = RetryPolicy(waits=(1e9,), jitter=0.0).decide(ErrorClass.CONNECT, 1)

    assert decision is not None
    assert decision.wait == 300.0
