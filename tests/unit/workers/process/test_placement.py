from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawler.workers.process.placement import HEAD_START, Placement


def test_a_host_stays_with_its_worker_while_that_is_not_clearly_busier() -> None:
    placement = Placement(2)

    homes = [placement.place("a.example") for _ in range(HEAD_START)]

    assert homes == [0] * HEAD_START


def test_new_hosts_go_to_the_worker_with_the_least_to_do() -> None:
    placement = Placement(3)

    assert [placement.place(host) for host in ("a", "b", "c", "d")] == [0, 1, 2, 0]


def test_one_big_host_is_spread_over_all_workers() -> None:
    placement = Placement(2)

    for _ in range(64):
        placement.place("big.example")

    assert abs(placement.load(0) - placement.load(1)) <= HEAD_START + 1


def test_a_site_with_cookies_stays_with_the_worker_that_got_them_however_busy() -> None:
    placement = Placement(2)
    placement.settle("shop.example", 1)

    hosts = ["shop.example", "www.shop.example:8443"] * 20

    assert {placement.place(host) for host in hosts} == {1}
    assert placement.place("notshop.example") == 0


def test_the_first_worker_that_a_site_settles_with_keeps_it() -> None:
    placement = Placement(2)
    placement.settle("shop.example", 1)
    placement.settle("shop.example", 0)

    assert placement.place("shop.example") == 1


@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), max_size=200),
)
def test_loads_are_what_was_placed_and_not_done(
    workers: int, steps: list[tuple[str, bool]]
) -> None:
    placement = Placement(workers)
    under_way: list[int] = []

    for host, ends in steps:
        if ends and under_way:
            placement.done(under_way.pop())
        else:
            under_way.append(placement.place(host))

    assert [placement.load(one) for one in range(workers)] == [
        under_way.count(one) for one in range(workers)
    ]


def test_a_site_on_a_port_of_its_own_stays_with_its_cookies() -> None:
    placement = Placement(2)
    placement.settle("127.0.0.1:8080", 1)

    placed = {placement.place("127.0.0.1:8080") for _ in range(50)}

    assert placed == {1}
