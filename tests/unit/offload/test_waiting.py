"""How payloads make batches."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from crawler.offload.offloaded import Codec, Offloaded
from crawler.offload.waiting import Ask, Pace, Waiting


def ask(function: str = "m:f", size: int = 1) -> Ask:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Offloaded] = loop.create_future()
    return Ask(function, Codec.PICKLE, b"x" * size, answer)


def waiting(*asks: Ask, items: int = 4, size: int = 100) -> Waiting:
    made = Waiting(items, size, dropped=lambda _: None)
    for one in asks:
        made.add(one)
    return made


async def test_a_function_that_never_ran_gets_one_payload_to_be_measured() -> None:
    queue = waiting(ask(), ask(), ask())

    assert len(queue.take(1)) == 1


async def test_quick_payloads_make_full_batches_and_slow_ones_small_ones() -> None:
    quick, slow = [ask("m:quick") for _ in range(6)], [ask("m:slow") for _ in range(6)]
    queue = waiting(*quick, *slow)
    queue.pace("m:quick").note(0.0001, 1)
    queue.pace("m:slow").note(0.02, 1)

    assert [len(queue.take(1)) for _ in range(5)] == [4, 2, 2, 2, 2]
    assert len(queue) == 0


async def test_idle_slots_share_what_is_worth_sharing() -> None:
    queue = waiting(*(ask() for _ in range(4)))
    queue.pace("m:f").note(0.01, 1)

    assert [len(queue.take(2)), len(queue.take(1))] == [2, 2]


async def test_a_batch_has_at_most_so_many_bytes_and_a_large_payload_goes_alone() -> None:
    queue = waiting(ask(size=150), ask(size=60), ask(size=60), ask(size=40))
    queue.pace("m:f").note(0.0, 1)

    assert [[len(one.payload) for one in queue.take(1)] for _ in range(3)] == [
        [150], [60], [60, 40],
    ]  # fmt: skip


async def test_suspects_come_first_and_one_by_one() -> None:
    queue = waiting(ask(), ask())
    queue.pace("m:f").note(0.0, 1)
    suspects = [ask(), ask()]
    queue.suspect(suspects)

    assert [queue.take(1), queue.take(1)] == [[suspects[0]], [suspects[1]]]
    assert len(queue.take(1)) == 2


async def test_what_was_not_begun_comes_next_and_in_order() -> None:
    asks = [ask() for _ in range(4)]
    queue = waiting(*asks)
    queue.pace("m:f").note(0.0, 1)
    queue.put_back(queue.take(1)[1:])

    assert queue.take(1) == asks[1:]


async def test_payloads_nobody_waits_for_are_left_out_and_told() -> None:
    told: list[Ask] = []
    queue = Waiting(4, 100, dropped=told.append)
    gone, there = ask(), ask()
    queue.add(gone)
    queue.add(there)
    gone.answer.cancel()

    queue.pace("m:f").note(0.0, 1)
    assert queue.take(1) == [there]
    assert told == [gone]
    assert queue.take(1) == []


async def test_a_few_small_payloads_may_wait_for_more_and_others_not() -> None:
    small, large, unknown = waiting(ask()), waiting(ask()), waiting(ask())
    small.pace("m:f").note(0.0001, 1)
    large.pace("m:f").note(0.02, 1)

    assert small.worth_waiting(0.005)
    assert not large.worth_waiting(0.005)
    assert not unknown.worth_waiting(0.005)


@given(st.lists(st.tuples(st.floats(0, 10), st.integers(1, 40)), min_size=1))
def test_the_pace_stays_between_the_quickest_and_the_slowest(
    notes: list[tuple[float, int]],
) -> None:
    pace = Pace()
    for seconds, count in notes:
        pace.note(seconds, count)
    each = [seconds / count for seconds, count in notes]

    assert pace.mean is not None
    assert min(each) - 1e-9 <= pace.mean <= max(each) + 1e-9
