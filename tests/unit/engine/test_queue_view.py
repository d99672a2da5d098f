from __future__ import annotations

from crawler.engine.queue_view import view_queues
from crawler.frontier.frontier import Frontier
from crawler.messages import QueuedRequest

DELAYS = {"slow": 4.0, "quick": 0.5, "free": 0.0}


def frontier(*, window: int = 1000) -> Frontier:
    return Frontier(lambda name: (1, DELAYS[name]), window=window, per_host=100)


def fill(front: Frontier, host: str, count: int, *, first: int = 1) -> None:
    for row in range(first, first + count):
        request = QueuedRequest(id=row, key=row, url=f"http://{host}/{row}", host=host)
        front.push(request, 0.0)


def test_the_slowest_host_is_that_whose_queue_takes_longest_not_the_one_with_most() -> None:
    front = frontier()
    fill(front, "quick", 50)
    fill(front, "slow", 10, first=1000)
    fill(front, "free", 60, first=2000)

    view = view_queues(front, 120, 0.0)

    assert view.slowest is not None
    assert (view.slowest.name, view.slowest.queued, view.slowest.more) == ("slow", 10, False)
    assert view.slowest.seconds == 36.0  # the first one may start now
    assert (view.queued, view.ready, view.hosts) == (120, 120, 3)


def test_a_host_that_was_just_asked_has_nothing_ready() -> None:
    front = frontier()
    fill(front, "slow", 3)
    request = front.next_ready(0.0)
    assert request is not None
    front.start(request, 0.0)

    view = view_queues(front, 2, 1.0)

    assert view.ready == 0
    assert view.slowest is not None
    assert view.slowest.seconds == 3.0 + 4.0


def test_rows_on_disk_are_counted_to_the_one_host_that_has_some() -> None:
    front = frontier()
    front.spilled("slow", 500, 0.0)
    fill(front, "quick", 5)

    view = view_queues(front, 505, 0.0)

    assert view.slowest is not None
    assert (view.slowest.queued, view.slowest.more) == (500, False)


def test_where_several_hosts_have_rows_on_disk_nobody_claims_to_know_how_many() -> None:
    front = frontier()
    fill(front, "slow", 10)
    front.spilled("slow", 500, 0.0)
    front.spilled("quick", 500, 0.0)

    view = view_queues(front, 1000, 0.0)

    assert view.slowest is not None
    assert (view.slowest.name, view.slowest.queued, view.slowest.more) == ("slow", 10, True)


def test_hosts_without_a_delay_keep_nobody_waiting() -> None:
    front = frontier()
    fill(front, "free", 50)

    assert view_queues(front, 50, 0.0).slowest is None
    assert view_queues(frontier(), 0, 0.0).hosts == 0
