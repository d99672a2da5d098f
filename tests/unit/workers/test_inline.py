from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from crawler.errors import HandBack
from crawler.extract.response import Response
from crawler.messages import Headers, HttpResponse, QueuedRequest
from crawler.outcome import PageOutcome, State
from crawler.policy.retry import RetryPolicy
from crawler.policy.scope import Scope
from crawler.spider.page_parser import PageParser
from crawler.spider.spider import Spider
from crawler.spider.spider_state import SpiderState
from crawler.storage.slot_file import NoGuard
from crawler.testing.fake_clock import FakeClock
from crawler.testing.fake_fetcher import FakeFetcher, Reply
from crawler.workers.inline import InlineWorkers
from crawler.workers.visit import Answer, Visitor


def request(number: int) -> QueuedRequest:
    return QueuedRequest(id=number, key=number, url=f"http://a.example/{number}", host="a.example")


class Patient(Spider):
    """Takes ten seconds over every page."""

    name = "patient"

    def __init__(self, clock: FakeClock, takes: float = 10.0) -> None:
        super().__init__()
        self.clock = clock
        self.takes = takes

    async def parse(self, response: Response, **kwargs: Any) -> AsyncIterator[dict[str, str]]:
        await self.clock.sleep(self.takes)
        yield {"url": response.url}


class Floor:
    def __init__(self, *, places: int = 2, takes: float = 1.0, thinks: float = 0.0) -> None:
        self.clock = FakeClock()
        script = {request(n).url: Reply(takes=takes) for n in range(20)}
        self.fetcher = FakeFetcher(self.clock, script)
        self.delivered: list[PageOutcome] = []
        spider = Patient(self.clock, thinks)
        visitor = Visitor(
            self.fetcher, PageParser(spider, Scope()), NoGuard(), SpiderState(spider, None),
            RetryPolicy(),
        )  # fmt: skip
        self.workers = InlineWorkers(visitor, asyncio.Semaphore(places), self.delivered.append)


async def test_every_request_is_delivered_before_run_returns() -> None:
    floor = Floor()
    for number in range(3):
        floor.workers.submit(request(number))  # before `run` even

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(floor.workers.run())
            await floor.clock.sleep(0.5)
            floor.workers.submit(request(3))
            floor.workers.stop()

    await floor.clock.play(work())

    assert sorted(outcome.request.id for outcome in floor.delivered) == [0, 1, 2, 3]


async def test_the_gate_bounds_what_is_fetched_at_once() -> None:
    floor = Floor(places=2)
    for number in range(7):
        floor.workers.submit(request(number))
    floor.workers.stop()

    await floor.clock.play(floor.workers.run())

    assert floor.fetcher.most == 2
    assert floor.clock.monotonic() == 4


async def test_no_callback_holds_a_permit_while_it_waits() -> None:
    floor = Floor(places=1, takes=1.0, thinks=100.0)
    for number in range(3):
        floor.workers.submit(request(number))
    floor.workers.stop()

    await floor.clock.play(floor.workers.run())

    assert [sent.began for sent in floor.fetcher.log] == [0, 1, 2]
    assert floor.clock.monotonic() == 103


@pytest.mark.parametrize(("takes", "thinks"), [(100.0, 0.0), (0.0, 100.0)])
async def test_at_once_gives_up_what_is_in_flight_undelivered(takes: float, thinks: float) -> None:
    floor = Floor(takes=takes, thinks=thinks)
    for number in range(5):
        floor.workers.submit(request(number))

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(floor.workers.run())
            await floor.clock.sleep(3.0)
            floor.workers.stop(at_once=True)

    await floor.clock.play(work())

    assert floor.delivered == []
    assert floor.clock.monotonic() == 3


async def test_an_error_of_the_engine_is_not_swallowed() -> None:
    floor = Floor()

    def refuse(outcome: PageOutcome) -> None:
        raise RuntimeError("no room")

    floor.workers._deliver = refuse
    floor.workers.submit(request(0))

    with pytest.raises(ExceptionGroup) as raised:
        await floor.clock.play(floor.workers.run())
    assert raised.group_contains(RuntimeError, match="no room")


class Reading:
    """Gives large pages, and notes who is read when; reading the first takes a while."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.begun = asyncio.Event()

    async def fetch(self, request: QueuedRequest) -> HttpResponse:
        size = 2 << 20 if request.id < 2 else 10
        return HttpResponse(url=request.url, status=200, headers=Headers(), body=bytes(size))

    async def conclude(self, request: QueuedRequest, answer: Answer) -> PageOutcome:
        self.log.append(f"begin {request.id}")
        self.begun.set()
        await asyncio.sleep(0.001 if request.id == 0 else 0)
        self.log.append(f"end {request.id}")
        return PageOutcome(request=request, state=State.DONE)


async def test_small_pages_are_read_between_two_that_may_take_long() -> None:
    reading = Reading()
    told: asyncio.Queue[PageOutcome] = asyncio.Queue()
    workers = InlineWorkers(reading, asyncio.Semaphore(9), told.put_nowait)
    for number in range(4):
        workers.submit(request(number))

    async with asyncio.TaskGroup() as group:
        group.create_task(workers.run())
        delivered = [await told.get() for _ in range(4)]
        workers.stop()

    begun = [line for line in reading.log if line.startswith("begin")]
    assert begun.index("begin 1") > begun.index("begin 3")
    assert len(delivered) == 4


async def test_a_large_page_that_is_given_up_is_read_no_further() -> None:
    reading = Reading()
    workers = InlineWorkers(reading, asyncio.Semaphore(1), lambda _: None)
    workers.submit(request(0))

    async with asyncio.TaskGroup() as group:
        group.create_task(workers.run())
        await reading.begun.wait()
        workers.stop(at_once=True)

    assert reading.log == ["begin 0"]


class Turned:
    """A visitor that sends requests back, as it fetches or as it concludes."""

    async def fetch(self, request: QueuedRequest) -> HttpResponse:
        if request.id == 0:
            raise HandBack
        body = b"x" * (3 << 20 if request.id == 2 else 1)  # the last is read in its turn
        return HttpResponse(url=request.url, status=200, headers=Headers(), body=body)

    async def conclude(self, request: QueuedRequest, answer: HttpResponse) -> PageOutcome:
        if request.id < 3:
            raise HandBack
        return PageOutcome(request=request, state=State.DONE)


async def test_what_is_to_go_out_again_is_handed_back_and_not_delivered() -> None:
    delivered: list[PageOutcome] = []
    back: list[QueuedRequest] = []
    workers = InlineWorkers(Turned(), asyncio.Semaphore(9), delivered.append, back.append)
    for number in range(4):
        workers.submit(request(number))
    workers.stop()

    await workers.run()

    assert sorted(one.id for one in back) == [0, 1, 2]
    assert [outcome.request.id for outcome in delivered] == [3]
