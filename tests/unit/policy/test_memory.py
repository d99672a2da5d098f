from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from crawler.policy.memory import PATIENCE, MemoryLimit, Room

LIMIT = 1_000


def looked(*sizes: int, busy: bool = True) -> MemoryLimit:
    memory = MemoryLimit(LIMIT)
    for second, size in enumerate(sizes):
        memory.look(size, busy=busy, now=float(second))
    return memory


def test_below_the_high_mark_everything_goes_out() -> None:
    memory = looked(0, 500, 899)

    assert (memory.room, memory.most, memory.times) == (Room.FREE, None, 0)


def test_at_the_high_mark_nothing_goes_out_until_the_low_one_is_passed() -> None:
    assert looked(900).most == 0
    assert looked(900, 850, 800).most == 0
    assert looked(900, 850, 799).most is None
    assert looked(900, 799, 850, 899).times == 1
    assert looked(900, 799, 900).times == 2


def test_memory_that_does_not_fall_though_nothing_is_on_its_way_lets_one_at_a_time_go() -> None:
    memory = looked(900)

    assert memory.look(950, busy=False, now=PATIENCE - 0.1) is Room.NONE
    assert memory.look(950, busy=False, now=PATIENCE) is Room.ONE
    assert memory.most == 1
    assert memory.look(950, busy=True, now=60.0) is Room.ONE
    assert memory.look(799, busy=True, now=61.0) is Room.FREE


def test_while_something_is_on_its_way_it_is_waited_for_however_long_that_takes() -> None:
    memory = looked(900)

    assert memory.look(2_000, busy=True, now=3_600.0) is Room.NONE
    assert memory.look(2_000, busy=False, now=3_600.0 + PATIENCE / 2) is Room.NONE


def test_beyond_the_limit_with_nothing_on_its_way_the_run_is_to_end_for_good() -> None:
    memory = looked(900)

    assert memory.look(LIMIT, busy=False, now=PATIENCE) is Room.OVER
    assert memory.look(0, busy=False, now=PATIENCE + 1) is Room.OVER
    assert memory.most == 0


def test_one_at_a_time_that_reaches_the_limit_stops_again_and_then_ends() -> None:
    memory = looked(950)
    memory.look(950, busy=False, now=PATIENCE)
    assert memory.room is Room.ONE

    assert memory.look(LIMIT, busy=True, now=10.0) is Room.NONE
    assert memory.look(LIMIT, busy=False, now=10.0 + PATIENCE) is Room.OVER


def test_it_counts_the_seconds_that_it_held_up_the_run() -> None:
    memory = MemoryLimit(LIMIT)
    memory.look(900, busy=True, now=10.0)
    assert memory.held(13.0) == 3.0
    memory.look(700, busy=True, now=15.0)
    memory.look(900, busy=True, now=20.0)

    assert memory.held(21.0) == 6.0


@given(st.lists(st.tuples(st.integers(0, 1_200), st.booleans()), max_size=60))
def test_it_never_stands_still_for_ever(looks: list[tuple[int, bool]]) -> None:
    memory = MemoryLimit(LIMIT)
    for second, (size, busy) in enumerate(looks):
        memory.look(size, busy=busy, now=float(second))
        assert size < memory.high or memory.most is not None

    # Whatever it is by then: once nothing is on its way, something may go, or it is over.
    end = float(len(looks)) + PATIENCE
    memory.look(looks[-1][0] if looks else 0, busy=False, now=end)
    memory.look(looks[-1][0] if looks else 0, busy=False, now=end + PATIENCE)
    assert memory.most != 0 or memory.room is Room.OVER
