from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from typing import Any

import pytest

from crawler.engine.crawl import End
from crawler.engine.second_tries import FREE_TRIES
from crawler.errors import CloseSpider, OutputError, StateError
from crawler.extract.response import Response
from crawler.interfaces import Batch, Committed, Grant, WriteOutputs
from crawler.messages import QueuedRequest, Request
from crawler.outcome import ErrorClass, ItemRecord, PageOutcome, State
from crawler.policy.retry import RetryPolicy
from crawler.spider.spider import Spider
from crawler.storage.memory_store import MemoryStore
from crawler.testing.fake_fetcher import Reply, html, redirect
from crawler.testing.memory_sink import MemorySink
from crawler.urls import CanonicalRules
from tests.unit.engine.rig import START, Rig

FINISHED = End(reason="finished", finished=True)


def page(path: object, host: str = "a.example") -> str:
    return f"http://{host}/{path}"


def star(count: int, *, takes: float = 0.0) -> dict[str, Reply]:
    """Return a site whose first page leads to all others."""
    script = {page(n): html(takes=takes) for n in range(count)}
    return {START: html(*(f"/{n}" for n in range(count))), **script}


def good(request: QueuedRequest) -> PageOutcome:
    return PageOutcome(request=request, state=State.DONE, status=200)


def an_item(request: QueuedRequest, count: int = 1) -> PageOutcome:
    outcome = good(request)
    outcome.items = [ItemRecord("x", {"n": n}) for n in range(count)]
    outcome.encoded = [b"{}"] * count
    return outcome


# Every page, once


async def test_a_chain_of_pages_is_crawled_to_its_end() -> None:
    script = {page(n): html(f"/{n + 1}") for n in range(30)} | {START: html("/0")}
    rig = Rig(script=script)

    assert await rig.run() == FINISHED

    outcomes = await rig.outcomes()
    assert outcomes == dict.fromkeys(script, "done") | {page(30): "failed status"}
    assert len(rig.items) == 31
    await rig.assert_books()


async def test_no_start_request_at_all_is_an_end_and_not_a_wait() -> None:
    rig = Rig(starts=())

    assert await rig.run() == FINISHED


@pytest.mark.parametrize("takes", [0.0, 0.2])
async def test_a_small_window_forgets_no_page(takes: float) -> None:
    rig = Rig(script=star(100, takes=0.1), window=8, per_window=4, store_takes=takes)

    await rig.run()

    assert set((await rig.outcomes()).values()) == {"done"}
    assert sorted(rig.fetcher.urls()) == sorted(rig.script)
    await rig.assert_books()


async def test_pages_are_sent_while_the_store_is_asked_for_more() -> None:
    rig = Rig(script=star(40, takes=0.1), window=8, per_window=8, store_takes=10.0, per_host=1)

    await rig.run()

    sent = [log.began for log in rig.fetcher.log[2:]]
    gaps = [b - a for a, b in pairwise(sent)]
    # A look into the store takes ten seconds; one does not follow each of them.
    assert sum(gap < 1 for gap in gaps) > sum(gap >= 1 for gap in gaps)


async def test_a_start_url_known_as_a_link_is_fetched_once() -> None:
    rig = Rig(script=star(3), starts=(START, page(1), page(1)))

    await rig.run()

    assert rig.fetcher.urls().count(page(1)) == 1


# Retries


async def test_a_retry_that_is_due_at_once_is_not_lost_while_its_page_is_committed() -> None:
    script = {START: [Reply(error="conn_reuse"), html()]}
    for takes in (0.0, 0.5):
        rig = Rig(script=script, store_takes=takes)

        await rig.run()

        assert await rig.outcomes() == {START: "done"}


async def test_waits_grow_and_the_budget_makes_a_request_dead() -> None:
    rig = Rig(script={START: Reply(status=500)}, retry=RetryPolicy(jitter=0.0))

    await rig.run()

    line = (await rig.ledger())[START]
    assert (line.outcome, line.reason, line.attempts, line.error) == (
        "dead", "server", 4, "HTTP 500",
    )  # fmt: skip
    times = rig.fetcher.starts("a.example")[1:]
    assert [round(b - a, 3) for a, b in pairwise(times)] == [1, 4, 16]
    assert rig.tally.errors == {"server": 4}


async def test_a_class_of_error_that_is_final_is_failed_at_once() -> None:
    rig = Rig(script={START: Reply(error="too_large")})

    await rig.run()

    assert await rig.outcomes() == {START: "failed too_large"}
    assert len(rig.fetcher.urls()) == 1


async def test_a_connection_cut_again_and_again_under_us_is_charged_in_the_end() -> None:
    rig = Rig(script={START: Reply(error="conn_reuse")})

    await rig.run()

    line = (await rig.ledger())[START]
    assert (line.outcome, line.reason, line.attempts) == ("dead", "connect", 4)
    assert len(rig.fetcher.urls()) == FREE_TRIES + 4


async def test_many_retries_due_at_once_are_all_made() -> None:
    script: dict[str, Any] = dict(star(300))
    for n in range(300):
        script[page(n)] = [Reply(status=502), html()]
    rig = Rig(script=script, retry=RetryPolicy(waits=(60.0,), jitter=0.0))

    await rig.run()

    assert set((await rig.outcomes()).values()) == {"done"}
    await rig.assert_books()


# Limits


@pytest.mark.parametrize("takes", [0.0, 0.5])
async def test_no_page_beyond_max_pages_is_fetched(takes: float) -> None:
    rig = Rig(script=star(50, takes=0.2), limits={"max_pages": 17}, store_takes=takes)

    end = await rig.run()

    assert end == End(reason="max_pages", finished=True)
    assert len(rig.fetcher.urls()) == 17
    assert list((await rig.outcomes()).values()).count("done") == 17


async def test_pages_that_fail_make_room_for_others_under_max_pages() -> None:
    script = star(20, takes=0.1) | {page(n): Reply(status=404) for n in range(10)}
    rig = Rig(script=script, limits={"max_pages": 5})

    assert (await rig.run()).reason == "max_pages"

    assert list((await rig.outcomes()).values()).count("done") == 5


async def test_max_pages_beyond_the_site_ends_the_run_as_finished() -> None:
    rig = Rig(script=star(3), limits={"max_pages": 10})

    assert await rig.run() == FINISHED


@pytest.mark.parametrize("store_takes", [0.0, 1.0])
async def test_the_limit_of_items_is_exact(store_takes: float) -> None:
    rig = Rig(script=star(50, takes=0.1), limits={"max_items": 13}, store_takes=store_takes)

    end = await rig.run()

    assert end == End(reason="limit", finished=True)
    assert len(rig.items) == rig.tally.items_out == 13


async def test_the_page_that_goes_beyond_the_limit_of_items_is_cut() -> None:
    rig = await Rig(limits={"max_items": 3}).open()
    rig.judged_by(lambda request: an_item(request, 5))

    await rig.run()

    assert [item["_id"][-1] for item in rig.items] == ["0", "1", "2"]


async def test_max_runtime_ends_a_run_that_waits() -> None:
    rig = Rig(script=star(50), delay=10.0, limits={"max_runtime": 35.0})

    end = await rig.run()

    assert end == End(reason="max_runtime", finished=True)
    assert rig.clock.monotonic() == 35
    assert "done" in (await rig.outcomes()).values()


async def test_max_runtime_counts_what_earlier_processes_worked() -> None:
    rig = Rig(script=star(50), delay=10.0, limits={"max_runtime": 35.0})
    rig.tally.worked = 20.0

    await rig.run()

    assert rig.clock.monotonic() == 15


async def test_no_more_than_a_batch_waits_to_be_committed() -> None:
    rig = Rig(script=star(1000), store_takes=30.0, concurrency=16, per_host=16)
    await rig.open()
    most = 0

    def watched(request: QueuedRequest) -> PageOutcome:
        nonlocal most
        frontier = rig.crawl._frontier
        most = max(most, frontier.taken - frontier.in_flight)
        return good(request)

    rig.spider.start_urls = [page(n) for n in range(1000)]
    rig.judged_by(watched)
    await rig.run()

    assert 150 < most <= 200 + 16


# Stopping


async def test_the_first_signal_finishes_what_is_in_flight() -> None:
    rig = await Rig(script=star(50, takes=5.0), per_host=3).open()

    async def run() -> End:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(rig.crawl.run(rig.workers))
            await rig.clock.sleep(2.0)
            rig.crawl.stop("stopped")
        return task.result()

    assert await rig.clock.play(run()) == End(reason="stopped", finished=False)
    assert rig.clock.monotonic() == 5
    outcomes = list((await rig.outcomes()).values())
    assert (outcomes.count("done"), outcomes.count("pending")) == (4, 47)
    await rig.assert_books()


async def test_the_first_signal_does_not_wait_for_a_robots_txt() -> None:
    script = star(3) | {page("robots.txt"): Reply(status=404, takes=100.0)}
    rig = await Rig(script=script).open()

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(rig.crawl.run(rig.workers))
            await rig.clock.sleep(2.0)
            rig.crawl.stop("stopped")

    await rig.clock.play(run())

    assert rig.clock.monotonic() == 2


async def test_the_second_signal_gives_up_what_is_in_flight() -> None:
    rig = await Rig(script=star(50, takes=5.0), per_host=3).open()

    async def run() -> End:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(rig.crawl.run(rig.workers))
            await rig.clock.sleep(2.0)
            rig.crawl.stop("stopped")
            await rig.clock.sleep(1.0)
            rig.crawl.quit_now()
        return task.result()

    assert await rig.clock.play(run()) == End(reason="stopped", finished=False)
    assert rig.clock.monotonic() == 3
    await rig.assert_books()


async def test_a_signal_ends_a_run_that_waits_for_its_hosts() -> None:
    rig = await Rig(script=star(5), delay=1000.0).open()

    async def run() -> End:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(rig.crawl.run(rig.workers))
            await rig.clock.sleep(1500.0)
            rig.crawl.stop("stopped")
        return task.result()

    assert not (await rig.clock.play(run())).finished
    assert rig.clock.monotonic() == 1500


class Closing(Spider):
    name = "closing"

    def parse(self, response: Response, **kwargs: Any) -> Iterator[dict[str, int]]:
        yield {"before": 1}
        raise CloseSpider("enough")


async def test_a_callback_may_end_the_crawl_and_its_page_counts() -> None:
    rig = Rig(script=star(1), spider=Closing())

    assert await rig.run() == End(reason="enough", finished=True)

    assert len(rig.items) == 1
    assert await rig.outcomes() == {START: "done"}


# Failures of the machine


@pytest.mark.parametrize("takes", [0.0, 0.5])
async def test_a_sink_that_fails_ends_the_run_with_its_error(takes: float) -> None:
    sink = MemorySink()
    sink.failing = OutputError("disk full")
    rig = Rig(script=star(50, takes=0.1), sinks=[sink], store_takes=takes)

    with pytest.raises(OutputError, match="disk full"):
        await rig.run()


class Breaking(MemoryStore):
    def __init__(self, after: int) -> None:
        super().__init__(canonical=CanonicalRules())
        self.left = after

    async def commit(self, grant: Grant, batch: Batch, outputs: WriteOutputs) -> Committed:
        self.left -= 1
        if self.left < 0:
            raise StateError("database disk image is malformed")
        return await super().commit(grant, batch, outputs)


@pytest.mark.parametrize("after", [0, 1, 5])
async def test_a_store_that_fails_ends_the_run_with_its_error(after: int) -> None:
    rig = Rig(script={page(n): html(f"/{n + 1}") for n in range(30)}, starts=(page(0),))
    rig.store = Breaking(after)
    with pytest.raises(StateError):
        await _run_with(rig)


async def _run_with(rig: Rig) -> None:
    from crawler.interfaces import RunStart

    assert rig.store is not None
    await rig.store.begin(RunStart(mode="auto", run_id="r", settings=b"", now=0.0))
    await rig.open()
    await rig.run()


async def test_an_error_of_ours_in_a_worker_ends_the_run() -> None:
    rig = await Rig().open()

    def broken(request: QueuedRequest) -> PageOutcome:
        raise ZeroDivisionError

    rig.judged_by(broken)
    with pytest.raises(ZeroDivisionError):
        await rig.run()


# Start requests


class Lazy(Spider):
    name = "lazy"
    given = 0

    async def start(self) -> AsyncIterator[Request]:
        for n in range(20_000):
            type(self).given = n + 1
            yield Request(page(n))


async def test_start_requests_are_pulled_no_faster_than_they_are_crawled() -> None:
    rig = await Rig(spider=Lazy(), limits={"max_pages": 10}).open()
    rig.judged_by(good)

    await rig.run()

    assert Lazy.given < 5_000


class Raising(Spider):
    name = "raising"

    async def start(self) -> AsyncIterator[Request]:
        yield Request(page(1))
        raise KeyError("password")

    def parse(self, response: Response, **kwargs: Any) -> dict[str, str]:
        return {"url": response.url}


async def test_what_start_gave_before_it_raised_is_crawled_and_the_run_says_why() -> None:
    rig = Rig(script=star(3), spider=Raising())

    assert await rig.run() == FINISHED

    assert await rig.outcomes() == {page(1): "done"}
    assert rig.crawl.start_error is not None
    assert rig.crawl.start_error.startswith("KeyError: 'password' (")


class Unwilling(Spider):
    name = "unwilling"

    async def start(self) -> AsyncIterator[Request]:
        raise CloseSpider("not today")
        yield


async def test_start_may_end_the_crawl() -> None:
    assert await Rig(spider=Unwilling()).run() == End(reason="not today", finished=True)


class Giving(Spider):
    name = "giving"

    async def start(self) -> AsyncIterator[Any]:
        for n in range(5):
            yield {"n": n}
        yield Request(START)

    def parse(self, response: Response, **kwargs: Any) -> None:
        return None


async def test_start_items_are_written_once_whatever_was_committed_before() -> None:
    rig = Rig(script=star(0), spider=Giving())
    rig.tally.start_items = 2

    await rig.run()

    assert [(item["n"], item["_id"]) for item in rig.items] == [
        (2, "start-2"), (3, "start-3"), (4, "start-4"),
    ]  # fmt: skip
    assert rig.tally.start_items == 5


async def test_start_items_obey_the_limit() -> None:
    rig = Rig(script=star(0), spider=Giving(), limits={"max_items": 3})

    assert (await rig.run()).reason == "limit"

    assert len(rig.items) == 3


async def test_starts_are_tallied_each_once() -> None:
    script = {
        page("ok"): html("/known"), page("known"): html(), page("gone"): Reply(status=404),
        page("moved"): redirect("/there"), page("there"): html(),
        page("to-known"): redirect("/ok"), page("private/1"): html(),
        page("robots.txt"): Reply(body=b"User-agent: *\nDisallow: /private"),
    }  # fmt: skip
    starts = ("ok", "gone", "moved", "to-known", "private/1", "ok")
    rig = Rig(script=script, starts=[page(path) for path in starts])

    await rig.run()

    starts_tally = rig.tally.starts
    assert (starts_tally.given, starts_tally.reached) == (5, 2)
    assert (starts_tally.unreached, starts_tally.forbidden, starts_tally.other) == (1, 1, 1)


# Suspects


async def _suspected(*paths: str, **options: Any) -> tuple[Rig, list[tuple[str, int]]]:
    """Return an opened rig whose store has rows, some under suspicion; and what ran beside what."""
    first = Rig(script={}, starts=[page(n) for n in range(12)])
    await first.open()
    first.crawl.stop("stopped")
    store = first.store
    assert store is not None
    from crawler.interfaces import PageCommit
    from crawler.messages import NewRequest

    rows = [NewRequest(url=page(n), is_start=True) for n in range(12)]
    batch = Batch(pages=[PageCommit(id=0, depth=-1, requests=rows)])
    added = (await store.commit(first.opened.grant, batch, list)).added
    rig = Rig(store=store, starts=(), resumed=True, **options)
    suspects = [row for row in added if row.url in {page(path) for path in paths}]
    await rig.open(pending={"a.example": 12}, suspects=suspects)
    beside: list[tuple[str, int]] = []
    workers = rig.judged_by(good, takes=3.0)
    submit = workers.submit

    def watched(request: QueuedRequest) -> None:
        submit(request)
        beside.append((request.url, rig.crawl.in_flight))

    workers.submit = watched  # type: ignore[method-assign]
    return rig, beside


async def test_suspects_run_alone_each_and_before_the_others() -> None:
    rig, beside = await _suspected("3", "7", per_host=8)

    await rig.run()

    assert {url for url, _ in beside[:2]} == {page(3), page(7)}
    assert [count for _, count in beside[:3]] == [1, 1, 1]
    assert max(count for _, count in beside) > 1
    assert set((await rig.outcomes()).values()) == {"done"}
    await rig.assert_books()
    # The next went out when the last suspect had ended, not before.
    assert rig.clock.monotonic() == 3 * 4


async def test_a_suspect_asks_robots_txt_like_any_other() -> None:
    rig, beside = await _suspected("3")
    rig.fetcher.script[page("robots.txt")] = Reply(body=b"User-agent: *\nDisallow: /3")

    await rig.run()

    assert page(3) not in {url for url, _ in beside}
    assert (await rig.outcomes())[page(3)] == "skipped robots"


async def test_the_others_go_on_while_a_suspects_host_is_to_be_left_alone() -> None:
    rig, beside = await _suspected("3")
    rig.crawl._frontier.pause("a.example", 500.0)
    rig.spider.start_urls = [page(1, "b.example")]

    await rig.run()

    assert beside[0] == (page(1, "b.example"), 1)
    assert beside[1] == (page(3), 1)
    assert rig.clock.monotonic() > 500


# What is committed


async def test_a_failing_page_is_counted_by_its_class_and_kept_for_the_report() -> None:
    rig = Rig(script=star(2) | {page(1): Reply(status=410, body=b"gone for good")})

    await rig.run()

    failed = [outcome for outcome in rig.ended if outcome.state == State.FAILED]
    assert [(o.reason, o.body) for o in failed] == [(ErrorClass.STATUS, b"gone for good")]
    assert rig.tally.broken_links == 1
    assert rig.tally.http == {"200": 2, "410": 1}


async def test_the_time_worked_is_committed_with_each_batch() -> None:
    from crawler.engine.tally import decode_tally

    seen: list[float] = []

    class Watching(MemoryStore):
        async def commit(self, grant: Grant, batch: Batch, outputs: WriteOutputs) -> Committed:
            seen.append(decode_tally(batch.tally).worked)
            return await super().commit(grant, batch, outputs)

    rig = Rig(script=star(3), delay=7.0, per_host=1, store=Watching(canonical=CanonicalRules()))
    rig.tally.worked = 100.0
    await _run_with(rig)

    assert seen[0] == 100
    assert seen[-1] > 120
    assert rig.tally.worked == 100
