from __future__ import annotations

import asyncio

import pytest

from crawler.errors import FetchError, OutageError
from crawler.fetch.name_outage import SUSPICIOUS, PatientFetcher
from crawler.messages import FetchRequest, Headers, HttpResponse
from crawler.outage import Outage
from crawler.outcome import ErrorClass
from crawler.testing import FakeClock


class Net:
    """A network whose name server is silent for some questions."""

    def __init__(self, silent: int = 0, *, missing: bool = False) -> None:
        self.silent, self.missing, self.sent = silent, missing, 0
        self.asked = 0
        self.slow: frozenset[str] = frozenset()
        self.said: list[str] = []
        self.clock = FakeClock()
        self.begun = self.clock.monotonic()
        self.outage = Outage(self.clock, self.said.append, first=5.0, most=600.0)
        self.fetcher = PatientFetcher(self, self.outage, self.ask)

    async def fetch(self, request: FetchRequest) -> HttpResponse:
        self.sent += 1
        if request.url in self.slow:
            raise FetchError(ErrorClass.TIMEOUT, "no answer in time", url=request.url)
        if self.silent or self.missing:
            raise FetchError(ErrorClass.DNS, "no such name", url=request.url)
        return HttpResponse(url=request.url, status=200, headers=Headers(), body=b"")

    async def ask(self, host: str) -> bool:
        self.asked += 1
        if self.silent:
            await asyncio.sleep(0)  # the others fail, and wait to ask
        self.silent = max(0, self.silent - 1)
        return bool(self.silent)

    async def close(self) -> None:
        """See `Fetcher.close`."""

    async def take(self, number: int) -> int:
        return (await self.fetcher.fetch(FetchRequest(url=f"http://h{number}.example/"))).status


async def settled(net: Net, count: int) -> list[int | BaseException]:
    """Fetch from so many hosts; time goes on until all have ended."""
    tasks = [asyncio.create_task(net.take(number)) for number in range(count)]
    while not all(task.done() for task in tasks):
        await net.clock.advance(1.0)
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_fetches_wait_out_a_name_server_that_is_silent() -> None:
    net = Net(silent=4)

    found = await settled(net, 20)

    # Those before anybody had a suspicion are all that it cost.
    assert found.count(200) == 20 - (SUSPICIOUS - 1)
    assert [line.split(":")[0] for line in net.said] == ["paused", "going on"]


async def test_names_that_do_not_exist_hold_nobody_up() -> None:
    net = Net(missing=True)

    found = await settled(net, 20)

    assert all(isinstance(one, FetchError) for one in found)
    assert (net.said, net.sent) == ([], 20)


async def test_a_crawl_that_ends_waits_no_longer() -> None:
    net = Net(silent=1_000)
    tasks = [asyncio.create_task(net.take(number)) for number in range(8)]
    while not net.said:
        await net.clock.advance(1.0)
    net.outage.ended = lambda: True
    await net.clock.advance(60.0)

    blameless = 0
    for task in tasks:
        with pytest.raises(FetchError) as caught:
            await task
        blameless += isinstance(caught.value, OutageError)
    assert blameless == len(tasks) - (SUSPICIOUS - 1)


async def test_a_name_server_that_never_answers_ends_the_run_and_charges_nobody() -> None:
    net = Net(silent=1_000)
    gave_up: list[tuple[float, int]] = []
    net.outage.give_up = lambda: gave_up.append((net.clock.monotonic(), net.asked))

    found = await settled(net, 8)

    # Those who waited for their turn to ask do not ask anew.
    assert gave_up == [(600.0 + net.begun, net.asked)]
    assert sum(isinstance(one, OutageError) for one in found) == 8 - (SUSPICIOUS - 1)


async def test_slow_hosts_in_between_do_not_hide_a_name_server_that_is_silent() -> None:
    net = Net(silent=4)
    net.slow = frozenset(f"http://h{number}.example/" for number in range(0, 20, 2))

    found = await settled(net, 20)

    assert found.count(200) == 10 - (SUSPICIOUS - 1)
    assert len(net.said) == 2
