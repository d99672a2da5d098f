from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

from crawler.app.run.blocked_loop import PERIOD, BlockedLoop
from crawler.app.run.wiring import Wired
from crawler.engine.flights import Flight
from crawler.messages import QueuedRequest
from crawler.spider.callbacks import CallbackRef
from crawler.spider.payload import Payload, encode

LIMIT = 60.0


class Rig:
    """A loop that beats when it is told to, and a watch that looks when it is told to."""

    def __init__(self, *rows: int, running: tuple[int, ...] = ()) -> None:
        flights = [Flight(request=request(row), since=0.0) for row in rows]
        wired: Any = SimpleNamespace(
            crawl=SimpleNamespace(
                sight=SimpleNamespace(flights=SimpleNamespace(oldest=lambda _: flights))
            ),
            callbacks=SimpleNamespace(since=lambda row: 0.0 if row in running else None),
        )
        self.said: list[str] = []
        self.blocked = BlockedLoop(cast("Wired", wired), self.said.append, LIMIT)

    def stands_still(self, seconds: float) -> None:
        for _ in range(round(seconds / PERIOD)):
            self.blocked.look()


def request(row: int) -> QueuedRequest:
    payload = encode(Payload(callback=CallbackRef(name=f"parse_{row}")))
    return QueuedRequest(
        id=row, key=row, url=f"http://a.example/{row}\x1b", host="a.example", payload=payload
    )


def test_a_loop_that_beats_is_left_alone() -> None:
    rig = Rig()

    for _ in range(100):
        rig.blocked.beat()
        rig.stands_still(PERIOD)

    assert not rig.said
    assert (rig.blocked.times, rig.blocked.longest) == (0, 0.0)


def test_a_callback_that_keeps_the_loop_is_named_ever_more_rarely() -> None:
    rig = Rig(1, 2, running=(2,))

    rig.stands_still(LIMIT - PERIOD)
    before = list(rig.said)
    rig.stands_still(PERIOD)
    rig.stands_still(9 * LIMIT)

    assert not before
    assert len(rig.said) == 4  # after 60, 120, 240 and 480 s
    assert all("callback parse_2 of http://a.example/2" in line for line in rig.said)
    assert "nothing has moved for 1 min" in rig.said[0]
    assert not any("\x1b" in line for line in rig.said)
    assert (rig.blocked.times, rig.blocked.longest) == (1, 10 * LIMIT)


def test_each_standstill_is_counted() -> None:
    rig = Rig()

    for _ in range(3):
        rig.stands_still(2 * LIMIT)
        rig.blocked.beat()
        rig.stands_still(PERIOD)

    assert rig.blocked.times == 3
    assert rig.blocked.longest == 2 * LIMIT


def test_of_several_callbacks_the_last_is_named_and_the_others_are_counted() -> None:
    rig = Rig(1, 2, 3, running=(1, 2, 3))

    rig.stands_still(LIMIT)

    assert "callback parse_3" in rig.said[0]
    assert "or one of 2 more callbacks" in rig.said[0]


def in_the_users_file(rig: Rig) -> None:
    rig.stands_still(LIMIT)


def test_what_is_no_callback_is_said_to_be_none_and_its_place_is_named() -> None:
    rig = Rig(1)

    with rig.blocked:  # the loop's thread is this one
        in_the_users_file(rig)

    assert "something that is no callback keeps the event loop" in rig.said[0]
    assert ", at " in rig.said[0]


def test_the_thread_ends_with_the_context() -> None:
    before = set(threading.enumerate())

    with Rig().blocked:
        (watch,) = set(threading.enumerate()) - before
    watch.join(10)

    assert not watch.is_alive()
