"""The circuit breaker in a crawl: what a server that is down sees, what its pages cost."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from crawler.engine.host_book import HostRecord
from crawler.messages import QueuedRequest
from crawler.outcome import ErrorClass, PageOutcome, State
from crawler.policy.breaker import Health
from crawler.policy.retry import RetryPolicy
from crawler.testing.fake_clock import FakeClock
from crawler.testing.fake_fetcher import Reply, Script, html
from tests.unit.engine.rig import START, Rig

DOWN = Reply(status=503)
PROBES = [1.0, 4.0, 16.0, 64.0]


def page(path: object, host: str = "a.example") -> str:
    return f"http://{host}/{path}"


def star(count: int, reply: Script, host: str = "a.example") -> dict[str, Script]:
    """Return a site whose first page works, and leads to others that answer as they are told."""
    hub: dict[str, Script] = {page("", host): html(*(f"/{n}" for n in range(count)))}
    return hub | {page(n, host): reply for n in range(count)}


def asked(rig: Rig, host: str = "a.example") -> list[float]:
    """Return when the server saw a request for one of its pages but the first."""
    return [
        sent.began
        for sent in rig.fetcher.log
        if sent.host == host and sent.url not in (page("", host), page("robots.txt", host))
    ]


@pytest.mark.parametrize(
    "reply", [DOWN, Reply(error="connect"), Reply(error="timeout"), Reply(status=502)]
)
async def test_a_host_that_is_down_sees_five_requests_and_four_probes(reply: Reply) -> None:
    rig = Rig(script=star(300, reply), per_host=1)

    await rig.run()

    times = asked(rig)
    assert len(times) == 9
    assert [round(b - a, 3) for a, b in pairwise(times[4:])] == PROBES
    outcomes = await rig.outcomes()
    assert outcomes.pop(START) == "done"
    assert set(outcomes.values()) == {"dead unavailable"}
    assert len(outcomes) == 300
    await rig.assert_books()


async def test_a_row_given_up_says_since_when_how_often_and_why() -> None:
    rig = Rig(script=star(10, Reply(error="connect")), per_host=1)

    await rig.run()

    line = (await rig.ledger())[page(7)]
    assert line.error is not None
    assert line.error.startswith("the host did not work: 9 failures in a row since ")
    assert "4 of them probes; the last: " in line.error
    assert "scripted connect" in line.error
    assert rig.tally.given_up == {"a.example": line.error}


async def test_a_host_that_works_again_gives_every_page() -> None:
    script = star(200, html())
    rig = Rig(script=script, per_host=4)

    def while_up(_: object) -> Reply:
        return DOWN if 10.0 < rig.clock.monotonic() < 30.0 else html(takes=0.5)

    for n in range(200):
        rig.fetcher.script[page(n)] = while_up

    await rig.run()

    assert set((await rig.outcomes()).values()) == {"done"}
    assert rig.tally.given_up == {}
    assert rig.fetcher.most_at("a.example") == 4
    await rig.assert_books()


@pytest.mark.parametrize("per_host", [1, 8])
async def test_a_broken_part_of_a_site_does_not_cost_the_rest_of_it(per_host: int) -> None:
    rig = Rig(script=star(400, html()), per_host=per_host)
    broken = {page(n) for n in range(20, 60)}
    rig.fetcher.script |= dict.fromkeys(broken, DOWN)

    await rig.run()

    outcomes = await rig.outcomes()
    assert {url for url, end in outcomes.items() if end != "done"} == broken
    assert {outcomes[url] for url in broken} <= {"dead server", "dead unavailable"}
    await rig.assert_books()


@pytest.mark.parametrize("error", ["connect", "dns"])
async def test_a_host_that_worked_for_long_is_waited_for_for_minutes(error: str) -> None:
    rig = Rig(script=star(1_500, html()), per_host=1)

    def at_night(_: object) -> Reply:
        down = 1_300.0 < rig.clock.monotonic() - begun < 1_900.0
        return Reply(error=error) if down else html(takes=1.0)

    rig.fetcher.script |= {page(n): at_night for n in range(1_500)}
    begun = rig.clock.monotonic()

    await rig.run()

    assert rig.tally.given_up == {}
    outcomes = list((await rig.outcomes()).values())
    assert outcomes.count("done") == len(outcomes) == 1_501


async def test_a_page_that_fails_while_its_host_is_down_is_not_charged() -> None:
    rig = Rig(script=star(5, DOWN), per_host=1, retry=RetryPolicy(retries=0))
    rig.fetcher.script |= {page(n): [DOWN, html()] for n in range(5)}

    await rig.run()

    ledger = await rig.ledger()
    attempts = [ledger[page(n)].attempts for n in range(5)]
    # Four were charged, and with no retries that was their end; the fifth opened the breaker.
    assert sorted(attempts) == [1, 1, 1, 1, 1]
    assert sorted(line.outcome for line in ledger.values()) == ["dead"] * 4 + ["done"] * 2


async def test_while_a_host_is_probed_others_are_not_kept_waiting() -> None:
    healthy = star(50, html(takes=0.1), "b.example")
    rig = Rig(script=star(50, DOWN) | healthy, starts=(START, page("", "b.example")), per_host=1)

    await rig.run()

    times = asked(rig, "b.example")
    assert len(times) == 50
    assert max(b - a for a, b in pairwise(times)) < 0.2


async def test_single_bad_pages_open_no_breaker() -> None:
    script = star(100, html())
    bad = {page(n): Reply(status=500) for n in range(0, 100, 3)}
    rig = Rig(script=script | bad, per_host=2, retry=RetryPolicy(retries=0))

    await rig.run()

    outcomes = await rig.outcomes()
    assert {outcomes[url] for url in bad} == {"dead server"}
    assert [url for url, end in outcomes.items() if end != "done"] == list(bad)
    assert rig.tally.given_up == {}


async def test_a_slow_host_that_answers_opens_no_breaker() -> None:
    replies: list[Reply] = [Reply(error="timeout", takes=20.0)] * 4 + [html(takes=19.0)]
    turn = iter(range(10**6))
    rig = Rig(script=star(40, lambda _: replies[next(turn) % 5]), per_host=1)

    await rig.run()

    assert rig.tally.given_up == {}
    assert "dead unavailable" not in (await rig.outcomes()).values()


async def test_a_resumed_run_goes_on_probing_where_the_last_process_stopped() -> None:
    wall = FakeClock().wall()
    health = Health(
        weight=20, failures=7, since=wall - 9, kind="server", error="HTTP 503", probes=2,
        open=True, probe_at=wall + 16.0, pause=16.0,
    )  # fmt: skip
    record = msgspec.msgpack.encode(HostRecord(health=health))
    rig = Rig(script=star(20, DOWN) | {START: DOWN}, per_host=4, obey=False)
    rig.hosts, rig.resumed = {"a.example": record}, True
    begun = rig.clock.monotonic()

    await rig.run()

    starts = rig.fetcher.starts("a.example")
    assert [round(b - a, 3) for a, b in pairwise((begun, *starts))] == [16.0, 64.0]
    assert (await rig.outcomes()) == {START: "dead unavailable"}


async def test_a_resumed_run_asks_nothing_of_a_host_that_was_given_up_and_a_new_one_does() -> None:
    health = Health(weight=20, failures=9, kind="server", probes=4, open=True, given_up=True)
    record = msgspec.msgpack.encode(HostRecord(health=health))
    resumed = Rig(script={START: html()}, hosts={"a.example": record}, resumed=True, obey=False)
    new = Rig(script={START: html()}, hosts={"a.example": record}, obey=False)

    await resumed.run()
    await new.open()
    new.book.forget_failures()
    await new.run()

    assert resumed.fetcher.log == []
    assert (await resumed.outcomes()) == {START: "dead unavailable"}
    assert (await new.outcomes()) == {START: "done"}


async def test_a_host_that_refuses_everything_is_told_of_and_not_retried() -> None:
    rig = Rig(script=star(30, Reply(status=403)), per_host=1)

    await rig.run()

    assert rig.tally.refusing == {"a.example": "403 to the last 30 requests"}
    assert len(asked(rig)) == 30
    assert rig.tally.given_up == {}


async def test_too_many_requests_are_a_matter_of_pace_and_not_of_health() -> None:
    rig = Rig(script=star(10, Reply(status=429)), per_host=1, retry=RetryPolicy(retries=1))

    await rig.run()

    assert set((await rig.outcomes()).values()) == {"done", "dead rate_limited"}
    assert rig.tally.given_up == {}


async def test_many_rows_of_a_dead_host_end_without_filling_the_memory() -> None:
    rig = Rig(script=star(5_000, Reply(error="connect")), per_host=4, window=64, per_window=16)

    await rig.run()

    assert (await rig.outcomes()).pop(page(4_999)) == "dead unavailable"
    assert max(len(queue) for queue in rig.crawl._frontier.hosts) <= 64
    await rig.assert_books()


async def test_requests_on_their_way_as_the_breaker_opens_are_no_probes() -> None:
    rig = await Rig(starts=tuple(page(n) for n in range(16)), per_host=16, obey=False).open()

    def fail(request: QueuedRequest) -> PageOutcome:
        return PageOutcome(request=request, state=State.PENDING, reason=ErrorClass.CONNECT)

    workers = rig.judged_by(fail, takes=1.0)

    await rig.run()

    assert len(workers.submitted) == 16 + 4
    assert rig.book.health("a.example").failures == 5 + 4
