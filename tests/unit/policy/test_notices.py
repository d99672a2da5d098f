"""Claims about who is told what."""

from __future__ import annotations

import pytest

from crawler.policy.notices import (
    Event,
    Notice,
    Receiver,
    Rule,
    events_of,
    failures_before,
    notices,
    standing_of,
    wanted,
)

USUAL: tuple[Event, ...] = ("failure", "recovered")


def told(codes: list[int | None], rule: Rule, on: tuple[Event, ...] = USUAL) -> list[str]:
    """Return what a receiver hears over a sequence of runs, "" for nothing."""
    heard: list[str] = []
    for number, code in enumerate(codes):
        past = [standing_of(one) for one in reversed(codes[:number])]
        events = events_of(standing_of(code), failures_before(past), rule)
        found = notices(events, [Receiver("mail", wanted(on, USUAL, has_condition=False))])
        heard.append(found[0].event if found else "")
    return heard


@pytest.mark.parametrize(
    ("codes", "rule", "expected"),
    [
        ([0, 0], Rule(), ["", ""]),
        ([3, 4, 0, 0], Rule(), ["failure", "failure", "recovered", ""]),
        ([3, 3, 3, 0], Rule(after=3), ["", "", "failure", "recovered"]),
        ([3, 3, 0], Rule(after=3), ["", "", ""]),  # nobody heard of it, so nobody hears it is over
        ([3, 0, 3, 3, 3], Rule(after=2), ["", "", "", "failure", "failure"]),
        ([1] * 6 + [0], Rule(1, 3), ["failure", "", "", "failure", "", "", "recovered"]),
        ([1] * 5, Rule(2, 2), ["", "failure", "", "failure", ""]),
        ([75, 3, 75, 130, 0], Rule(), ["", "failure", "", "", "recovered"]),
        ([3, 143, 3], Rule(after=2), ["", "", "failure"]),  # a stop says nothing either way
        ([None, 0], Rule(), ["failure", "recovered"]),  # a crash counts
    ],
)
def test_failures_and_recoveries_are_told_by_the_rule(
    codes: list[int | None], rule: Rule, expected: list[str]
) -> None:
    assert told(codes, rule) == expected


def test_who_wants_successes_hears_of_every_good_run() -> None:
    assert told([3, 0, 0], Rule(), ("success",)) == ["", "success", "success"]
    every: tuple[Event, ...] = ("failure", "recovered", "success")
    assert told([3, 0, 0], Rule(), every) == ["failure", "recovered", "success"]


def test_a_condition_alone_is_about_every_event_and_may_be_narrowed() -> None:
    assert wanted(None, USUAL, has_condition=True) == {"failure", "recovered", "success"}
    assert wanted(("failure",), USUAL, has_condition=True) == {"failure"}
    assert wanted(None, USUAL, has_condition=False) == set(USUAL)


def test_each_receiver_hears_what_it_asked_for_if_its_condition_holds() -> None:
    every = frozenset[Event](("failure", "recovered", "success"))
    receivers = [
        Receiver("a", every), Receiver("b", every, holds=False),
        Receiver("c", frozenset(("success",))), Receiver("d", frozenset(("failure",))),
    ]  # fmt: skip

    assert notices(("recovered", "success"), receivers) == [
        Notice("a", "recovered"), Notice("c", "success"),
    ]  # fmt: skip
    assert notices((), receivers) == []
