"""What a server sees: when requests begin, and how many there are at once."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from crawler.engine.host_book import HostRecord
from crawler.messages import FetchRequest
from crawler.policy.politeness import LimitRule
from crawler.policy.retry import RetryPolicy
from crawler.testing.fake_fetcher import Reply, Script, html, redirect, robots
from tests.unit.engine.rig import START, Rig

ROBOTS = "http://a.example/robots.txt"


def page(path: object, host: str = "a.example") -> str:
    return f"http://{host}/{path}"


def star(count: int, host: str = "a.example", *, takes: float = 0.0) -> dict[str, Script]:
    hub: dict[str, Script] = {page("", host): html(*(f"/{n}" for n in range(count)))}
    return hub | {page(n, host): html(takes=takes) for n in range(count)}


def gaps(times: list[float]) -> list[float]:
    return [round(b - a, 6) for a, b in pairwise(times)]


async def test_a_delay_lies_between_all_starts_robots_txt_included() -> None:
    rig = Rig(script=star(4), delay=2.0)

    await rig.run()

    assert gaps(rig.fetcher.starts("a.example")) == [2.0] * 5


async def test_a_delay_counts_from_start_to_start_however_long_answers_take() -> None:
    rig = Rig(script=star(4, takes=5.0), delay=2.0, per_host=3)

    await rig.run()

    assert gaps(rig.fetcher.starts("a.example"))[2:] == [2.0, 2.0, 2.0]


async def test_a_delay_counts_from_what_the_server_sees_not_from_the_connecting() -> None:
    hub = Reply(body=b"<a href=/1>x</a><a href=/2>y</a>", headers={"Content-Type": "text/html"},
        connects=1.5,
    )  # fmt: skip
    asked = Reply(status=404, connects=0.5)
    script: dict[str, Script] = {ROBOTS: asked, page(""): hub, page("1"): html()}
    rig = Rig(script=script, delay=2.0)

    await rig.run()

    assert gaps(rig.fetcher.starts("a.example")) == [3.5, 2.0, 2.0]


async def test_one_request_at_a_time_where_one_is_allowed() -> None:
    rig = Rig(script=star(6, takes=1.0), per_host=1)

    await rig.run()

    assert rig.fetcher.most_at("a.example") == 1


async def test_no_more_than_concurrency_over_all_hosts() -> None:
    script: dict[str, Script] = {}
    for n in range(8):
        script |= star(5, f"h{n}.example", takes=1.0)
    rig = Rig(script=script, starts=[page("", f"h{n}.example") for n in range(8)], concurrency=5)

    await rig.run()

    assert rig.fetcher.most == 5
    assert set((await rig.outcomes()).values()) == {"done"}


async def test_a_robots_txt_on_its_way_is_a_request_in_flight() -> None:
    hosts = [f"h{n}.example" for n in range(8)]
    rig = Rig(starts=[page("", host) for host in hosts], concurrency=3)
    seen: list[int] = []

    def answer(_: FetchRequest) -> Reply:
        seen.append(rig.crawl.in_flight)
        return Reply(status=404, takes=10.0)

    rig.fetcher.script = {page("robots.txt", host): answer for host in hosts}
    await rig.run()

    assert (len(seen), max(seen)) == (8, 3)


async def test_a_slow_host_does_not_hold_up_another() -> None:
    rule = LimitRule(match="slow.example", delay=100.0)
    script = star(5, "slow.example") | star(5, "fast.example")
    starts = [page("", "slow.example"), page("", "fast.example")]
    rig = Rig(script=script, starts=starts, rules=(rule,), concurrency=1)

    await rig.run()

    assert max(rig.fetcher.starts("fast.example")) == 0
    assert gaps(rig.fetcher.starts("slow.example")) == [100.0] * 6


async def test_a_crawl_delay_holds_from_robots_txt_on() -> None:
    script = star(3) | {ROBOTS: robots("User-agent: *", "Crawl-delay: 7.5")}
    rig = Rig(script=script, delay=1.0)

    await rig.run()

    assert gaps(rig.fetcher.starts("a.example")) == [7.5] * 4


async def test_a_crawl_delay_is_remembered_by_the_next_process() -> None:
    script = star(3) | {ROBOTS: robots("User-agent: *", "Crawl-delay: 7.5")}
    first = Rig(script=script, delay=1.0)
    await first.run()
    first.book._changed.add("a.example")
    stored = first.book.changed()

    again = Rig(script=script, delay=1.0, hosts=stored)
    await again.run()

    assert again.fetcher.urls(robots=True).count(ROBOTS) == 0
    assert gaps(again.fetcher.starts("a.example")) == [7.5] * 3


async def test_a_crawl_delay_is_not_heard_where_robots_are_ignored() -> None:
    script = star(3) | {ROBOTS: robots("User-agent: *", "Crawl-delay: 7.5", "Disallow: /")}
    rig = Rig(script=script, delay=1.0, obey=False)

    await rig.run()

    assert gaps(rig.fetcher.starts("a.example")) == [1.0] * 3
    assert ROBOTS not in rig.fetcher.urls(robots=True)


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_leaves_the_host_alone_and_only_that_one(status: int) -> None:
    script = star(5) | star(5, "b.example")
    script[page(0)] = [Reply(status=status, retry_after=120.0), html()]
    rig = Rig(script=script, starts=[START, page("", "b.example")], delay=1.0, per_host=1)

    await rig.run()

    times = rig.fetcher.starts("a.example")
    assert gaps(times) == [1.0, 1.0, 120.0, 1.0, 1.0, 1.0, 1.0]
    assert max(rig.fetcher.starts("b.example")) < 10
    assert set((await rig.outcomes()).values()) == {"done"}


async def test_a_retry_after_of_years_is_cut_to_an_hour() -> None:
    script: dict[str, Script] = {START: [Reply(status=429, retry_after=1e9), html()]}
    rig = Rig(script=script)

    await rig.run()

    assert await rig.outcomes() == {START: "done"}
    assert rig.clock.monotonic() == 3600


async def test_a_pause_outlives_the_process() -> None:
    rig = Rig(script=star(1))
    stored = HostRecord(paused_until=rig.clock.wall() + 300)
    rig.hosts = {"a.example": msgspec.msgpack.encode(stored)}

    await rig.run()

    assert rig.fetcher.starts("a.example")[0] == 300


async def test_after_an_interruption_every_host_first_waits_its_delay() -> None:
    rig = Rig(script=star(1), starts=(), delay=30.0, resumed=True)
    await rig.open(pending={"a.example": 0, "b.example": 0})
    rig.spider.start_urls = [START, page("", "b.example")]

    await rig.run()

    assert rig.fetcher.starts("a.example")[0] == 30
    assert rig.fetcher.starts("b.example")[0] == 30


async def test_a_host_that_pushes_back_is_slowed_and_then_sped_up_again() -> None:
    script = star(12)
    script[page(3)] = [Reply(status=429), html()]
    rig = Rig(script=script, adaptive=True, per_host=1)

    await rig.run()

    found = gaps(rig.fetcher.starts("a.example"))
    at = next(n for n, gap in enumerate(found) if gap > 0)
    assert found[:at] == [0.0] * at
    assert found[at] == 1.0
    assert all(a >= b for a, b in pairwise(found[at:]))
    assert found[-1] < 0.5


async def test_one_broken_page_does_not_slow_its_host() -> None:
    script = star(5)
    script[page(0)] = Reply(status=500)
    rig = Rig(script=script, adaptive=True, retry=RetryPolicy(waits=(50.0,), jitter=0.0))

    await rig.run()

    assert rig.book.delay("a.example") == 0


async def test_http_and_https_of_a_host_share_its_delay_but_not_robots_txt() -> None:
    secure = "https://a.example"
    script = {
        START: html(f"{secure}/1", "/2"), f"{secure}/1": html(), page(2): html(),
        ROBOTS: robots("User-agent: *", "Disallow: /2"), f"{secure}/robots.txt": robots(""),
    }  # fmt: skip
    rig = Rig(script=script, delay=3.0)

    await rig.run()

    assert rig.fetcher.urls(robots=True) == [
        ROBOTS, START, f"{secure}/robots.txt", f"{secure}/1",
    ]  # fmt: skip
    assert gaps(rig.fetcher.starts("a.example")) == [3.0] * 3
    assert (await rig.outcomes())[page(2)] == "skipped robots"


async def test_a_redirect_waits_its_hosts_delay_and_comes_next() -> None:
    script = star(3) | {page(0): redirect("/far"), page("far"): html()}
    rig = Rig(script=script, delay=2.0, per_host=1)

    await rig.run()

    assert rig.fetcher.urls() == [START, page(0), page("far"), page(1), page(2)]
    assert gaps(rig.fetcher.starts("a.example")) == [2.0] * 5


async def test_where_the_waiting_went_is_told_apart() -> None:
    polite = Rig(script=star(5), delay=10.0)
    await polite.run()
    slow = Rig(script=star(5, takes=10.0), concurrency=1, per_host=1)
    await slow.run()
    limited = Rig(script=star(5, takes=10.0), limits={"max_runtime": 1e6})
    await limited.run()

    assert polite.crawl.bottleneck.shares(60.0, 0.0)["politeness"] == 1.0
    assert slow.crawl.bottleneck.shares(60.0, 0.0)["network"] == 1.0
    assert limited.crawl.bottleneck.shares(60.0, 0.0)["network"] == 1.0
