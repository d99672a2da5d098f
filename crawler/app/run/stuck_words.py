"""What keeps a crawl from moving, in one line."""

from __future__ import annotations

import msgspec

from crawler.app.run.callback_name import callback_name
from crawler.config.models.job import Job
from crawler.engine.flights import Flight
from crawler.engine.watchdog import Standstill
from crawler.observe.console import safe
from crawler.observe.quantities import took
from crawler.workers.callback_watch import CallbackWatch

#: Characters of a URL that are shown.
_SHOWN = 120
_CAUSES = {
    "commit": "a commit waits for the disk",
    "start": "start() gives nothing",
    "unknown": (
        "nothing is on its way although there is work; looking again"
        " (a bug of the crawler: please report it)"
    ),
}


class Stuck(msgspec.Struct, frozen=True):
    """How often and how long nothing moved; as in `summary.json`."""

    times: int
    longest_s: float


def phase_of(flight: Flight, callbacks: CallbackWatch) -> tuple[str, float]:
    """Return what is done with a request that is out, and since which monotonic second."""
    since = callbacks.since(flight.request.id)
    if since is None:
        return "fetch", flight.since
    name = callback_name(flight.request)
    return "callback" if name is None else f"callback {name}", since


def steps_in_words(job: Job) -> str:
    """Return what the steps of a job's transforms are called, in their order; "" for none."""
    return ", ".join(one.python or one.name for one in job.transform.steps)


def stuck_words(still: Standstill, callbacks: CallbackWatch, now: float, steps: str = "") -> str:
    """Say that nothing moves, and what is stuck.

    Args:
        still: What the watchdog found.
        callbacks: Knows which callbacks run.
        now: Monotonic second.
        steps: What items wait for, see `steps_in_words`.
    """
    head = f"nothing has moved for {took(still.seconds)}: "
    if still.flights:
        # One callback may hold up all that wait for their turn: it is named first.
        phased = [(*phase_of(flight, callbacks), flight) for flight in still.flights]
        phased.sort(key=lambda one: one[0] == "fetch")
        said = [
            f"{phase} of {safe(flight.request.url, _SHOWN)} for {took(now - since)}"
            for phase, since, flight in phased
        ]
        more = still.in_flight - len(said)
        return head + ", ".join(said) + (f", and {more:,} more in flight" if more > 0 else "")
    if still.robots:
        host, since = still.robots[0]
        more = len(still.robots) - 1
        others = f", and of {more:,} more hosts" if more else ""
        return f"{head}robots.txt of {safe(host)} asked for {took(now - since)} ago{others}"
    if still.cause == "transforms":
        return f"{head}{still.waiting:,} items wait for their transforms" + (
            f" ({steps})" if steps else ""
        )
    return head + _CAUSES.get(still.cause, still.cause)
