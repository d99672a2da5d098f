from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawler.fetch.idle_connections import IdleConnections
from crawler.fetch.in_place import run_in_place
from crawler.testing.fake_clock import FakeClock


class Kept:
    def __init__(self, name: str = "") -> None:
        self.name = name
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


def test_the_last_that_was_used_goes_first() -> None:
    idle: IdleConnections[Kept] = IdleConnections(FakeClock())
    first, second, other = Kept(), Kept(), Kept()
    idle.put("http://a", first)
    idle.put("http://a", second)
    idle.put("http://b", other)

    assert [idle.take("http://a") for _ in range(3)] == [second, first, None]
    assert idle.take("http://b") is other
    assert not any(one.is_closed for one in (first, second, other))


async def test_one_that_waited_too_long_is_closed_and_not_given() -> None:
    clock = FakeClock()
    idle: IdleConnections[Kept] = IdleConnections(clock, age=15.0)
    old, young = Kept(), Kept()
    idle.put("http://a", old)
    await clock.advance(10.0)
    idle.put("http://a", young)
    await clock.advance(5.0)

    assert idle.take("http://b") is None
    assert (old.is_closed, young.is_closed, len(idle)) == (True, False, 1)


def test_closing_closes_all_and_keeps_none_from_then_on() -> None:
    idle: IdleConnections[Kept] = IdleConnections(FakeClock())
    before, after = Kept(), Kept()
    idle.put("http://a", before)

    idle.close()
    idle.put("http://a", after)

    assert before.is_closed
    assert after.is_closed
    assert (len(idle), idle.take("http://a")) == (0, None)


@given(
    st.lists(st.tuples(st.sampled_from(["put", "take", "wait"]), st.sampled_from("abc"))),
    st.integers(min_value=0, max_value=4),
)
def test_every_connection_is_kept_once_or_given_once_or_closed(
    steps: list[tuple[str, str]], size: int
) -> None:
    clock = FakeClock()
    idle: IdleConnections[Kept] = IdleConnections(clock, size=size, age=2.5)
    made: list[Kept] = []
    given_out: list[Kept] = []
    for step, origin in steps:
        if step == "put":
            made.append(Kept(origin))
            idle.put(origin, made[-1])
        elif step == "wait":
            run_in_place(clock.advance(1.0))
        elif (found := idle.take(origin)) is not None:
            assert found.name == origin
            given_out.append(found)
        assert len(idle) <= size

    assert len(set(given_out)) == len(given_out)
    assert not any(one.is_closed for one in given_out)
    assert len(made) == len(given_out) + len(idle) + sum(one.is_closed for one in made)


def test_dropping_closes_all_and_keeps_what_comes_then() -> None:
    idle: IdleConnections[Kept] = IdleConnections(FakeClock())
    before, after = Kept(), Kept()
    idle.put("http://a", before)

    idle.drop()
    idle.put("http://a", after)

    assert (before.is_closed, after.is_closed) == (True, False)
    assert idle.take("http://a") is after
