"""Known items: what a run finds stands beside what is settled, until it is settled itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from xxhash import xxh3_128_digest

from crawler.interfaces import (
    Batch,
    Double,
    ItemBatch,
    ItemCounts,
    KnownItem,
    PageCommit,
    PageItems,
    Phase,
    SeenItem,
    SettledItem,
)
from crawler.messages import NewRequest, QueuedRequest
from crawler.outcome import SkipReason, State
from crawler.page_memory import Visited
from crawler.storage.sqlite_store import SqliteStore
from tests.unit.storage.store_driver import HOST, at, sqlite_store

PHASES: tuple[Phase, ...] = ("new", "changed", "moved", "back", "gone")


def always(_url: str, _visited: Visited) -> int:
    return 1


def seen(key: str, text: str) -> SeenItem:
    data = b'{"text":"%s"}' % text.encode()
    return SeenItem(name="Book", key=key, data=data, print=xxh3_128_digest(data))


class Nights:
    """A job, night after night, page by page."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._night = 0
        self._store: SqliteStore
        self._rows: dict[str, QueuedRequest] = {}

    async def begin(self, mode: str = "auto") -> None:
        from crawler.interfaces import RunStart

        self._night += 1
        self._store = sqlite_store(self._folder)
        await self._store.open()
        start = RunStart(
            mode=mode, run_id=f"run-{self._night}", settings=b"{}", now=self._night * 100.0,
            overdue=always,
        )  # fmt: skip
        self.opened = await self._store.begin(start)
        pages = [NewRequest(url=at(name)) for name in ("a", "b", "c")]
        await self._commit(PageCommit(id=0, depth=-1, requests=pages))
        taken = await self._store.take(self.opened.grant, HOST, 100, frozenset())
        self._rows = {row.url.rsplit("/", 1)[1]: row for row in taken}

    async def _commit(self, *pages: PageCommit, items: ItemBatch | None = None) -> Sequence[Double]:
        batch = Batch(pages=list(pages), items=items)
        return (await self._store.commit(self.opened.grant, batch, lambda: ())).doubles

    async def read(
        self, page: str, *items: SeenItem, broken: Sequence[str] = (), unclear: bool = False
    ) -> Sequence[Double]:
        """Let a page be read and give items."""
        row = self._rows[page]
        found = PageItems(
            page=row.id, url=row.url, at=self._night * 100.0, items=items,
            broken=[("Book", key) for key in broken],
            unclear=frozenset({"Book"} if unclear else ()),
        )  # fmt: skip
        end = PageCommit(id=row.id, state=State.DONE, status=200, at=self._night * 100.0)
        return await self._commit(end, items=ItemBatch(found=[found]))

    async def end(
        self, page: str, state: State, status: int | None = None, reason: str | None = None
    ) -> None:
        """Let a page end without being read."""
        row = self._rows[page]
        await self._commit(PageCommit(id=row.id, state=state, status=status, reason=reason))

    async def unsettled(self, phase: Phase) -> list[KnownItem]:
        return await self._store.items.unsettled(phase, 0, 100)

    async def counts(self) -> ItemCounts:
        return await self._store.items.counts()

    async def settle(self, phase: Phase, *, gone: bool = False) -> list[str]:
        found = await self.unsettled(phase)
        settled = [
            SettledItem(
                id=one.id, phase=phase, at=one.at, gone=gone,
                double=phase == "moved" and bool(one.held),
            )
            for one in found
        ]  # fmt: skip
        await self._commit(items=ItemBatch(settled=settled))
        return [one.key for one in found]

    async def forgive(self) -> None:
        await self._commit(items=ItemBatch(forgive=True))

    async def over(self) -> dict[Phase, list[str]]:
        """Settle everything; return the keys by phase."""
        await self.forgive()
        found = {phase: await self.settle(phase, gone=True) for phase in PHASES}
        await self._store.close(finished=True)
        return {phase: keys for phase, keys in found.items() if keys}

    async def abandon(self) -> None:
        await self._store.abandon()


@pytest.fixture
async def nights(tmp_path: Path) -> AsyncIterator[Nights]:
    made = Nights(tmp_path)
    await made.begin()
    yield made
    await made.abandon()


async def first_night(nights: Nights) -> None:
    """Page a gives x and y, b gives nothing."""
    await nights.read("a", seen("x", "1"), seen("y", "1"))
    await nights.read("b")
    assert await nights.over() == {"new": ["x", "y"]}
    await nights.begin()


async def test_what_is_found_is_told_once(nights: Nights) -> None:
    await first_night(nights)

    await nights.read("a", seen("x", "1"), seen("y", "1"))

    assert await nights.over() == {}


async def test_a_change_stands_beside_what_it_was_until_it_is_settled(nights: Nights) -> None:
    await first_night(nights)
    await nights.read("a", seen("x", "2"), seen("y", "1"))

    (changed,) = await nights.unsettled("changed")

    assert (changed.key, changed.data, changed.new_data) == ("x", b'{"text":"1"}', b'{"text":"2"}')
    assert (changed.at, changed.url, changed.new_url) == (200.0, at("a"), None)
    assert await nights.settle("changed") == ["x"]
    assert await nights.unsettled("changed") == []


async def test_a_change_nobody_was_told_of_is_there_in_the_next_run(nights: Nights) -> None:
    await first_night(nights)
    await nights.read("a", seen("x", "2"), seen("y", "1"))
    await nights.abandon()
    await nights.begin("fresh")

    assert [one.key for one in await nights.unsettled("changed")] == ["x"]


async def test_a_change_that_was_taken_back_before_it_was_told_is_none(nights: Nights) -> None:
    await first_night(nights)
    await nights.read("a", seen("x", "2"), seen("y", "1"))
    await nights.abandon()
    await nights.begin("fresh")

    await nights.read("a", seen("x", "1"), seen("y", "1"))

    assert await nights.over() == {}


async def test_an_item_that_its_page_does_not_give_any_more_is_missing(nights: Nights) -> None:
    await first_night(nights)
    await nights.read("a", seen("y", "1"))

    assert await nights.counts() == ItemCounts(live=2, visited=2, missing={0: 1})
    assert await nights.settle("gone") == ["x"]
    assert await nights.unsettled("gone") == []  # one miss a run, whoever asks again


async def test_a_page_that_is_as_it_was_does_not_bring_back_what_it_lacked(nights: Nights) -> None:
    await first_night(nights)
    await nights.read("a", seen("y", "1"))
    await nights.settle("gone")
    await nights.over()
    await nights.begin()

    await nights.end("a", State.DONE, 304)
    await nights.forgive()

    (missing,) = await nights.unsettled("gone")
    assert (missing.key, missing.misses) == ("x", 1)


@pytest.mark.parametrize("status", [404, 410])
async def test_the_items_of_a_page_that_is_gone_are_missing(nights: Nights, status: int) -> None:
    await first_night(nights)
    await nights.end("a", State.FAILED, status)

    assert await nights.settle("gone") == ["x", "y"]


@pytest.mark.parametrize(
    ("state", "status", "reason"),
    [
        (State.FAILED, 403, "status"), (State.DEAD, 503, "server"), (State.DEAD, None, "timeout"),
        (State.SKIPPED, None, SkipReason.ROBOTS), (State.SKIPPED, None, SkipReason.NOT_DUE),
        (State.PENDING, None, None), (State.FAILED, 200, "callback"),
    ],
)  # fmt: skip
async def test_a_page_that_was_not_seen_misses_nothing(
    nights: Nights, state: State, status: int | None, reason: str | None
) -> None:
    await first_night(nights)
    await nights.end("a", state, status, reason)

    assert await nights.unsettled("gone") == []


async def test_an_item_that_is_broken_today_is_there_all_the_same(nights: Nights) -> None:
    await first_night(nights)

    await nights.read("a", seen("y", "1"), broken=["x"])

    assert await nights.unsettled("gone") == []


async def test_where_broken_items_have_no_key_none_of_their_kind_is_missing(nights: Nights) -> None:
    await first_night(nights)

    await nights.read("a", unclear=True)

    assert await nights.unsettled("gone") == []


async def test_an_item_that_was_missed_and_seen_again_begins_anew(nights: Nights) -> None:
    await first_night(nights)
    await nights.end("a", State.FAILED, 404)
    await nights.settle("gone")
    await nights.abandon()
    await nights.begin("refresh")
    await nights.end("a", State.DONE, 304)

    await nights.forgive()

    assert await nights.unsettled("gone") == []
    assert await nights.over() == {}
    await nights.begin()
    await nights.end("a", State.FAILED, 404)
    assert {one.misses for one in await nights.unsettled("gone")} == {0}


async def test_a_page_that_answers_again_brings_its_items_back(nights: Nights) -> None:
    await first_night(nights)
    await nights.end("a", State.FAILED, 404)
    assert await nights.over() == {"gone": ["x", "y"]}
    await nights.begin()
    await nights.end("a", State.DONE, 304)

    assert await nights.over() == {"back": ["x", "y"]}


async def test_an_item_that_is_gone_comes_back_on_another_page(nights: Nights) -> None:
    await first_night(nights)
    await nights.end("a", State.FAILED, 404)
    await nights.over()
    await nights.begin()
    await nights.end("a", State.FAILED, 404)
    await nights.read("b", seen("x", "2"))

    (back,) = await nights.unsettled("back")

    assert (back.key, back.new_url, back.new_data) == ("x", at("b"), b'{"text":"2"}')
    assert await nights.over() == {"back": ["x"]}
    await nights.begin()
    await nights.read("b", seen("x", "2"))
    assert await nights.over() == {}


@pytest.mark.parametrize("how", ["lost", "404", "redirected"])
async def test_an_item_that_another_page_gives_instead_has_moved(nights: Nights, how: str) -> None:
    await first_night(nights)
    await nights.read("b", seen("x", "2"))
    if how == "lost":
        await nights.read("a", seen("y", "1"))
    elif how == "404":
        await nights.end("a", State.FAILED, 404)
    else:
        await nights.end("a", State.SKIPPED, None, SkipReason.REDIRECTED)

    assert await nights.settle("changed") == ["x"]
    assert [one.key for one in await nights.unsettled("moved")] == ["x"]
    assert await nights.settle("moved") == ["x"]
    assert await nights.settle("gone") == ([] if how == "lost" else ["y"])


async def test_an_item_that_a_second_page_gives_too_stays_where_it_was(nights: Nights) -> None:
    await first_night(nights)
    await nights.end("a", State.DONE, 304)
    await nights.read("b", seen("x", "2"))

    assert await nights.unsettled("changed") == []
    (rival,) = await nights.unsettled("moved")
    assert (rival.held, rival.new_url) == (True, at("b"))
    await nights.settle("moved")
    assert await nights.over() == {}


async def test_whether_an_item_moved_is_left_open_if_its_page_did_not_answer(
    nights: Nights,
) -> None:
    await first_night(nights)
    await nights.end("a", State.DEAD, 503)
    await nights.read("b", seen("x", "2"))

    assert await nights.unsettled("changed") == []
    assert [one.held for one in await nights.unsettled("moved")] == [None]


@pytest.mark.parametrize("first", ["a", "b"])
async def test_of_two_pages_that_give_a_key_the_one_that_had_it_counts(
    nights: Nights, first: str
) -> None:
    await first_night(nights)
    doubles: list[Double] = []
    for page in ("a", "b") if first == "a" else ("b", "a"):
        doubles += await nights.read(page, seen("x", "2" if page == "a" else "3"), seen("y", "1"))

    assert {(one.key, one.kept, one.other) for one in doubles} == {
        ("x", at("a"), at("b")), ("y", at("a"), at("b")),
    }  # fmt: skip
    (changed,) = await nights.unsettled("changed")
    assert (changed.key, changed.new_data) == ("x", b'{"text":"2"}')


async def test_of_two_pages_that_give_a_new_key_the_first_counts(nights: Nights) -> None:
    await nights.read("a", seen("x", "1"))

    assert await nights.read("b", seen("x", "2")) == [Double("Book", "x", at("a"), at("b"))]
    (new,) = await nights.unsettled("new")
    assert (new.url, new.new_data) == (at("a"), b'{"text":"1"}')


async def test_a_new_item_that_vanished_before_anybody_was_told_never_was(nights: Nights) -> None:
    await nights.read("a", seen("x", "1"))
    await nights.abandon()
    await nights.begin("fresh")

    await nights.read("a")

    assert await nights.over() == {}
