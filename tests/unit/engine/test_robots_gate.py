from __future__ import annotations

from itertools import pairwise

import pytest

from crawler.messages import FetchRequest
from crawler.testing.fake_fetcher import Reply, Script, html, redirect, robots
from tests.unit.engine.rig import START, Rig

ROBOTS = "http://a.example/robots.txt"
PAGES: dict[str, Script] = {START: html("/1", "/2"), START + "1": html(), START + "2": html()}


def gaps(times: list[float]) -> list[float]:
    return [round(b - a, 6) for a, b in pairwise(times)]


async def test_robots_txt_is_asked_once_and_first_of_all() -> None:
    starts = [START, START + "1", START + "2"]
    rig = Rig(script=PAGES | {ROBOTS: Reply(status=404, takes=5.0)}, starts=starts)

    await rig.run()

    assert rig.fetcher.urls(robots=True)[0] == ROBOTS
    assert rig.fetcher.urls(robots=True).count(ROBOTS) == 1
    assert min(sent.began for sent in rig.fetcher.log[1:]) == 5


async def test_what_is_forbidden_is_skipped_and_never_sent() -> None:
    rig = Rig(script=PAGES | {ROBOTS: robots("User-agent: *", "Disallow: /1")})

    await rig.run()

    assert await rig.outcomes() == {
        START: "done",
        START + "1": "skipped robots",
        START + "2": "done",
    }
    assert START + "1" not in rig.fetcher.urls()
    await rig.assert_books()


@pytest.mark.parametrize("answer", [Reply(status=500), Reply(error="connect"), Reply(status=429)])
async def test_an_unreachable_robots_txt_is_asked_again_and_then_all_is_dead(answer: Reply) -> None:
    starts = [START, START + "1"]
    rig = Rig(script=PAGES | {ROBOTS: answer}, starts=starts)

    await rig.run()

    assert rig.fetcher.urls(robots=True) == [ROBOTS] * 4
    assert gaps(rig.fetcher.starts("a.example")) == [1, 4, 16]
    assert set((await rig.outcomes()).values()) == {"dead robots_unreachable"}
    assert rig.tally.starts.unreached == 2
    await rig.assert_books()


async def test_a_robots_txt_that_comes_back_lets_its_pages_go() -> None:
    rig = Rig(script=PAGES | {ROBOTS: [Reply(status=503), Reply(error="timeout"), robots("")]})

    await rig.run()

    assert set((await rig.outcomes()).values()) == {"done"}
    assert rig.fetcher.starts("a.example")[:4] == [0, 1, 5, 5]


async def test_an_unreachable_robots_txt_that_says_retry_after_is_left_alone_so_long() -> None:
    script = PAGES | {ROBOTS: [Reply(status=503, retry_after=90.0), robots("")]}
    rig = Rig(script=script)

    await rig.run()

    assert rig.fetcher.starts("a.example")[:2] == [0, 90]


async def test_another_host_goes_on_while_a_robots_txt_is_unreachable() -> None:
    script = PAGES | {ROBOTS: Reply(status=500), "http://b.example/": html()}
    rig = Rig(script=script, starts=[START, "http://b.example/"])

    await rig.run()

    assert rig.fetcher.starts("b.example") == [0, 0]


async def test_a_name_that_does_not_resolve_is_given_up_sooner() -> None:
    rig = Rig(script={ROBOTS: Reply(error="dns")})

    await rig.run()

    assert rig.fetcher.urls(robots=True) == [ROBOTS] * 2
    line = (await rig.ledger())[START]
    assert (line.outcome, line.reason) == ("dead", "robots_unreachable")
    assert "scripted dns" in (line.error or "")


@pytest.mark.parametrize("kind", ["address", "tls"])
async def test_an_origin_that_can_never_be_asked_fails_at_once_by_that_reason(kind: str) -> None:
    rig = Rig(script=PAGES | {ROBOTS: Reply(error=kind)})

    await rig.run()

    assert await rig.outcomes() == {START: f"failed {kind}"}
    assert rig.fetcher.urls(robots=True) == [ROBOTS]


async def test_hops_of_robots_txt_keep_the_hosts_delay_and_bind_the_first_origin() -> None:
    script = PAGES | {
        ROBOTS: redirect("/r1"), START + "r1": redirect("http://b.example/r2"),
        "http://b.example/r2": robots("User-agent: *", "Disallow: /2"),
    }  # fmt: skip
    rig = Rig(script=script, delay=2.0)

    await rig.run()

    assert rig.fetcher.urls(robots=True) == [
        ROBOTS, START + "r1", "http://b.example/r2", START, START + "1",
    ]  # fmt: skip
    assert gaps([sent.began for sent in rig.fetcher.log]) == [2.0] * 4


async def test_a_robots_txt_that_redirects_for_ever_forbids_nothing() -> None:
    rig = Rig(script=PAGES | {ROBOTS: redirect("/robots.txt")})

    await rig.run()

    assert rig.fetcher.urls(robots=True).count(ROBOTS) == 6
    assert set((await rig.outcomes()).values()) == {"done"}


async def test_a_huge_robots_txt_counts_as_far_as_it_was_read() -> None:
    body = b"User-agent: *\nDisallow: /1\n" + b"# filler\n" * 100_000
    rig = Rig(script=PAGES | {ROBOTS: Reply(body=body)})

    await rig.run()

    assert (await rig.outcomes())[START + "1"] == "skipped robots"


async def test_robots_txt_is_asked_without_the_jar() -> None:
    asked: list[FetchRequest] = []

    def answer(request: FetchRequest) -> Reply:
        asked.append(request)
        return Reply(status=404)

    await Rig(script=PAGES | {ROBOTS: answer}).run()

    assert [request.use_jar for request in asked] == [False]


async def test_a_robots_txt_of_yesterday_is_asked_for_again() -> None:
    rig = Rig(script={START: html("/1"), START + "1": html("/2")}, delay=40_000.0)

    await rig.run()

    asked = rig.fetcher.urls(robots=True)
    assert asked == [ROBOTS, START, START + "1", ROBOTS, START + "2"]


async def test_a_delay_longer_than_the_life_of_robots_txt_still_gets_on() -> None:
    rig = Rig(script=PAGES, delay=100_000.0)

    await rig.run()

    assert set((await rig.outcomes()).values()) == {"done"}


async def test_a_new_run_forgets_that_robots_txt_was_unreachable() -> None:
    first = Rig(script=PAGES | {ROBOTS: Reply(status=500)})
    await first.run()
    first.book._changed.add("a.example")
    stored = first.book.changed()

    again = Rig(script=PAGES, hosts=stored)
    await again.open()
    again.book.forget_failures()
    await again.run()

    assert set((await again.outcomes()).values()) == {"done"}
