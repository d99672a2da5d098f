from __future__ import annotations

import asyncio

from crawler.engine.group_commit import BATCH_PAGES, GroupCommit
from crawler.messages import QueuedRequest
from crawler.outcome import PageOutcome, State


def outcome(number: int = 0) -> PageOutcome:
    request = QueuedRequest(id=number, key=number, url="http://a.example/", host="a.example")
    return PageOutcome(request=request, state=State.DONE)


class Desk:
    """A group commit whose commits end when they are told to."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.more_ready = self.busy = False
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.commits = GroupCommit(self._commit, lambda: self.more_ready, lambda _: self.busy)

    async def _commit(self, outcomes: list[PageOutcome]) -> None:
        self.batches.append(len(outcomes))
        await self.may_end.wait()

    async def turns(self, count: int = 10) -> None:
        for _ in range(count):
            await asyncio.sleep(0)

    async def close(self, task: asyncio.Task[None]) -> None:
        self.may_end.set()
        self.commits.close()
        await task


async def test_an_outcome_is_committed_at_once_when_nothing_more_is_ready() -> None:
    desk = Desk()
    task = asyncio.create_task(desk.commits.run())

    desk.commits.add(outcome())
    await desk.turns()

    assert desk.batches == [1]
    assert desk.commits.idle
    await desk.close(task)


async def test_outcomes_gather_while_more_is_ready_and_go_together() -> None:
    desk = Desk()
    task = asyncio.create_task(desk.commits.run())
    desk.more_ready = True
    for number in range(5):
        desk.commits.add(outcome(number))
    await desk.turns()
    assert desk.batches == []

    desk.more_ready = False
    desk.commits.add(outcome(5))
    await desk.turns()

    assert desk.batches == [6]
    await desk.close(task)


async def test_a_full_batch_does_not_wait() -> None:
    desk = Desk()
    task = asyncio.create_task(desk.commits.run())
    desk.more_ready = True

    for number in range(BATCH_PAGES):
        desk.commits.add(outcome(number))
    await desk.turns()

    assert desk.batches == [BATCH_PAGES]
    await desk.close(task)


async def test_an_outcome_waits_for_company_no_longer_than_a_moment() -> None:
    desk = Desk()
    task = asyncio.create_task(desk.commits.run())
    desk.more_ready = True
    committed = asyncio.Event()

    async def note(outcomes: list[PageOutcome]) -> None:
        committed.set()

    desk.commits._commit = note
    desk.commits.add(outcome())

    await asyncio.wait_for(committed.wait(), 10)  # the loop's own timer ends it long before
    await desk.close(task)


async def test_what_comes_during_a_commit_is_the_next_batch() -> None:
    desk = Desk()
    task = asyncio.create_task(desk.commits.run())
    desk.may_end.clear()
    desk.commits.add(outcome())
    await desk.turns()
    desk.more_ready = True
    desk.commits.add(outcome(1))
    desk.commits.add(outcome(2))
    desk.more_ready = False
    await desk.turns()
    assert desk.batches == [1]
    assert not desk.commits.idle

    desk.may_end.set()
    await desk.turns()

    assert desk.batches == [1, 2]
    await desk.close(task)


async def test_what_came_during_a_commit_gathers_on_while_its_hosts_are_busy_anyway() -> None:
    desk = Desk()
    task = asyncio.create_task(desk.commits.run())
    desk.may_end.clear()
    desk.commits.add(outcome())
    await desk.turns()
    desk.more_ready = True
    desk.commits.add(outcome(1))
    desk.more_ready, desk.busy = False, True
    desk.may_end.set()
    await desk.turns()
    assert desk.batches == [1]

    desk.commits.add(outcome(2))
    await desk.turns()

    assert desk.batches == [1, 2]
    await desk.close(task)


async def test_a_poke_commits_although_no_page_waits() -> None:
    desk = Desk()
    task = asyncio.create_task(desk.commits.run())

    desk.commits.poke()
    assert not desk.commits.idle
    await desk.turns()

    assert desk.batches == [0]
    await desk.close(task)


async def test_closing_commits_what_is_gathered_first() -> None:
    desk = Desk()
    desk.more_ready = True
    desk.commits.add(outcome())
    desk.commits.poke()
    desk.commits.close()

    await desk.commits.run()

    assert desk.batches == [1]
    assert desk.commits.idle
