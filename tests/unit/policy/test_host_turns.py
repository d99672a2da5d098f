from __future__ import annotations

import math

import pytest

from crawler.policy.host_turns import HostTurn, grace

A, B, C = 1, 2, 3


def test_a_host_that_nobody_asked_may_be_asked() -> None:
    assert HostTurn().ready_at(A, 5.0, 100.0, now=100.0) <= 100.0


def test_after_a_request_of_any_job_the_larger_delay_has_to_pass() -> None:
    turn = HostTurn()
    turn.grant(A, 3.0, 0, now=100.0)

    assert turn.ready_at(A, 3.0, 100.0, now=100.0) == 103.0
    assert turn.ready_at(B, 1.0, 101.0, now=101.0) == 103.0
    assert turn.ready_at(B, 8.0, 101.0, now=101.0) == 108.0


def test_a_careful_job_that_is_alive_slows_the_other_also_between_its_own_requests() -> None:
    turn = HostTurn()
    turn.grant(A, 60.0, 0, now=100.0)
    turn.grant(B, 1.0, 0, now=160.0)
    turn.deny(A, 60.0, at=220.0, since=160.1, now=160.1)

    assert turn.ready_at(B, 1.0, 161.0, now=161.0) >= 220.0


def test_a_careful_job_that_is_gone_slows_nobody_any_more() -> None:
    turn = HostTurn()
    turn.grant(A, 60.0, 0, now=100.0)
    turn.end(A, 60.0, 0, 100.0)
    turn.grant(B, 1.0, 0, now=160.0)
    turn.end(B, 1.0, 0, 160.0)

    assert turn.ready_at(B, 1.0, 161.0, now=161.0) == 161.0


def test_a_turn_is_kept_for_the_job_that_came_too_early() -> None:
    turn = HostTurn()
    turn.grant(A, 1.0, 0, now=100.0)
    turn.deny(B, 1.0, at=101.0, since=100.5, now=100.5)

    assert turn.ready_at(A, 1.0, 101.0, now=101.0) == 101.0 + grace(1.0)
    assert turn.ready_at(B, 1.0, 101.0, now=101.0) == 101.0


def test_a_turn_is_not_kept_for_a_job_that_does_not_come() -> None:
    turn = HostTurn()
    turn.grant(A, 1.0, 0, now=100.0)
    turn.deny(B, 1.0, at=101.0, since=100.5, now=100.5)
    late = 101.0 + grace(1.0)

    assert turn.ready_at(A, 1.0, late, now=late) <= late


def test_only_one_turn_is_kept() -> None:
    turn = HostTurn()
    turn.grant(A, 1.0, 0, now=100.0)
    turn.deny(B, 1.0, at=101.0, since=100.5, now=100.5)
    turn.deny(3, 1.0, at=101.5, since=100.6, now=100.6)

    assert turn.turn_of == B


def test_a_pause_holds_for_everybody() -> None:
    turn = HostTurn(quiet_until=500.0)

    assert (
        turn.ready_at(A, 1.0, 100.0, now=100.0) == turn.ready_at(B, 9.0, 100.0, now=100.0) == 500.0
    )


def test_the_delay_counts_from_when_a_request_was_sent_indeed() -> None:
    turn = HostTurn()
    turn.grant(A, 1.0, 0, now=100.0)
    turn.end(A, 1.0, 0, 104.0)

    assert turn.ready_at(B, 1.0, 104.0, now=104.0) == 105.0


def test_a_place_whose_holder_died_costs_a_whole_delay_once() -> None:
    turn = HostTurn()
    turn.grant(A, 1.0, 2, now=100.0)

    assert turn.lost(2, now=140.0)
    assert not turn.lost(2, now=140.0)
    assert turn.ready_at(B, 1.0, 140.0, now=140.0) == 141.0


@pytest.mark.parametrize(
    "noise",
    [
        HostTurn(last=math.nan), HostTurn(last=1e9), HostTurn(quiet_until=1e12),
        HostTurn(gap=math.inf), HostTurn(gap=-1.0), HostTurn(turn_at=math.inf),
        HostTurn(gap_until=math.nan),
    ],
)  # fmt: skip
def test_a_record_of_noise_is_not_believed(noise: HostTurn) -> None:
    assert not noise.sound(now=1000.0)


def test_what_is_written_in_earnest_is_believed() -> None:
    turn = HostTurn()
    turn.grant(A, 86_400.0, 7, now=1000.0)
    turn.deny(B, 90_000.0, at=90_000.0, since=1000.0, now=1000.0)
    turn.quiet_until = 4600.0

    assert turn.sound(now=1000.0)
