from __future__ import annotations

from typing import Any

import msgspec
import pytest

from crawler.engine.host_book import HostBook, HostRecord
from crawler.messages import QueuedRequest
from crawler.outcome import ErrorClass, PageOutcome, State
from crawler.policy.autothrottle import AutothrottlePolicy
from crawler.policy.breaker import Health
from crawler.policy.politeness import HostLimits, PolitenessPolicy

HOST = "a.example"
ORIGIN = "http://a.example"
REQUEST = QueuedRequest(id=1, key=1, url=f"{ORIGIN}/", host=HOST)


def book(*, delay: float = 0.0, adaptive: bool = True, stored: bytes | None = None) -> HostBook:
    made = HostBook(
        PolitenessPolicy(default=HostLimits(delay=delay, adaptive=adaptive)),
        AutothrottlePolicy(), user_agent="crawler/1", obey_crawl_delay=True,
    )  # fmt: skip
    made.load({} if stored is None else {HOST: stored})
    return made


def observe(hosts: HostBook, *, now: float = 10.0, **fields: Any) -> float:
    outcome = PageOutcome(request=REQUEST, **fields)
    return hosts.observe(outcome, sent=now - 1, now=now, wall=1000.0 + now)


def pushed(**fields: Any) -> dict[str, Any]:
    return {"state": State.PENDING, "reason": ErrorClass.RATE_LIMITED, "status": 429, **fields}


def test_a_push_back_sets_a_delay_and_a_pause_as_long() -> None:
    hosts = book()

    assert observe(hosts, **pushed()) == hosts.delay(HOST) == 1.0


def test_push_backs_of_requests_sent_before_the_first_say_nothing_new() -> None:
    hosts = book()
    observe(hosts, now=10.0, **pushed())

    assert observe(hosts, now=10.5, **pushed()) == 0.0
    assert hosts.delay(HOST) == 1.0


@pytest.mark.parametrize("reason", [ErrorClass.SERVER, ErrorClass.CONNECT, ErrorClass.TRUNCATED])
def test_other_failures_say_nothing_of_the_pace(reason: ErrorClass) -> None:
    hosts = book()
    observe(hosts, **pushed())
    before = hosts.delay(HOST)

    observe(hosts, now=20.0, state=State.PENDING, reason=reason, status=500)

    assert hosts.delay(HOST) == before


def test_good_answers_bring_a_host_back_to_its_pace() -> None:
    hosts = book()
    observe(hosts, **pushed())

    for _ in range(40):
        observe(hosts, state=State.DONE, status=200, elapsed=0.1)

    assert hosts.delay(HOST) == 0.0


def test_a_host_that_is_not_adaptive_keeps_its_delay_but_obeys_retry_after() -> None:
    hosts = book(delay=2.0, adaptive=False)

    assert observe(hosts, **pushed(retry_after=30.0)) == 30.0
    assert hosts.delay(HOST) == 2.0


def test_pauses_are_stored_cut_to_an_hour_and_never_shortened() -> None:
    hosts = book()
    observe(hosts, **pushed(retry_after=1e12))
    observe(hosts, now=11.0, **pushed(retry_after=1.0))

    again = book(stored=hosts.changed()[HOST])

    assert again.paused_for(HOST, 1010.0) == 3600
    assert again.paused_for(HOST, 1e10) == 0


def test_a_clock_set_back_does_not_pause_a_host_for_ever() -> None:
    stored = msgspec.msgpack.encode(HostRecord(paused_until=2e9))

    assert book(stored=stored).paused_for(HOST, 1.7e9) == 3600


def test_a_pause_is_no_longer_than_it_was_wherever_the_clock_is_set() -> None:
    hosts = book()
    hosts.leave_alone(HOST, 300.0, 1.7e9)

    again = book(stored=hosts.changed()[HOST])

    assert again.paused_for(HOST, 1.7e9 + 100) == 200
    assert again.paused_for(HOST, 1.6e9) == 300


def test_a_probe_waits_no_longer_than_it_was_to_wherever_the_clock_is_set() -> None:
    hosts = book()
    hosts.set_health(HOST, Health(open=True, probe_at=1.7e9 + 16, pause=16.0))

    assert hosts.paused_for(HOST, 1.7e9) == 16
    assert hosts.paused_for(HOST, 1.6e9) == 16


def test_a_pause_of_before_the_clock_was_set_back_is_not_stored_again() -> None:
    hosts = book(stored=msgspec.msgpack.encode(HostRecord(paused_until=2e9)))

    hosts.leave_alone(HOST, 1.0, 1.7e9)

    assert msgspec.msgpack.decode(hosts.changed()[HOST])["paused_until"] == 1.7e9 + 3600


@pytest.mark.parametrize("day", [-86_401.0, 0.0, 86_401.0])
def test_a_robots_txt_lasts_a_day_whichever_way_the_clock_was_set(day: float) -> None:
    hosts = book()
    hosts.put_robots(HOST, ORIGIN, 200, b"", 1.7e9)

    rules = hosts.robots(HOST, ORIGIN, 1.7e9 + day)

    assert (rules is None) == bool(day)


def test_the_pace_is_stored_when_it_changed_much_and_read_again() -> None:
    hosts = book()
    observe(hosts, **pushed())
    stored = hosts.changed()
    assert hosts.changed() == {}

    assert book(stored=stored[HOST]).delay(HOST) == 1.0


def test_the_longest_crawl_delay_of_a_host_counts_and_is_stored() -> None:
    hosts = book(delay=1.0)
    hosts.put_robots(HOST, ORIGIN, 200, b"User-agent: *\nCrawl-delay: 2.5", 0.0)
    hosts.put_robots(HOST, "https://a.example", 200, b"User-agent: *\nCrawl-delay: 4", 0.0)

    assert hosts.rule(HOST) == (1, 4.0)
    assert book(delay=1.0, stored=hosts.changed()[HOST]).rule(HOST) == (1, 4.0)


def test_failures_in_a_row_are_counted_until_an_answer() -> None:
    hosts = book()
    for _ in range(3):
        hosts.put_robots(HOST, ORIGIN, None, b"", 5.0)
    assert hosts.robots_failures(HOST, ORIGIN) == 3

    hosts.put_robots(HOST, ORIGIN, 200, b"", 9.0)

    assert (hosts.robots_failures(HOST, ORIGIN), hosts.robots_asked(HOST, ORIGIN)) == (0, 9.0)


def test_a_record_of_before_crawl_delays_were_kept_can_be_read() -> None:
    old = {"robots": {ORIGIN: {"status": 404, "body": b"", "fetched": 1.0, "failures": 0}}}

    assert book(delay=1.0, stored=msgspec.msgpack.encode(old)).delay(HOST) == 1.0
