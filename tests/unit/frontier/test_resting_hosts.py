"""A host is kept for as long as it matters: whoever has no work and no delay left is forgotten."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crawler.frontier.frontier import Frontier
from crawler.messages import QueuedRequest

DELAY = 5.0
HOST = "a.example"


def request(row: int, host: str = HOST) -> QueuedRequest:
    return QueuedRequest(id=row, key=row, url=f"http://{host}/{row}", host=host)


def frontier() -> Frontier:
    return Frontier(lambda _: (1, DELAY))


def strangers_come(frontier: Frontier, now: float, count: int = 8) -> None:
    """Hosts that were never seen: with each the frontier looks at some that rest."""
    for number in range(count):
        frontier.host(f"{now}-{number}.example", now)


def kept(frontier: Frontier, name: str = HOST) -> bool:
    return any(queue.name == name for queue in frontier.hosts)


def fetch(frontier: Frontier, row: int, now: float, delay: float = DELAY) -> None:
    """Queue a page and have it answered at once."""
    frontier.push(request(row), now)
    taken = frontier.next_ready(now)
    assert taken is not None
    frontier.start(taken, now)
    frontier.answered(taken, delay, now)
    frontier.committed(taken.id)


def test_a_crawl_of_many_hosts_keeps_those_that_it_is_busy_with() -> None:
    hosts = frontier()

    for row in range(1, 5_001):
        now = row / 10
        hosts.push(request(row, f"h{row}.example"), now)
        taken = hosts.next_ready(now)
        assert taken is not None
        hosts.start(taken, now)
        hosts.answered(taken, DELAY, now)
        hosts.committed(taken.id)

    # Ten a second come, each with a delay of five seconds.
    assert len(list(hosts.hosts)) < 120


def test_a_host_is_not_forgotten_before_its_delay_has_passed() -> None:
    hosts = frontier()
    fetch(hosts, 1, 10.0)

    strangers_come(hosts, 10.0 + DELAY - 0.01)
    hosts.push(request(2), 10.0 + DELAY - 0.01)

    assert hosts.next_ready(10.0 + DELAY - 0.01) is None
    assert hosts.wake_at() == 10.0 + DELAY


def test_a_host_that_rests_and_is_due_is_forgotten_and_begins_anew() -> None:
    hosts = frontier()
    fetch(hosts, 1, 10.0)

    strangers_come(hosts, 10.0 + DELAY)
    assert not kept(hosts)

    fetch(hosts, 2, 11.0 + DELAY)
    assert hosts.wake_at() is None
    assert hosts.host(HOST).ready_at == 11.0 + 2 * DELAY


def test_a_host_that_was_left_alone_for_long_is_kept_until_then() -> None:
    hosts = frontier()
    fetch(hosts, 1, 10.0)
    hosts.pause(HOST, 500.0)

    strangers_come(hosts, 499.0)
    assert hosts.host(HOST, 499.0).ready_at == 500.0

    strangers_come(hosts, 500.0, count=40)
    assert not kept(hosts)


def test_a_host_whose_delay_is_not_that_of_its_rule_is_kept() -> None:
    hosts = frontier()
    fetch(hosts, 1, 10.0, delay=60.0)

    strangers_come(hosts, 1_000.0)

    assert hosts.host(HOST).delay == 60.0


def _held(hosts: Frontier) -> None:
    hosts.hold(HOST)


def _narrowed(hosts: Frontier) -> None:
    hosts.narrow(HOST, 11.0)


def _refilled(hosts: Frontier) -> None:
    hosts.spilled(HOST, 1, 10.0)
    assert hosts.hungry() == HOST


def _waiting(hosts: Frontier) -> None:
    hosts.push(request(2), 10.0)


def _in_flight(hosts: Frontier) -> None:
    hosts.push(request(2), 15.0)
    taken = hosts.next_ready(15.0)
    assert taken is not None
    hosts.start(taken, 15.0)


@pytest.mark.parametrize("busy", [_held, _narrowed, _refilled, _waiting, _in_flight])
def test_a_host_with_something_to_it_is_kept(busy: Callable[[Frontier], None]) -> None:
    hosts = frontier()
    fetch(hosts, 1, 10.0)
    busy(hosts)

    strangers_come(hosts, 1_000.0)

    assert kept(hosts)


def test_a_request_that_is_taken_while_its_host_is_forgotten_goes_out_in_turn() -> None:
    """It is neither waiting nor out; another host comes in between, perhaps for its robots.txt."""
    hosts = frontier()
    hosts.push(request(1), 10.0)
    taken = hosts.next_ready(10.0)
    assert taken is not None
    strangers_come(hosts, 11.0)

    hosts.start(taken, 11.0)
    hosts.push(request(2), 11.0)

    assert hosts.in_flight == 1
    hosts.answered(taken, DELAY, 11.0)
    assert hosts.next_ready(11.0 + DELAY - 0.01) is None
    assert hosts.next_ready(11.0 + DELAY) is not None
