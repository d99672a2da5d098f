"""What `crawler status` prints of a run that goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crawler.observe.console import safe
from crawler.observe.quantities import about, took

_WIDEST = 400


def status_lines(answer: Mapping[str, Any]) -> list[str]:
    """Return lines for people; whatever stands in the answer, it can do nothing to a terminal."""
    return [safe(line, _WIDEST) for line in _lines(answer)]


def _lines(answer: Mapping[str, Any]) -> Iterator[str]:
    job, state = answer.get("job"), answer.get("state")
    who = f"pid {answer.get('pid')} on {answer.get('host')}, since {answer.get('since')}"
    if "books" not in answer:
        yield f"{job}  {state}   {who}"
        return
    books = answer["books"]
    ended = books["known"] - books["pending"]
    head = f"{job}  {state} for {took(answer['elapsed_s'])}   run {answer['run']}, {who}"
    yield head
    rate = f"{answer['ended_per_s']:.1f}/s (avg {answer['average_per_s']:.1f})"
    eta = answer.get("eta_s")
    left = "" if eta is None else f"   ETA {answer.get('eta_bound', '')} {about(eta)}"
    yield f"  {ended:,} of {books['known']:,} known   {rate}{left}"
    yield from answer["lines"]
    if answer["paused_s"] >= 1:
        yield f"  paused for {took(answer['paused_s'])} so far"
    yield from _queues(answer["queue"]["hosts"])
    for flight in answer["in_flight"]["oldest"]:
        yield f"  {took(flight['seconds']):>8}  {flight['phase']}  {flight['url']}"
    if answer.get("stuck"):
        yield f"  STUCK: {answer['stuck']}"


def _queues(hosts: list[Mapping[str, Any]]) -> Iterator[str]:
    if len(hosts) > 1:
        named = [f"{one['host']} {one['waiting']:,}{'+' if one['more'] else ''}" for one in hosts]
        yield f"  queues  {' · '.join(named)}"
