from __future__ import annotations

from typing import Any

import pytest

from crawler.app.run.stuck_words import steps_in_words, stuck_words
from crawler.config.models.job import Job
from crawler.engine.flights import Flight
from crawler.engine.watchdog import Standstill
from crawler.messages import QueuedRequest
from crawler.workers.callback_watch import CallbackWatch


class NoGuard:
    def enter(self, row: int) -> None:
        """Nobody asks."""

    def leave(self, row: int) -> None:
        """Nobody asks."""


def watch(now: float = 0.0) -> CallbackWatch:
    return CallbackWatch(NoGuard(), lambda: now, 600.0)


def still(cause: str, **fields: Any) -> Standstill:
    nothing: dict[str, Any] = {"flights": [], "in_flight": 0, "robots": [], "waiting": 0}
    return Standstill(seconds=60.0, cause=cause, **(nothing | fields))


def flight(row: int, since: float) -> Flight:
    url = f"http://a.example/{row}"
    return Flight(QueuedRequest(id=row, key=row, url=url, host="a.example"), since)


def test_items_that_wait_for_their_transforms_are_counted_and_the_functions_named() -> None:
    steps = [{"python": "shop.py:price"}, {"text": {"of": "html"}}]
    job = Job.model_validate({"version": 1, "name": "j", "transform": {"steps": steps}})

    said = stuck_words(still("transforms", waiting=1_200), watch(), 60.0, steps_in_words(job))

    assert said.endswith("1,200 items wait for their transforms (shop.py:price, text)")


def test_a_callback_is_named_before_pages_that_are_fetched() -> None:
    callbacks = watch(now=10.0)
    callbacks.enter(2)

    said = stuck_words(
        still("flights", flights=[flight(1, 0.0), flight(2, 5.0)], in_flight=7), callbacks, 60.0
    )

    assert said.index("callback of http://a.example/2 for 50") < said.index("fetch of"), said
    assert said.endswith("and 5 more in flight")


@pytest.mark.parametrize(
    ("cause", "words"),
    [("commit", "waits for the disk"), ("start", "start() gives nothing"), ("unknown", "report")],
)
def test_what_else_is_waited_for_is_said(cause: str, words: str) -> None:
    assert words in stuck_words(still(cause), watch(), 60.0)
