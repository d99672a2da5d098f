"""Claims about deliveries in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable

from crawler.clock import SystemClock
from crawler.notify.courier import Couriers, Errand, NotTold
from crawler.testing.fake_clock import FakeClock


def couriers() -> Couriers:
    return Couriers(SystemClock(), first_wait=0.001)


def errand(
    deliver: Callable[[float], None],
    *,
    to: str = "mail",
    what: str = "failure",
    seconds: float = 60,
) -> Errand:
    return Errand(to=to, what=what, deliver=deliver, seconds=seconds)


def failing(*, passing: bool, until: int = 99) -> tuple[Callable[[float], None], list[float]]:
    """Return what fails until so many tries were made, and the seconds that each was given."""
    given: list[float] = []

    def deliver(seconds: float) -> None:
        given.append(seconds)
        if len(given) < until:
            raise NotTold("no room", passing=passing)

    return deliver, given


def test_what_fails_for_now_is_tried_three_times() -> None:
    deliver, given = failing(passing=True)
    sent = couriers()
    sent.send(errand(deliver))

    (told,) = sent.collect()

    assert (told.ok, told.tries, told.error) == (False, 3, "no room")
    assert len(given) == 3
    assert max(given) <= 5


def test_another_try_that_gets_through_is_a_success() -> None:
    sent = couriers()
    sent.send(errand(failing(passing=True, until=2)[0]))

    (told,) = sent.collect()

    assert (told.to, told.what, told.ok, told.tries, told.error) == ("mail", "failure", True, 2, "")


def test_what_will_not_pass_is_tried_once() -> None:
    sent = couriers()
    sent.send(errand(failing(passing=False)[0]))

    assert sent.collect()[0].tries == 1


async def test_one_that_hangs_is_given_up_and_keeps_nobody_else_waiting() -> None:
    asked, never = threading.Event(), threading.Event()

    def hang(_: float) -> None:
        asked.set()
        never.wait()

    clock = FakeClock()
    sent = Couriers(clock)
    sent.send(errand(hang, to="slow", seconds=10))
    assert asked.wait(30)
    await clock.advance(11)
    sent.send(errand(lambda _: None, to="quick"))

    slow, quick = sent.collect()
    never.set()

    assert (slow.ok, slow.tries, slow.error) == (False, 1, "no answer within 10 s")
    assert quick.ok


def test_one_receiver_is_told_in_order_and_an_early_word_gives_way_to_a_later_one() -> None:
    heard: list[str] = []
    asked, go_on = threading.Event(), threading.Event()

    def start(_: float) -> None:
        heard.append("start")
        asked.set()
        go_on.wait(30)
        raise NotTold("no answer")

    sent = Couriers(SystemClock(), first_wait=60)
    sent.send(errand(start, what="start"))
    assert asked.wait(30)
    sent.send(errand(lambda _: heard.append("end"), what="exit 0"))
    go_on.set()

    first, last = sent.collect()

    assert heard == ["start", "end"]
    assert (first.ok, first.tries, last.ok) == (False, 1, True)


def test_no_thread_keeps_the_process() -> None:
    found: list[bool] = []
    sent = couriers()
    sent.send(errand(lambda _: found.append(threading.current_thread().daemon)))
    sent.collect()

    assert found == [True]
