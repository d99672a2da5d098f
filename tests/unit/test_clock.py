from __future__ import annotations

from crawler.clock import SystemClock

DAY = 86_400.0


class Machine:
    """A machine whose clock anybody may set."""

    def __init__(self, wall: float = 1_700_000_000.0) -> None:
        self.wall = wall
        self.up = 0.0
        self.clock = SystemClock(lambda: self.wall, lambda: self.up)

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.up += seconds


def test_a_clock_that_nobody_sets_is_the_machines() -> None:
    machine = Machine()

    machine.passes(90.0)

    assert machine.clock.wall() == machine.wall


def test_a_clock_that_is_set_back_goes_on_with_the_time_that_it_was() -> None:
    machine = Machine()
    before = machine.clock.wall()

    machine.wall -= DAY
    at_once = machine.clock.wall()
    machine.passes(10.0)

    assert at_once == before
    assert machine.clock.wall() == before + 10.0


def test_a_clock_that_is_set_forward_is_followed_and_so_is_one_that_was_asleep() -> None:
    machine = Machine()
    before = machine.clock.wall()

    machine.wall += DAY

    assert machine.clock.wall() == before + DAY
    assert machine.clock.monotonic() == 0.0


def test_a_clock_set_back_and_right_again_is_the_machines_again() -> None:
    machine = Machine()
    machine.wall -= DAY
    machine.passes(10.0)
    machine.clock.wall()

    machine.wall += DAY
    machine.passes(1.0)

    assert machine.clock.wall() == machine.wall


def test_after_the_19th_of_january_2038_time_goes_on() -> None:
    machine = Machine(wall=2.0**31 - 1)

    machine.passes(2.0)

    assert machine.clock.wall() == 2.0**31 + 1
