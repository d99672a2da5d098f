"""What the SQLite store promises beyond the contract: it outlives its process."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from crawler.errors import StateError
from crawler.interfaces import Batch, Mark, PageCommit, Recovered
from crawler.messages import NewRequest, StoredCookie
from crawler.outcome import LinkBatch, SkipReason, State
from crawler.storage import schema
from crawler.storage.slot_file import SlotFile
from crawler.storage.sqlite_store import SqliteStore
from crawler.storage.sqlite_tables import CRASH_BUDGET
from tests.unit.storage.store_driver import (
    StoreDriver,
    a_start,
    again,
    at,
    done,
    ended,
    sqlite_store,
)


async def begin(
    folder: Path, mode: str = "auto", *, run_id: str = "run-1", max_depth: int | None = None
) -> StoreDriver:
    store = sqlite_store(folder)
    await store.open()
    return StoreDriver(store, await store.begin(a_start(mode, run_id=run_id, max_depth=max_depth)))


def slots_of(run: StoreDriver) -> SlotFile:
    assert isinstance(run.store, SqliteStore)
    return run.store._slots


async def recovered(folder: Path) -> Recovered:
    store = sqlite_store(folder)
    found = await store.open()
    await store.abandon()
    return found


def copy_of(folder: Path, name: str) -> Path:
    """Copy the files as a kill would leave them: the store is open and says nothing."""
    copy = folder / name
    copy.mkdir()
    for path in folder.glob("crawl.sqlite*"):
        shutil.copy(path, copy)
    shutil.copy(folder / "slots", copy)
    return copy


# Going on with a run

MARK = Mark("out", "/data/out.jsonl", 12, "abcd")
COOKIE = StoredCookie("a.example", "/", "id", "1", True, False, None, 5.0)


async def fill(run: StoreDriver) -> None:
    """One page of each fate, and everything else that a run keeps."""
    rows = await run.start(*(at(number) for number in range(6)))
    batch = Batch(
        pages=[
            done(rows[0], at("new"), at("far", host="b.example"), label="book", label_rank=1),
            ended(rows[1], State.FAILED, "status"),
            ended(rows[2], State.DEAD, "timeout"),
            ended(rows[3], State.SKIPPED, SkipReason.ROBOTS),
            again(rows[4], 555.0),
        ],
        hosts={"a.example": b"pace", "unseen.example": b"paused"},
        cookies=[COOKIE],
        spider_state=b"state",
        tally=b"tally",
    )
    await run.store.commit(run.grant, batch, lambda: [MARK])


@pytest.mark.parametrize("clean", [True, False], ids=["interrupted", "abandoned"])
async def test_a_run_that_did_not_end_goes_on_with_all_it_had(tmp_path: Path, clean: bool) -> None:
    first = await begin(tmp_path, max_depth=3)
    await fill(first)
    before = (first.store.books(), await first.ledger(), await first.take())
    await (first.store.close(finished=False) if clean else first.store.abandon())

    found = await recovered(tmp_path)
    run = await begin(tmp_path, run_id="run-2", max_depth=3)

    assert (found.run_id, found.unclean, found.settings) == ("run-1", not clean, b"{}")
    assert found.marks == (MARK,)
    opened = run.opened
    assert (opened.run_id, opened.resumed, opened.started) == ("run-1", True, 100.0)
    assert (opened.marks, opened.cookies) == ([MARK], [COOKIE])
    assert (opened.spider_state, opened.tally) == (b"state", b"tally")
    assert opened.hosts == {"a.example": b"pace", "unseen.example": b"paused"}
    assert opened.pending == {"a.example": 2, "b.example": 1}
    assert (opened.next_due, opened.suspects) == (555.0, [])
    assert (run.store.books(), await run.ledger(), await run.take()) == before
    assert await run.store.audit() == run.store.books()
    await run.store.abandon()


async def test_what_was_seen_is_still_seen_with_its_depth_and_label(tmp_path: Path) -> None:
    first = await begin(tmp_path, max_depth=3)
    await fill(first)
    await first.store.close(finished=False)

    run = await begin(tmp_path, max_depth=3)
    known = await run.start(*(at(number) for number in range(6)))
    same = await run.commit(PageCommit(id=0, links=[LinkBatch([at("new")], "late", 2)], depth=5))
    better = await run.commit(PageCommit(id=0, links=[LinkBatch([at("new")])], depth=-1))

    assert (known, same.added, same.moved, same.label_conflicts) == ([], [], [], 1)
    assert [(row.depth, row.label) for row in better.moved] == [(0, "book")]
    await run.store.abandon()


async def test_a_page_hands_its_depth_on_to_links_of_the_last_process(tmp_path: Path) -> None:
    first = await begin(tmp_path, max_depth=2)
    chain = await first.start(at(0))
    for number in (1, 2):
        chain += (await first.commit(done(chain[-1], at(number)))).added
    await first.commit(done(chain[-1], at(3)))
    await first.store.abandon()

    run = await begin(tmp_path, max_depth=2)
    (other,) = await run.start(at("other"))
    committed = await run.commit(done(other, at(2)))

    assert [(row.url, row.depth) for row in committed.added] == [(at(3), 2)]
    await run.store.abandon()


async def test_an_expired_cookie_is_gone(tmp_path: Path) -> None:
    first = await begin(tmp_path)
    gone = StoredCookie("a.example", "/", "id", "", True, False, 1.0, 5.0)
    await first.store.commit(first.grant, Batch(cookies=[COOKIE]), lambda: ())
    await first.store.commit(first.grant, Batch(cookies=[gone]), lambda: ())
    await first.store.abandon()

    run = await begin(tmp_path)

    assert run.opened.cookies == []
    await run.store.abandon()


async def test_fingerprints_beyond_the_signed_range_survive(tmp_path: Path) -> None:
    first = await begin(tmp_path)
    added = await first.start(*(at(number) for number in range(64)))
    await first.store.close(finished=False)

    run = await begin(tmp_path)
    taken = await run.take()

    assert any(request.key >= 1 << 63 for request in added)
    assert [request.key for request in taken] == [request.key for request in added]
    assert await run.start(*(at(number) for number in range(64))) == []
    await run.store.abandon()


async def test_a_failed_commit_is_as_if_it_had_never_been_for_the_next_process(
    tmp_path: Path,
) -> None:
    first = await begin(tmp_path)
    (row,) = await first.start(at(1))

    def full() -> list[Mark]:
        raise OSError("disk full")

    pages = [done(row, at(2), at(1, host="new.example"))]
    with pytest.raises(OSError, match="disk full"):
        await first.store.commit(first.grant, Batch(pages=pages), full)
    await first.store.close(finished=True)

    found = await recovered(tmp_path)
    run = await begin(tmp_path)

    assert (found.run_id, found.unclean) == ("run-1", True)
    assert await run.taken_urls() == [at(1)]
    assert len((await run.commit(*pages)).added) == 2
    assert await run.taken_urls("new.example") == [at(1, host="new.example")]
    await run.store.close(finished=False)


async def test_a_commit_that_breaks_half_way_changes_nothing(tmp_path: Path) -> None:
    first = await begin(tmp_path)
    await first.store.close(finished=False)
    with closing(sqlite3.connect(tmp_path / "crawl.sqlite")) as db:
        db.execute(
            "CREATE TRIGGER breaks BEFORE INSERT ON request WHEN new.url LIKE '%breaks%'"
            " BEGIN SELECT RAISE (ABORT, 'it breaks'); END"
        )
    run = await begin(tmp_path)
    (row,) = await run.start(at(1))
    before = (await run.ledger(), run.store.books())

    with pytest.raises(StateError, match="it breaks; the state is as of the last commit"):
        await run.commit(done(row, at(2), at("breaks", host="new.example")))

    assert (await run.ledger(), run.store.books()) == before
    assert await run.store.audit() == run.store.books()
    await run.store.abandon()


# Beginning anew


async def test_a_finished_run_leaves_nothing_to_resume(tmp_path: Path) -> None:
    first = await begin(tmp_path)
    await fill(first)
    await first.store.close(finished=True)

    found = await recovered(tmp_path)
    store = sqlite_store(tmp_path)
    await store.open()

    assert (found.run_id, found.marks, found.unclean) == (None, (), False)
    assert found.last is not None
    assert (found.last.run_id, found.last.tally) == ("run-1", b"tally")
    with pytest.raises(StateError, match="no interrupted run"):
        await store.begin(a_start("resume"))
    await store.abandon()


@pytest.mark.parametrize(
    ("finished", "mode"), [(True, "auto"), (False, "fresh")], ids=["finished", "fresh"]
)
async def test_a_new_run_counts_itself_alone_and_keeps_what_earlier_ones_learnt(
    tmp_path: Path, finished: bool, mode: str
) -> None:
    first = await begin(tmp_path)
    await fill(first)
    old = {request.url: (request.id, request.key) for request in await first.take()}
    await first.store.close(finished=finished)

    run = await begin(tmp_path, mode, run_id="run-2")

    opened = run.opened
    assert (opened.run_id, opened.resumed, opened.pending) == ("run-2", False, {})
    assert (opened.cookies, opened.marks, opened.next_due) == ([], [], None)
    assert (opened.spider_state, opened.tally) == (None, None)
    assert opened.hosts["a.example"] == b"pace"
    assert (run.store.books().known, await run.ledger()) == (0, [])
    assert await run.due(1e9) == ([], None)
    added = await run.start(at(5), at("new"), at("unseen")) + await run.start(at(5))
    assert [request.url for request in added] == [at(5), at("new"), at("unseen")]
    assert {r.url: (r.id, r.key) for r in added if r.url != at("unseen")} == old
    assert await run.store.audit() == run.store.books()
    await run.store.abandon()


async def test_fetch_numbers_go_on_over_runs_and_stay_over_a_resume(tmp_path: Path) -> None:
    numbers = []
    ids = set()
    for run_id in ("run-1", "run-2", "run-3"):
        run = await begin(tmp_path, run_id=run_id)
        (row,) = await run.start(at(1))
        await run.store.abandon()
        run = await begin(tmp_path, run_id="unused")
        (row,) = await run.take()
        numbers.append(row.fetch_no)
        ids.add(row.id)
        await run.commit(done(row))
        await run.store.close(finished=True)

    assert (numbers, len(ids)) == ([1, 2, 3], 1)


async def test_rows_found_again_and_rows_found_first_are_one_run_even_when_resumed(
    tmp_path: Path,
) -> None:
    first = await begin(tmp_path)
    rows = await first.start(at(1), at(2), at(3))
    await first.commit(done(rows[0]), ended(rows[1], State.FAILED, "status"))
    await first.store.close(finished=True)  # a limit: 3 stays pending

    second = await begin(tmp_path, run_id="run-2", max_depth=4)
    (row,) = await second.start(at(1))
    await second.commit(done(row, at(2), at(4)))
    await second.store.abandon()
    run = await begin(tmp_path, max_depth=4)
    added = (await run.commit(PageCommit(id=0, links=[LinkBatch([at(2), at(3), at(4)])]))).added

    assert [request.url for request in added] == [at(3)]
    assert sorted(await run.taken_urls()) == [at(2), at(3), at(4)]
    lines = {line.url: (line.outcome, line.attempts, line.error) for line in await run.ledger()}
    assert lines == {
        at(1): ("done", 1, None),
        at(2): ("pending", 0, None),
        at(3): ("pending", 0, None),
        at(4): ("pending", 0, None),
    }
    assert await run.store.audit() == run.store.books()
    await run.store.abandon()


async def test_rows_of_earlier_runs_are_looked_up_by_an_index_after_a_kill_too(
    tmp_path: Path,
) -> None:
    first = await begin(tmp_path)
    await first.start(at(1))
    await first.store.close(finished=True)
    second = await begin(tmp_path, run_id="run-2")
    await second.start(at(2))
    await second.store.abandon()
    with closing(sqlite3.connect(tmp_path / "crawl.sqlite")) as db:
        db.execute("DROP INDEX request_key")

    run = await begin(tmp_path)
    added = await run.start(at(1), at(2))

    with closing(sqlite3.connect(tmp_path / "crawl.sqlite")) as db:
        assert db.execute("SELECT 1 FROM sqlite_master WHERE name='request_key'").fetchone()
    assert [(request.url, request.id) for request in added] == [(at(1), 1)]
    await run.store.abandon()


# Pages that end the process


async def test_a_page_whose_callback_ends_the_process_again_and_again_is_dead(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "0"
    folder.mkdir()
    run = await begin(folder)
    bad, _ = await run.start(at("bad"), at("innocent"))
    suspected = []
    for crash in range(1, CRASH_BUDGET + 1):
        slots_of(run).enter(bad.id)
        copy = copy_of(folder, f"{crash}")
        await run.store.abandon()
        folder = copy
        run = await begin(folder)
        suspected.append([(row.url, row.crashes) for row in run.opened.suspects])

    assert suspected == [[(at("bad"), 1)], [(at("bad"), 2)], []]
    assert await run.taken_urls() == [at("innocent")]
    line = await run.line(at("bad"))
    assert (line.outcome, line.reason) == ("dead", "crash")
    assert "3 times" in (line.error or "")
    assert await run.store.audit() == run.store.books()
    await run.store.abandon()


async def test_a_callback_that_ran_before_the_last_commit_or_that_ended_is_no_suspect(
    tmp_path: Path,
) -> None:
    run = await begin(tmp_path)
    rows = await run.start(at(1), at(2), at(3))
    slots = slots_of(run)
    slots.enter(rows[0].id)
    await run.commit(done(rows[2]))
    slots.enter(rows[1].id)
    slots.leave(rows[1].id)
    copy = copy_of(tmp_path, "copy")
    await run.store.abandon()

    later = await begin(copy)

    assert later.opened.suspects == []
    await later.store.abandon()


async def test_an_end_in_good_order_suspects_nobody(tmp_path: Path) -> None:
    for step in ("close", "abandon"):
        run = await begin(tmp_path)
        await run.start(at(1))
        slots_of(run).enter(1)
        await (run.store.close(finished=False) if step == "close" else run.store.abandon())

    last = await begin(tmp_path)

    assert last.opened.suspects == []
    await last.store.abandon()


async def test_a_crash_counts_once_even_if_the_next_process_dies_while_it_opens(
    tmp_path: Path,
) -> None:
    run = await begin(tmp_path)
    (bad,) = await run.start(at("bad"))
    slots_of(run).enter(bad.id)
    copy = copy_of(tmp_path, "copy")
    slots = (copy / "slots").read_bytes()
    await run.store.abandon()
    first = await begin(copy)
    await first.store.abandon()
    (copy / "slots").write_bytes(slots)  # as if it had died before it cleared the notes

    second = await begin(copy)

    assert [row.crashes for row in first.opened.suspects] == [1]
    assert second.opened.suspects == []
    assert (await second.one(at("bad"))).crashes == 1
    await second.store.abandon()


# Files that are not ours to touch


def not_a_database(path: Path) -> None:
    path.write_bytes(b"no database, but somebody's file\n" * 200)


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE theirs (x)")


def foreign_and_empty(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA application_id=42")


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(schema.TABLES)
        db.execute(f"PRAGMA application_id={schema.APPLICATION_ID}")
        db.execute(f"PRAGMA user_version={schema.VERSION + 1}")


def cut_short(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(schema.TABLES)
        db.execute(f"PRAGMA application_id={schema.APPLICATION_ID}")
    path.write_bytes(path.read_bytes()[:700])


@pytest.mark.parametrize("make", [not_a_database, foreign, foreign_and_empty, newer, cut_short])
async def test_a_file_that_is_not_our_whole_state_is_refused_and_left_as_it_was(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "crawl.sqlite"
    make(path)
    before = path.read_bytes()
    store = sqlite_store(tmp_path)

    with pytest.raises(StateError, match=r"crawl\.sqlite"):
        await store.open()

    await store.abandon()
    assert path.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["crawl.sqlite", "slots"]  # noqa: PTH208


async def test_state_that_is_damaged_further_in_is_an_error_of_the_state(tmp_path: Path) -> None:
    run = await begin(tmp_path)
    await run.start(*(at(f"{number}-{'x' * 200}") for number in range(500)))
    await run.store.close(finished=False)
    path = tmp_path / "crawl.sqlite"
    data = path.read_bytes()
    path.write_bytes(data[:8192] + b"\xff" * (len(data) - 8192))
    store = sqlite_store(tmp_path)

    async def use() -> None:
        await store.open()
        await store.begin(a_start())
        await store.audit()

    with pytest.raises(StateError, match=r"crawl\.sqlite"):
        await use()

    await store.abandon()


async def test_a_folder_that_is_not_there_is_an_error_of_the_state(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    store._path = tmp_path / "missing" / "crawl.sqlite"

    with pytest.raises(StateError, match="unable to open"):
        await store.open()

    await store.abandon()


@pytest.mark.parametrize(("durability", "level"), [("process", 1), ("power_loss", 2)])
async def test_power_loss_syncs_every_commit(tmp_path: Path, durability: str, level: int) -> None:
    store = sqlite_store(tmp_path, durability=durability)
    await store.open()
    await store.begin(a_start())

    # SQLite's `synchronous`: 1 is NORMAL (checkpoints only), 2 is FULL (every commit).
    assert store._tables._db.execute("PRAGMA synchronous").fetchone() == (level,)
    await store.close(finished=True)


# Cancellation


async def test_a_cancelled_commit_has_ended_before_its_caller_goes_on(tmp_path: Path) -> None:
    run = await begin(tmp_path)
    writing, go_on, wrote = threading.Event(), threading.Event(), threading.Event()

    def slow() -> list[Mark]:
        writing.set()
        assert go_on.wait(10)
        wrote.set()
        return []

    batch = Batch(pages=[PageCommit(id=0, links=[LinkBatch([at(1)])])])
    task = asyncio.create_task(run.store.commit(run.grant, batch, slow))
    await asyncio.to_thread(writing.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert wrote.is_set()
    await run.store.abandon()
    later = await begin(tmp_path)
    assert await later.taken_urls() == [at(1)]
    await later.store.abandon()


async def test_requests_with_everything_survive_a_resume(tmp_path: Path) -> None:
    run = await begin(tmp_path)
    asked = NewRequest(
        url=at(2), method="POST", body=b"\x00", rank=3, depth=2, label="x", label_rank=4,
        payload=b"\x81", is_start=True,
    )  # fmt: skip
    (before,) = (await run.commit(PageCommit(id=0, requests=[asked]))).added
    await run.store.abandon()

    later = await begin(tmp_path)

    assert await later.take() == [before]
    await later.store.abandon()


@pytest.mark.parametrize(
    ("asked_at", "due", "then"),
    [
        (90.0, 130.0, 130.0),  # as it should be: the run goes on at 100
        (86_490.0, 86_530.0, 140.0),  # a day was taken back: the wait of 40 s begins anew
        (86_490.0, 1e9, 3_700.0),  # and is never longer than an hour
        (None, 1e9, 3_700.0),
    ],
)
async def test_a_retry_of_before_the_clock_was_set_back_does_not_wait_for_that_time_again(
    tmp_path: Path, asked_at: float | None, due: float, then: float
) -> None:
    run = await begin(tmp_path)
    (request,) = await run.start(at(1))
    tried = msgspec.structs.replace(again(request, due), at=asked_at)
    await run.commit(tried)
    await run.store.abandon()

    later = await begin(tmp_path)

    assert later.opened.next_due == then
    await later.store.abandon()
