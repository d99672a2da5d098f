"""A database that is full, locked, old, gone, or not what was written: words, and no guess."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from crawler.errors import StateError
from crawler.storage import schema, sqlite_file
from crawler.storage.sqlite_store import SqliteStore
from tests.unit.storage.store_driver import StoreDriver, a_start, at, done, sqlite_store

PAGES = 300


async def begin(folder: Path) -> StoreDriver:
    store = sqlite_store(folder)
    await store.open()
    return StoreDriver(store, await store.begin(a_start()))


async def interrupted(folder: Path) -> None:
    """Leave a run with many rows, some of them done."""
    run = await begin(folder)
    rows = await run.start(*(at(f"{number}-{'x' * 100}") for number in range(PAGES)))
    await run.commit(*(done(row, at(f"more-{row.id}")) for row in rows[:20]))
    await run.store.close(finished=False)


@pytest.fixture(scope="module")
def left() -> Iterator[Path]:
    """The folder of an interrupted run, for copies."""
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(interrupted(Path(name)))
        yield Path(name)


async def use(store: SqliteStore) -> None:
    await store.open()
    run = StoreDriver(store, await store.begin(a_start()))
    taken = await run.take(limit=10)
    if taken:
        await run.commit(*(done(row, at("new")) for row in taken))
    await run.ledger()
    await store.audit()


def db_of(run: StoreDriver) -> sqlite3.Connection:
    assert isinstance(run.store, SqliteStore)
    return run.store._tables._db


# Damaged


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 32), bytes_wrong=st.sampled_from([1, 8, 200]))
def test_bytes_that_are_wrong_are_an_error_of_the_state_or_do_no_harm(
    left: Path, seed: int, bytes_wrong: int
) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "copy"
        shutil.copytree(left, folder)
        path = folder / "crawl.sqlite"
        data = bytearray(path.read_bytes())
        for _ in range(bytes_wrong):
            data[chance.randrange(100, len(data))] = chance.randrange(256)
        path.write_bytes(data)
        store = sqlite_store(folder)

        async def tried() -> str:
            try:
                await use(store)
            except StateError as error:
                return str(error)
            finally:
                await store.abandon()
            return ""

        said = asyncio.run(tried())

        assert not said or str(path) in said


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
async def test_a_database_that_was_cut_short_is_refused_and_left_as_it_was(
    left: Path, tmp_path: Path, share: float
) -> None:
    path = tmp_path / "crawl.sqlite"
    data = (left / "crawl.sqlite").read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    before = path.read_bytes()
    store = sqlite_store(tmp_path)

    with pytest.raises(StateError, match="--forget"):
        await use(store)

    await store.abandon()
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "value"),
    [("books", b"{"), ("books", None), ("seed", None), ("first_row", "x"), ("commit_no", b"\0")],
)
async def test_settings_that_make_no_sense_are_an_error_of_the_state(
    left: Path, tmp_path: Path, name: str, value: object
) -> None:
    shutil.copy(left / "crawl.sqlite", tmp_path)
    with closing(sqlite3.connect(tmp_path / "crawl.sqlite")) as db, db:
        db.execute("UPDATE setting SET value=? WHERE name=?", (value, name))
    store = sqlite_store(tmp_path)

    with pytest.raises(StateError, match=r"crawl\.sqlite"):
        await use(store)

    await store.abandon()


# Full, locked, gone


async def test_a_full_disk_ends_the_commit_and_the_next_process_goes_on(tmp_path: Path) -> None:
    run = await begin(tmp_path)
    (row,) = await run.start(at(1))
    (pages,) = db_of(run).execute("PRAGMA page_count").fetchone()
    db_of(run).execute(f"PRAGMA max_page_count={pages + 2}")
    links = [at(f"{number}-{'x' * 200}") for number in range(500)]

    with pytest.raises(StateError, match="full; the state is as of the last commit; make room"):
        await run.commit(done(row, *links))
    with pytest.raises(StateError, match="the last commit failed"):
        await run.commit()
    await run.store.close(finished=True)

    later = await begin(tmp_path)
    assert later.opened.resumed
    assert await later.taken_urls() == [at(1)]
    assert len((await later.commit(done(row, *links))).added) == len(links)
    await later.store.close(finished=False)


async def test_another_program_may_hold_the_database_for_a_while_but_not_for_ever(
    left: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(left / "crawl.sqlite", tmp_path)
    waits = sqlite_file.open_database(tmp_path / "crawl.sqlite", "process")
    (milliseconds,) = waits.execute("PRAGMA busy_timeout").fetchone()
    waits.close()
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.0)
    with closing(sqlite3.connect(tmp_path / "crawl.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store = sqlite_store(tmp_path)
        with pytest.raises(StateError, match="another program holds it locked"):
            await use(store)
        await store.abandon()
        other.execute("ROLLBACK")

    later = await begin(tmp_path)

    assert milliseconds == 30_000
    assert later.opened.resumed
    await later.store.close(finished=False)


async def test_a_database_that_was_deleted_meanwhile_is_missed_at_the_end(tmp_path: Path) -> None:
    run = await begin(tmp_path)
    await run.start(at(1))
    (tmp_path / "crawl.sqlite").unlink()

    with pytest.raises(StateError, match="was deleted while the run went on"):
        await run.store.close(finished=True)

    assert not (tmp_path / "crawl.sqlite").exists()


async def test_an_end_that_cannot_be_written_is_an_error_once_and_the_run_is_gone_on_with(
    tmp_path: Path,
) -> None:
    run = await begin(tmp_path)
    await run.start(at(1))
    db_of(run).execute("PRAGMA query_only=1")

    with pytest.raises(StateError, match=r"crawl\.sqlite"):
        await run.store.close(finished=True)
    await run.store.abandon()

    later = await begin(tmp_path)
    assert later.opened.resumed
    await later.store.close(finished=False)


# Of an earlier version


UNDO_MEMORY = (
    "DROP TABLE known_item; DROP TABLE memory; DROP INDEX request_not_due;"
    "DROP INDEX request_ready; ALTER TABLE request DROP COLUMN urgency;"
    "CREATE INDEX request_ready ON request (host, rank DESC, depth, id)"
    " WHERE state = 0 AND not_before IS NULL;"
    "ALTER TABLE outbox DROP COLUMN standing;"
)


def as_of_version(path: Path, version: int) -> None:
    """Make a database what that version would have left."""
    undo = {
        1: "DROP TABLE outbox;",
        2: "ALTER TABLE request DROP COLUMN ended;",
        3: "DROP TABLE seen_part; ALTER TABLE run_seen DROP COLUMN at;",
        4: UNDO_MEMORY,
    }
    with closing(sqlite3.connect(path)) as db:
        for older in range(schema.VERSION - 1, version - 1, -1):
            db.executescript(undo[older])
        db.execute(f"PRAGMA user_version={version}")


@pytest.mark.parametrize("version", sorted(schema.UPGRADES))
async def test_a_run_that_an_older_version_left_is_gone_on_with(
    left: Path, tmp_path: Path, version: int
) -> None:
    shutil.copy(left / "crawl.sqlite", tmp_path)
    as_of_version(tmp_path / "crawl.sqlite", version)

    run = await begin(tmp_path)

    assert run.opened.resumed
    taken = await run.take(limit=10)
    assert len((await run.commit(*(done(row, at(f"x-{row.id}")) for row in taken))).added) == 10
    assert await run.store.audit() == run.store.books()
    await run.store.close(finished=False)
    with closing(sqlite3.connect(tmp_path / "crawl.sqlite")) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
