"""Who is told what of a run, given how it and those before it ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

Event = Literal["failure", "recovered", "success"]
#: How a run counts: "neither" is one that was skipped, or stopped by its user.
Standing = Literal["good", "bad", "neither"]

_EVERY: frozenset[Event] = frozenset(("failure", "recovered", "success"))
#: Another run held the lock: that one will tell.
_SKIPPED = 75
#: Exit codes beyond are those of signals.
_SIGNALS = 128


class Rule(msgspec.Struct, frozen=True):
    """When failures are told.

    Attributes:
        after: Failures in a row until the first is told, 1 and more.
        remind_every: Of those that follow, every how many is told, 1 and more.
    """

    after: int = 1
    remind_every: int = 1


class Receiver(msgspec.Struct, frozen=True):
    """Somebody who may be told.

    Attributes:
        name: `webhook.0`, `mail`.
        on: The events that they want to hear of.
        holds: Whether their own condition holds of this run; True for none.
    """

    name: str
    on: frozenset[Event]
    holds: bool = True


class Notice(msgspec.Struct, frozen=True):
    """What one receiver is told."""

    to: str
    event: Event


def standing_of(exit_code: int | None) -> Standing:
    """Return how a run of this exit code counts; None stands for one that crashed."""
    if exit_code is None:
        return "bad"
    if exit_code == _SKIPPED or exit_code > _SIGNALS:
        return "neither"
    return "bad" if exit_code else "good"


def failures_before(past: Iterable[Standing]) -> int:
    """Return how many runs in a row were bad before this one.

    Args:
        past: How earlier runs count, the last one first.
    """
    count = 0
    for standing in past:
        if standing == "good":
            break
        count += standing == "bad"
    return count


def events_of(standing: Standing, failures: int, rule: Rule) -> tuple[Event, ...]:
    """Return the events that a run is, the weightiest first; none if nobody is to hear of it.

    Args:
        standing: How the run counts.
        failures: Bad runs in a row before it.
        rule: When failures are told.
    """
    if standing == "neither":
        return ()
    if standing == "good":
        # Who was not told of a failure is not told that it is over.
        return ("recovered", "success") if failures >= rule.after else ("success",)
    beyond = failures + 1 - rule.after
    return ("failure",) if beyond >= 0 and beyond % rule.remind_every == 0 else ()


def notices(events: Sequence[Event], receivers: Iterable[Receiver]) -> list[Notice]:
    """Return who is told, and which of the events."""
    found: list[Notice] = []
    for receiver in receivers:
        event = next((event for event in events if event in receiver.on), None)
        if event is not None and receiver.holds:
            found.append(Notice(receiver.name, event))
    return found


def wanted(
    own: Sequence[Event] | None, usual: Sequence[Event], *, has_condition: bool
) -> frozenset[Event]:
    """Return the events that a receiver wants to hear of.

    A condition without events of its own is about the numbers of a run, however it ended.

    Args:
        own: Those that it names; None for none.
        usual: Those of the job.
        has_condition: It has one.
    """
    if own is not None:
        return frozenset(own)
    return _EVERY if has_condition else frozenset(usual)
