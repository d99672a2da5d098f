"""A large seen-set is read from parts, and only what is newer than they are row by row."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from crawler.errors import StateError
from crawler.frontier.seen_set import PARTS
from crawler.interfaces import PageCommit
from crawler.outcome import LinkBatch, State
from crawler.storage import sqlite_seen
from tests.unit.storage.store_driver import StoreDriver, a_start, at, sqlite_store


@pytest.fixture(autouse=True)
def _every_set_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_seen, "KEEP_FROM", 0)


async def begin(folder: Path, *, mode: str = "auto", run_id: str = "run-1") -> StoreDriver:
    store = sqlite_store(folder)
    await store.open()
    return StoreDriver(store, await store.begin(a_start(mode, run_id=run_id)))


def links(*urls: str) -> PageCommit:
    return PageCommit(id=0, links=[LinkBatch(list(urls))])


def change(folder: Path, sql: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "crawl.sqlite", isolation_level=None)) as db:
        return db.execute(sql, values).fetchall()


async def new_among(run: StoreDriver, *urls: str) -> list[str]:
    return [request.url for request in (await run.commit(links(*urls))).added]


async def test_after_an_interruption_no_row_is_read(tmp_path: Path) -> None:
    run = await begin(tmp_path)
    await run.commit(links(*map(at, range(50))))
    await run.store.close(finished=False)
    change(tmp_path, "UPDATE request SET key=id")  # whoever reads the rows knows nothing

    resumed = await begin(tmp_path)

    assert await new_among(resumed, at(0), at(49), at(50)) == [at(50)]
    await resumed.store.abandon()


async def test_after_a_kill_only_rows_newer_than_the_oldest_part_are_read(tmp_path: Path) -> None:
    run = await begin(tmp_path)
    for page in range(2 * PARTS):  # each writes a part: the oldest has 257 rows
        await run.commit(links(at(page)))
    await run.store.abandon()
    ((oldest,),) = change(tmp_path, "SELECT min(row) FROM seen_part")
    assert oldest == PARTS + 1
    change(tmp_path, "UPDATE request SET key=id WHERE id<=?", (oldest,))

    resumed = await begin(tmp_path)

    known = [at(page) for page in range(2 * PARTS)]
    assert await new_among(resumed, *known, at("new")) == [at("new")]
    await resumed.store.abandon()


async def test_while_a_part_is_missing_the_rows_are_read(tmp_path: Path) -> None:
    run = await begin(tmp_path)
    await run.commit(links(at(1), at(2)))
    await run.store.close(finished=False)
    change(tmp_path, "DELETE FROM seen_part WHERE part=7")

    resumed = await begin(tmp_path)

    assert await new_among(resumed, at(1), at(2), at(3)) == [at(3)]
    await resumed.store.abandon()


async def test_a_new_run_knows_nothing_of_the_parts_of_the_last(tmp_path: Path) -> None:
    run = await begin(tmp_path)
    await run.commit(links(at(1), at(2)))
    await run.store.close(finished=False)

    fresh = await begin(tmp_path, mode="fresh", run_id="run-2")
    assert await new_among(fresh, at(1)) == [at(1)]
    await fresh.store.abandon()

    assert await new_among(await begin(tmp_path), at(1), at(2)) == [at(2)]


async def test_a_row_of_an_earlier_run_that_was_found_after_the_parts_is_still_known(
    tmp_path: Path,
) -> None:
    first = await begin(tmp_path)
    await first.commit(links(at(1), at(2), at(3)))
    await first.store.close(finished=True)
    second = await begin(tmp_path, run_id="run-2")
    await second.commit(links(at(1)))
    await second.store.close(finished=False)
    again = await begin(tmp_path)
    await again.commit(links(at(2)))
    await again.store.abandon()

    last = await begin(tmp_path)

    assert await new_among(last, at(1), at(2), at(3)) == [at(3)]
    assert await last.store.audit() == last.store.books()
    await last.store.abandon()


async def test_a_label_that_came_since_a_part_was_written_gives_way_to_none_behind_it(
    tmp_path: Path,
) -> None:
    run = await begin(tmp_path)
    await run.commit(PageCommit(id=0, links=[LinkBatch([at(1)], label="third", label_rank=3)]))
    await run.store.close(finished=False)
    again = await begin(tmp_path)
    await again.commit(PageCommit(id=0, links=[LinkBatch([at(1)], label="first", label_rank=1)]))
    await again.store.abandon()  # its part, if it has one, says "third"

    last = await begin(tmp_path)
    await last.commit(PageCommit(id=0, links=[LinkBatch([at(1)], label="second", label_rank=2)]))

    assert [request.label for request in await last.take()] == ["first"]
    await last.store.abandon()


async def test_a_retry_forgets_what_a_limit_left_in_spite_of_the_parts(tmp_path: Path) -> None:
    run = await begin(tmp_path)
    failed, *_ = (await run.commit(links(at(1), at(2)))).added
    await run.store.close(finished=False)
    run = await begin(tmp_path)
    await run.commit(PageCommit(id=failed.id, key=failed.key, state=State.DEAD, reason="timeout"))
    await run.store.close(finished=True)

    retry = await begin(tmp_path, mode="retry", run_id="run-2")

    assert await new_among(retry, at(1), at(2)) == [at(2)]
    await retry.store.abandon()


async def test_a_torn_part_is_damage_of_the_state(tmp_path: Path) -> None:
    run = await begin(tmp_path)
    await run.commit(links(at(1)))
    await run.store.close(finished=False)
    change(tmp_path, "UPDATE seen_part SET data=x'00' WHERE part=3")

    store = sqlite_store(tmp_path)
    await store.open()
    with pytest.raises(StateError, match=r"crawl\.sqlite"):
        await store.begin(a_start())
    await store.abandon()
