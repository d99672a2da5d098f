from __future__ import annotations

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from crawler.outcome import ErrorClass
from crawler.policy.breaker import HEALTHY, BreakerPolicy, Health, Sign, sign_of

POLICY = BreakerPolicy()
BAD = [Sign.HARD, Sign.SOFT]


def after(policy: BreakerPolicy, signs: list[Sign], *, kind: str = "connect") -> Health:
    """Return what is known after failures, one a second; those behind an open breaker probe."""
    health = HEALTHY
    for second, sign in enumerate(signs):
        probe = health.open
        health = policy.after_bad(health, sign, kind, "why", now=float(second), probe=probe)
    return health


@pytest.mark.parametrize(
    ("reason", "status", "sign"),
    [
        ("dns", None, Sign.HARD),
        ("connect", None, Sign.HARD),
        ("timeout", None, Sign.HARD),
        ("timeout", 200, Sign.HARD),
        ("tls", None, Sign.HARD),
        ("server", 503, Sign.HARD),
        ("rate_limited", 503, Sign.HARD),
        ("server", 502, Sign.HARD),
        ("server", 500, Sign.SOFT),
        ("truncated", 200, Sign.SOFT),
        ("protocol", None, Sign.SOFT),
        ("rate_limited", 429, Sign.NOTHING),
        ("conn_reuse", None, Sign.NOTHING),
        ("address", None, Sign.NOTHING),
        ("status", 404, Sign.GOOD),
        ("status", 403, Sign.GOOD),
        ("callback", 200, Sign.GOOD),
        ("redirected", 301, Sign.GOOD),
        (None, 200, Sign.GOOD),
        ("charset_guessed", 200, Sign.GOOD),
    ],
)
def test_what_an_outcome_says_of_its_host(
    reason: str | None, status: int | None, sign: Sign
) -> None:
    assert sign_of(reason, status) is sign


@pytest.mark.parametrize(("sign", "times"), [(Sign.HARD, 5), (Sign.SOFT, 20)])
def test_so_many_failures_in_a_row_open_it(sign: Sign, times: int) -> None:
    assert not after(POLICY, [sign] * (times - 1)).open
    assert after(POLICY, [sign] * times).open


@pytest.mark.parametrize(
    ("worked", "longest"), [(0.0, 4), (20.0, 10), (7_200.0, 1_800), (1e9, 1_800)]
)
def test_a_host_is_probed_for_half_the_time_that_it_worked_but_no_longer_than_the_patience(
    worked: float, longest: int
) -> None:
    policy, begun, second = BreakerPolicy(probes=2, pauses=(1.0,)), 1.7e9, 0
    health = Health(worked_from=begun)

    while not health.given_up:
        health = policy.after_bad(
            health, Sign.HARD, "dns", "why", now=begun + worked + second, probe=health.open
        )
        second += 1

    assert second - 1 == max(longest, 6)


def test_pauses_grow_and_the_last_one_repeats() -> None:
    policy = BreakerPolicy(probes=9, pauses=(1.0, 5.0))
    pauses = []
    for probes in range(4):
        health = after(policy, [Sign.HARD] * (5 + probes))
        pauses.append(health.probe_at - (4 + probes))

    assert pauses == [1.0, 5.0, 5.0, 5.0]


@pytest.mark.parametrize(("kind", "probes"), [("connect", 4), ("dns", 2), ("tls", 2)])
def test_a_host_is_given_up_when_its_probes_are_spent(kind: str, probes: int) -> None:
    assert not after(POLICY, [Sign.HARD] * (4 + probes), kind=kind).given_up
    assert after(POLICY, [Sign.HARD] * (5 + probes), kind=kind).given_up


def test_what_was_under_way_as_it_opened_is_no_probe() -> None:
    health = after(POLICY, [Sign.HARD] * 5)

    late = POLICY.after_bad(health, Sign.HARD, "connect", "late", now=9.0, probe=False)

    assert late == health


def test_an_error_that_quotes_a_server_at_length_is_cut() -> None:
    health = POLICY.after_bad(HEALTHY, Sign.HARD, "connect", "x" * 10_000, now=0.0, probe=False)

    assert len(health.error) == 300


def test_it_is_stored_in_few_bytes() -> None:
    health = after(POLICY, [Sign.HARD] * 7)
    stored = msgspec.msgpack.encode(health)

    assert msgspec.msgpack.decode(stored, type=Health) == health
    assert len(stored) < 60


class BreakerMachine(RuleBasedStateMachine):
    """Beside a model that keeps the whole row of failures and counts it anew each time."""

    def __init__(self) -> None:
        super().__init__()
        self.policy = BreakerPolicy(probes=3, pauses=(1.0, 2.0))
        self.health = HEALTHY
        self.row: list[Sign] = []
        self.probed = 0
        self.now = 0.0

    def model_open(self) -> bool:
        return sum(4 if sign is Sign.HARD else 1 for sign in self.row) >= 20

    @rule(sign=st.sampled_from(BAD), seconds=st.floats(0.0, 100.0))
    def a_page_fails(self, sign: Sign, seconds: float) -> None:
        self.now += seconds
        was_open = self.model_open()
        self.health = self.policy.after_bad(
            self.health, sign, ErrorClass.CONNECT, "no", now=self.now, probe=False
        )
        if not was_open:
            self.row.append(sign)

    @precondition(lambda self: self.model_open() and self.probed < 3)
    @rule(sign=st.sampled_from(BAD))
    def a_probe_fails(self, sign: Sign) -> None:
        self.now = max(self.now, self.health.probe_at)
        self.health = self.policy.after_bad(
            self.health, sign, ErrorClass.CONNECT, "no", now=self.now, probe=True
        )
        self.row.append(sign)
        self.probed += 1

    @rule()
    def something_good_comes(self) -> None:
        self.health, self.row, self.probed = HEALTHY, [], 0

    @rule()
    def the_process_ends_and_another_begins(self) -> None:
        stored = msgspec.msgpack.encode(self.health)
        self.health = msgspec.msgpack.decode(stored, type=Health)

    @invariant()
    def it_is_as_the_model_says(self) -> None:
        assert self.health.open == self.model_open()
        assert self.health.failures == len(self.row)
        assert self.health.probes == self.probed
        assert self.health.given_up == (self.probed >= 3)

    @invariant()
    def an_open_one_is_waited_for_but_never_longer_than_its_last_pause(self) -> None:
        if self.health.open and not self.health.given_up:
            assert self.health.probe_at <= self.now + 2.0
        else:
            assert self.health.probe_at == 0.0


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
