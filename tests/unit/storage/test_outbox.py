"""Items that wait for their transforms: in the same transaction as their page, out with theirs."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from crawler.errors import OutputError
from crawler.interfaces import Batch, FrontierStore, PageCommit, WaitingItem
from crawler.messages import NewRequest
from crawler.outcome import Standing
from crawler.storage import schema
from tests.unit.storage.conftest import BeginRun
from tests.unit.storage.store_driver import StoreDriver, a_start, sqlite_store


def item(number: int) -> WaitingItem:
    return WaitingItem(
        item_id=f"x-{number}",
        name="Book",
        data=b"%d" % number,
        url="http://e.org/",
        standing=Standing.NEW if number == 7 else None,
    )


async def put(run: StoreDriver, *numbers: int) -> list[WaitingItem]:
    batch = Batch(waiting=[item(number) for number in numbers])
    return (await run.store.commit(run.grant, batch, lambda: ())).waiting


async def waiting(run: StoreDriver, after: int = 0, limit: int = 10) -> list[str]:
    return [one.item_id for one in await run.store.waiting(run.grant, after, limit)]


async def test_items_wait_in_order_until_they_are_settled(begin_run: BeginRun) -> None:
    run = await begin_run()
    first, second, _ = await put(run, 1, 2, 3)

    await run.store.commit(run.grant, Batch(settled=[second.row]), lambda: ())

    assert await waiting(run) == ["x-1", "x-3"]
    assert await waiting(run, after=first.row) == ["x-3"]
    assert await waiting(run, limit=1) == ["x-1"]


async def test_what_was_put_in_comes_back_as_it_was(begin_run: BeginRun) -> None:
    run = await begin_run()

    (filed,) = await put(run, 7)

    assert await run.store.waiting(run.grant, 0, 10) == [filed]
    assert filed.row > 0
    assert (filed.item_id, filed.name, filed.data, filed.url) == ("x-7", "Book", b"7", item(7).url)


async def test_rows_rise_even_when_the_outbox_was_empty_meanwhile(begin_run: BeginRun) -> None:
    run = await begin_run()
    (first,) = await put(run, 1)
    await run.store.commit(run.grant, Batch(settled=[first.row]), lambda: ())

    (second,) = await put(run, 2)

    assert second.row > first.row


async def test_outputs_that_fail_leave_the_outbox_as_it_was(tmp_path: Path) -> None:
    def failing() -> list[object]:
        raise OutputError("no room")

    run = await begun(sqlite_store(tmp_path))
    (filed,) = await put(run, 1)
    batch = Batch(settled=[filed.row], waiting=[item(2)])

    with pytest.raises(OutputError):
        await run.store.commit(run.grant, batch, failing)  # type: ignore[arg-type]
    await run.store.abandon()

    again = await begun(sqlite_store(tmp_path))
    assert again.opened.waiting == 1
    assert await waiting(again) == ["x-1"]
    await again.store.close(finished=False)


async def test_a_run_that_goes_on_has_its_outbox_and_a_new_one_has_none(tmp_path: Path) -> None:
    run = await begun(sqlite_store(tmp_path))
    await put(run, 1, 2)
    await run.store.close(finished=False)

    resumed = await begun(sqlite_store(tmp_path))
    kept = await waiting(resumed)
    await resumed.store.close(finished=False)
    fresh = await begun(sqlite_store(tmp_path), "fresh")

    assert (resumed.opened.waiting, kept) == (2, ["x-1", "x-2"])
    assert (fresh.opened.waiting, await waiting(fresh)) == (0, [])
    await fresh.store.close(finished=True)


async def test_a_state_of_the_version_before_gets_an_outbox_and_keeps_the_rest(
    tmp_path: Path,
) -> None:
    run = await begun(sqlite_store(tmp_path))
    page = PageCommit(id=0, depth=-1, requests=[NewRequest(url="http://e.org/", is_start=True)])
    await run.commit(page)
    await run.store.close(finished=False)
    db = sqlite3.connect(tmp_path / "crawl.sqlite")
    db.executescript(
        "DROP TABLE known_item; DROP TABLE memory; DROP INDEX request_not_due;"
        "DROP INDEX request_ready; ALTER TABLE request DROP COLUMN urgency;"
        "CREATE INDEX request_ready ON request (host, rank DESC, depth, id)"
        " WHERE state = 0 AND not_before IS NULL;"
        "DROP TABLE seen_part; ALTER TABLE run_seen DROP COLUMN at;"
        "DROP TABLE outbox; ALTER TABLE request DROP COLUMN ended; PRAGMA user_version=1;"
    )
    db.close()

    resumed = await begun(sqlite_store(tmp_path))

    assert resumed.opened.resumed
    assert resumed.store.books().known == 1
    await put(resumed, 1)
    assert await waiting(resumed) == ["x-1"]
    await resumed.store.close(finished=True)
    db = sqlite3.connect(tmp_path / "crawl.sqlite")
    assert db.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
    db.close()


async def begun(store: FrontierStore, mode: str = "auto") -> StoreDriver:
    await store.open()
    return StoreDriver(store, await store.begin(a_start(mode)))
