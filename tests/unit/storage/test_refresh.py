"""A refresh: which rows it begins with, in which order, and what it remembers of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from crawler.errors import StateError
from crawler.interfaces import (
    FrontierStore,
    ItemBatch,
    PageCommit,
    PageItems,
    RunStart,
    SeenItem,
    SettledItem,
)
from crawler.messages import NewRequest, QueuedRequest
from crawler.outcome import ErrorClass, SkipReason, State
from crawler.page_memory import Overdue, PageMemory, Visited
from crawler.spider.payload import Payload, encode
from crawler.storage.memory_store import MemoryStore
from crawler.storage.slot_file import SlotFile
from crawler.storage.sqlite_store import SqliteStore
from crawler.urls import CanonicalRules
from tests.unit.storage.store_driver import HOST, StoreDriver, a_start, at, done, ended

MEMORY = PageMemory(
    etag='"1"', body_hash=b"b" * 16, print=b"p" * 16, simhash=(1 << 64) - 1, gain=b"gain",
    rules=b"r" * 16, first_seen=10.0, fetched=100.0, changed=50.0, interval=60.0, due=160.0,
    visits=3, run=1,
)  # fmt: skip


def by_due(url: str, visited: Visited) -> int:
    """The clock stands at 200."""
    return -1 if visited.due is None or visited.due > 200 else int(200 - visited.due)


Begin = Callable[..., "object"]


class Nights:
    """Runs of one job, one after the other, on one database."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.canonical = CanonicalRules()
        self.run: StoreDriver
        self.number = 0

    async def begin(self, mode: str = "auto", overdue: Overdue | None = by_due) -> StoreDriver:
        store = SqliteStore(
            self._folder / "crawl.sqlite", canonical=self.canonical, durability="process",
            slots=SlotFile(self._folder / "slots"),
        )  # fmt: skip
        await store.open()
        self.number += 1
        start = a_start(mode, run_id=f"run-{self.number}")
        start = msgspec.structs.replace(start, overdue=overdue)
        self.run = StoreDriver(store, await store.begin(start))
        return self.run

    async def end(self) -> None:
        assert await self.run.store.audit() == self.run.store.books()
        assert self.run.store.books().balanced
        await self.run.store.close(finished=True)


@pytest.fixture
async def nights(tmp_path: Path) -> AsyncIterator[Nights]:
    nights = Nights(tmp_path)
    yield nights
    await nights.run.store.abandon()


def remembered(request: QueuedRequest, **changes: object) -> PageCommit:
    memory = msgspec.structs.replace(MEMORY, **changes)
    return msgspec.structs.replace(done(request), memory=memory)


async def first_night(nights: Nights, **due: float | None) -> None:
    """Begin with a start page that leads to pages, each due at a second; end well."""
    run = await nights.begin()
    (start,) = await run.start(at("start"))
    await run.commit(done(start, *(at(name) for name in due)))
    rows = {request.url: request for request in await run.take()}
    await run.commit(*(remembered(rows[at(name)], due=when) for name, when in due.items()))
    await nights.end()


async def test_the_most_overdue_page_comes_first_and_what_is_not_due_is_in_no_queue(
    nights: Nights,
) -> None:
    await first_night(nights, a=150, b=20, c=500, d=90, never=None)

    run = await nights.begin()

    assert (run.opened.refresh, run.opened.resumed, run.opened.ordinal) == (True, False, 2)
    assert await run.taken_urls() == [at("b"), at("d"), at("a")]
    assert [one.urgency for one in await run.take()] == [180, 110, 50]
    waiting = await run.store.not_due(run.grant, 10)
    assert [one.url for one in waiting] == [at("c"), at("never")]
    assert run.opened.pending == {HOST: 3}
    assert (run.opened.due, await run.store.unreached()) == (3, 3)
    assert run.store.books().pending == 5


async def test_a_row_comes_with_what_is_remembered_but_for_its_gain(nights: Nights) -> None:
    await first_night(nights, a=150)

    run = await nights.begin()

    (row,) = await run.take()
    assert row.memory == msgspec.structs.replace(MEMORY, due=150.0, gain=None)
    assert await run.store.gains([row.id, 99]) == {row.id: b"gain"}


async def test_a_page_that_was_not_read_anew_keeps_its_gain(nights: Nights) -> None:
    await first_night(nights, a=150)
    run = await nights.begin()
    (row,) = await run.take()

    await run.commit(remembered(row, gain=None, visits=4))

    assert await run.store.gains([row.id]) == {row.id: b"gain"}


async def test_a_settled_page_keeps_its_memory_and_its_run_is_noted(nights: Nights) -> None:
    await first_night(nights, c=500)
    run = await nights.begin()
    (row,) = await run.store.not_due(run.grant, 10)
    assert row.memory is not None
    settled = ended(row, State.SKIPPED, SkipReason.NOT_DUE)
    memory = msgspec.structs.replace(row.memory, run=2)
    await run.commit(msgspec.structs.replace(settled, memory=memory, fetched=False))

    assert await run.store.not_due(run.grant, 10) == []
    await nights.end()
    later = await nights.begin()
    (again,) = await later.store.not_due(later.grant, 10)
    assert again.memory is not None
    assert (again.memory.run, again.memory.fetched) == (2, MEMORY.fetched)


async def test_failing_pages_are_due_and_skipped_ones_are_history(nights: Nights) -> None:
    run = await nights.begin()
    (start,) = await run.start(at("start"))
    await run.commit(done(start, at("failed"), at("dead"), at("robots"), at("left")))
    rows = {request.url: request for request in await run.take()}
    await run.commit(
        ended(rows[at("failed")], State.FAILED, ErrorClass.STATUS),
        ended(rows[at("dead")], State.DEAD, ErrorClass.TIMEOUT),
        ended(rows[at("robots")], State.SKIPPED, SkipReason.ROBOTS),
    )
    await nights.end()

    run = await nights.begin()

    assert await run.taken_urls() == [at("failed"), at("dead"), at("left")]
    assert run.store.books().known == 3


def missing(request: QueuedRequest, **changes: object) -> PageCommit:
    """A page that was alive answers 404."""
    page = msgspec.structs.replace(ended(request, State.FAILED, ErrorClass.STATUS), status=404)
    if request.memory is None:
        return page
    memory = msgspec.structs.replace(request.memory, misses=request.memory.misses + 1, **changes)
    return msgspec.structs.replace(page, memory=memory)


def while_gone(url: str, visited: Visited) -> int | None:
    """Nobody looks for what is gone."""
    return 0 if visited.gone_since is None else None


async def test_what_is_gone_is_no_part_of_a_run_unless_a_page_leads_to_it(nights: Nights) -> None:
    await first_night(nights, a=150, b=150)
    run = await nights.begin()
    rows = {request.url: request for request in await run.take()}
    await run.commit(missing(rows[at("a")], gone_since=200.0, due=900.0), missing(rows[at("b")]))
    await nights.end()

    run = await nights.begin(overdue=while_gone)

    (row,) = await run.take()
    assert (row.url, row.memory and row.memory.misses) == (at("b"), 1)
    assert await run.store.not_due(run.grant, 10) == []
    (again,) = (await run.commit(done(row, at("a")))).added
    assert again.memory == msgspec.structs.replace(
        MEMORY, misses=1, gone_since=200.0, due=900.0, gain=None
    )
    assert await run.store.gains([again.id]) == {again.id: b"gain"}


async def test_a_page_whose_items_nobody_was_told_to_be_gone_is_asked_for(nights: Nights) -> None:
    await first_night(nights, a=150)
    run = await nights.begin()
    (row,) = await run.take()
    item = SeenItem(name="Book", key="k", data=b"{}", print=b"p" * 16)
    found = PageItems(page=row.id, url=row.url, at=1.0, items=[item])
    await run.commit(missing(row, gone_since=200.0), items=ItemBatch(found=[found]))
    await run.commit(items=ItemBatch(settled=[SettledItem(id=1, phase="new")]))
    await nights.end()

    run = await nights.begin(overdue=while_gone)

    (row,) = await run.take()
    assert row.memory is not None
    assert (row.memory.gone_since, row.memory.misses) == (None, 1)


async def test_what_was_never_there_is_left_to_links_and_what_moved_is_not(nights: Nights) -> None:
    await first_night(nights, moved=150, leads=150)
    run = await nights.begin()
    rows = {request.url: request for request in await run.take()}
    await run.commit(
        ended(rows[at("moved")], State.SKIPPED, SkipReason.REDIRECTED),
        done(rows[at("leads")], at("broken")),
    )
    await run.commit(missing((await run.take())[-1]))
    await nights.end()

    for _ in range(2):
        run = await nights.begin()
        assert await run.taken_urls() == [at("moved"), at("leads")]
        await nights.end()


async def test_starts_and_lists_are_left_to_those_who_give_them(nights: Nights) -> None:
    run = await nights.begin()
    (start,) = await run.start(at("start"))
    part = NewRequest(
        url=at("part.xml"), dont_filter=True, payload=encode(Payload(source=True, trail=()))
    )
    loose = NewRequest(url=at("loose"), dont_filter=True, payload=encode(Payload(dont_filter=True)))
    await run.commit(done(start, requests=[part, loose]))
    await run.commit(*(done(row) for row in await run.take()))
    await nights.end()

    run = await nights.begin()

    assert (await run.take(), run.store.books().known) == ([], 0)
    (again,) = await run.start(at("start"))
    assert again.id == start.id


async def test_a_page_is_not_lost_by_a_fresh_run_that_does_not_meet_it(nights: Nights) -> None:
    await first_night(nights, a=150)
    await nights.begin("fresh")
    await nights.end()

    run = await nights.begin()

    assert await run.taken_urls() == [at("a")]


async def test_an_interrupted_refresh_goes_on_as_one(nights: Nights) -> None:
    await first_night(nights, a=150, c=500)
    run = await nights.begin()
    await run.store.close(finished=False)

    again = await nights.begin()

    assert (again.opened.resumed, again.opened.refresh, again.opened.ordinal) == (True, True, 2)
    assert again.opened.due == 1
    assert await again.taken_urls() == [at("a")]


async def test_what_a_list_says_wakes_a_page_and_stays_known(nights: Nights) -> None:
    await first_night(nights, a=500, b=500)
    run = await nights.begin()
    (start,) = await run.start(at("map.xml"))
    newer = NewRequest(url=at("a"), lastmod=101.0, news=True)
    older = NewRequest(url=at("b"), lastmod=99.0)

    committed = await run.commit(done(start, requests=[newer, older]))

    assert [one.url for one in committed.added] == [at("a")]
    assert [one.url for one in await run.store.not_due(run.grant, 10)] == [at("b")]
    (row,) = await run.take()
    assert row.memory is not None
    assert (row.memory.lastmod, row.memory.news) == (101.0, True)


async def test_a_new_page_of_a_list_has_no_memory_yet(nights: Nights) -> None:
    run = await nights.begin()
    (start,) = await run.start(at("map.xml"))

    await run.commit(done(start, requests=[NewRequest(url=at("a"), lastmod=5.0, news=True)]))

    (row,) = await run.take()
    assert row.memory is None
    await run.commit(remembered(row))
    await nights.end()
    run = await nights.begin()
    (row,) = await run.take()
    assert row.memory is not None
    assert (row.memory.news, row.memory.lastmod) == (True, 5.0)


async def test_changed_canonical_rules_do_not_make_pages_new(nights: Nights) -> None:
    await first_night(nights, **{"a?sid=1&x=1": 150, "a?x=1": 120, "b?sid=2": 90, "c": 80})
    nights.canonical = CanonicalRules(drop_params=frozenset({"sid"}))

    run = await nights.begin()

    taken = await run.take()
    assert [one.url for one in taken] == [at("c"), at("b?sid=2"), at("a?sid=1&x=1")]
    (start,) = await run.start(at("start"))
    found = await run.commit(done(start, at("a?sid=77&x=1"), at("b"), at("c"), at("new")))
    assert [one.url for one in found.added] == [at("new")]


async def test_a_job_that_is_not_incremental_remembers_nothing_and_begins_afresh(
    nights: Nights,
) -> None:
    await first_night(nights, a=150)

    run = await nights.begin(overdue=None)

    assert not run.opened.refresh
    assert await run.take() == []


async def test_a_store_in_memory_cannot_be_refreshed() -> None:
    store: FrontierStore = MemoryStore(canonical=CanonicalRules())
    start = RunStart(mode="auto", run_id="r", settings=b"{}", now=1.0, overdue=by_due)
    await store.open()

    with pytest.raises(StateError, match="remembers no page"):
        await store.begin(start)


def asks(name: str, argument: int | None) -> NewRequest:
    payload = None if argument is None else encode(Payload(cb_kwargs={"a": argument}))
    return NewRequest(url=at(name), payload=payload)


async def night_of_parents(nights: Nights) -> None:
    """Two pages lead to a third, the first of them with argument 1, the other with 2."""
    run = await nights.begin()
    (start,) = await run.start(at("start"))
    await run.commit(done(start, at("first"), at("other")))
    rows = {request.url: request for request in await run.take()}
    await run.commit(giving(rows[at("first")], asks("page", 1)))
    await run.commit(giving(rows[at("other")], asks("page", 2)))
    (page,) = [one for one in await run.take() if one.url == at("page")]
    assert page.payload == asks("page", 1).payload
    await run.commit(remembered(page, due=500))
    await nights.end()


def giving(request: QueuedRequest, *asked: NewRequest, **changes: object) -> PageCommit:
    return msgspec.structs.replace(remembered(request, **changes), requests=list(asked))


async def payload_of(run: StoreDriver, name: str) -> bytes | None:
    rows = [*await run.take(), *await run.store.not_due(run.grant, 10)]
    return next(row.payload for row in rows if row.url == at(name))


async def test_a_known_page_is_asked_for_as_the_page_that_led_to_it_says_today(
    nights: Nights,
) -> None:
    await night_of_parents(nights)
    run = await nights.begin()
    rows = {request.url: request for request in await run.take()}

    late = await run.commit(giving(rows[at("other")], asks("page", 3)))
    found = await run.commit(giving(rows[at("first")], asks("page", 4), asks("page", 5)))

    assert (late.added, late.moved) == ([], [])
    # It was not due: what it gives is made of other arguments now.
    assert [one.url for one in found.added] == [at("page")]
    assert await payload_of(run, "page") == asks("page", 4).payload
    again = await run.commit(giving(rows[at("first")], asks("page", None)))
    assert [one.payload for one in again.moved] == [None]


async def test_what_an_unchanged_page_gives_again_renews_nothing(nights: Nights) -> None:
    await night_of_parents(nights)
    run = await nights.begin()
    rows = {request.url: request for request in await run.take()}

    await run.commit(giving(rows[at("first")], asks("page", 4), gain=None))

    assert await payload_of(run, "page") == asks("page", 1).payload


async def test_another_page_has_its_say_once_the_first_one_leads_nowhere(nights: Nights) -> None:
    await night_of_parents(nights)
    run = await nights.begin()
    rows = {request.url: request for request in await run.take()}
    await run.commit(ended(rows[at("first")], State.FAILED, ErrorClass.STATUS))

    await run.commit(giving(rows[at("other")], asks("page", 3)))

    assert await payload_of(run, "page") == asks("page", 3).payload
