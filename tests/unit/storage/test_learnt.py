from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crawler.errors import StateError
from crawler.interfaces import RunStart
from crawler.storage import schema
from crawler.storage.learnt import FORM, Head, Learnt, take_in
from tests.unit.storage.old_states import SEED, VERSIONS, make_old_state, url
from tests.unit.storage.store_driver import sqlite_store

HEAD = Head(crawler_state=FORM, version=schema.VERSION, job="shop", exported="2026-11-29T08:00:00Z")
OLDER = range(1, len(VERSIONS) + 1)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state with one remembered page, two known items and the cookie of a run."""
    path = tmp_path / "crawl.sqlite"
    make_old_state(path, len(VERSIONS))
    with Learnt(path):
        pass
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "INSERT INTO memory (row, etag, print, first_seen, fetched, changed, interval)"
            " VALUES (2, '\"v1\"', x'00ff', 1.5, 2.5, 1.5, 3600.0)"
        )
        db.executemany(
            "INSERT INTO known_item (name, key, page, url, data, first_at, changed_at)"
            " VALUES ('Book', ?, ?, ?, ?, 1.0, 1.0)",
            [("a", 2, url(2), b'{"a":1}'), ("b", 3, url(3), None)],
        )
        db.commit()
    return path


def exported(path: Path) -> list[bytes]:
    with Learnt(path) as learnt:
        return list(learnt.lines(HEAD))


def rows(path: Path, table: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()


def test_what_was_learnt_comes_back_as_it_was(state: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    lines = exported(state)

    count = take_in(lines, "x", other)

    assert count == len(lines) - 2
    for table in ("memory", "known_item"):
        assert rows(other, table) == rows(state, table) != []
    assert [row[:5] for row in rows(other, "request")] == [
        row[:5] for row in rows(state, "request")
    ]
    assert exported(other) == lines


def test_nothing_of_a_run_and_no_secret_is_carried(state: Path, tmp_path: Path) -> None:
    lines = exported(state)
    take_in(lines, "x", tmp_path / "other.sqlite")

    assert b"secret" not in b"".join(lines)
    settings = dict(rows(tmp_path / "other.sqlite", "setting"))
    assert settings["seed"] == SEED
    assert not {"run_id", "run_state", "books", "config"} & settings.keys()


@pytest.mark.parametrize("version", OLDER)
def test_the_state_of_every_older_version_can_be_exported(tmp_path: Path, version: int) -> None:
    path = tmp_path / "crawl.sqlite"
    make_old_state(path, version)

    urls = [json.loads(line).get("row", {}).get("url") for line in exported(path)]

    assert [one for one in urls if one] == [url(row) for row in range(1, 6)]
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)


@pytest.mark.parametrize("version", OLDER)
async def test_a_run_of_every_older_version_is_gone_on_with(tmp_path: Path, version: int) -> None:
    make_old_state(tmp_path / "crawl.sqlite", version, standing="interrupted")
    store = sqlite_store(tmp_path)
    recovered = await store.open()

    opened = await store.begin(
        RunStart(mode="auto", run_id="new", settings=b"{}", now=2e9, max_depth=None)
    )

    assert (recovered.run_id, opened.resumed) == ("20260101-000000-abcdef", True)
    taken = await store.take(opened.grant, "old.example", 10, frozenset())
    assert [one.url for one in taken] == [url(4), url(5)]
    await store.close(finished=False)


@pytest.mark.parametrize("version", OLDER)
def test_what_an_older_version_exported_is_taken_in(tmp_path: Path, version: int) -> None:
    old = {"table": "request", "row": {"id": 1, "key": 7, "host": 1, "state": 1, "rank": 0,
           "depth": 0, "label_rank": 0, "url": url(1), "parent": 0, "is_start": 1}}  # fmt: skip
    head = {"crawler_state": 1, "version": version, "job": "shop", "exported": "x"}
    lines = [json.dumps(one).encode() + b"\n" for one in (head, old, {"rows": 1})]

    assert take_in(lines, "x", tmp_path / "crawl.sqlite") == 1
    assert rows(tmp_path / "crawl.sqlite", "request")[0][1] == 7


def _cut(lines: list[bytes]) -> list[bytes]:
    return lines[:-1]


def _without_one(lines: list[bytes]) -> list[bytes]:
    return [*lines[:-2], lines[-1]]


def _newer(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(b'"version":5', b'"version":999'), *lines[1:]]


def _newer_form(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(b'"crawler_state":1', b'"crawler_state":2'), *lines[1:]]


def put(line: object) -> Callable[[list[bytes]], list[bytes]]:
    raw = line if isinstance(line, bytes) else json.dumps(line).encode()
    return lambda lines: [lines[0], raw, *lines[1:]]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_cut, "x is cut: it has"),
        (_without_one, "x is cut: it has"),
        (_newer, r"newer version \(state version 999, this program knows"),
        (_newer_form, "newer version"),
        (lambda lines: [], "x is no exported state"),
        (lambda lines: [b"\x80\x04cposix\nsystem", *lines], "x is no exported state"),
        (lambda lines: [*lines, lines[1]], "something follows the last line"),
        (put(b"{"), "x:2 is no line"),
        (put(b"\xff"), "x:2 is no line"),
        (put({"table": "sqlite_master", "row": {"name": "x"}}), "no table 'sqlite_master'"),
        (put({"table": "memory", "row": {"row); DROP TABLE memory; --": 1}}), "has no column"),
        (put({"table": "memory", "row": {}}), "has no column"),
        (put({"table": "memory", "row": {"row": [1]}}), "a value is a list"),
        (put({"table": "memory", "row": {"row": {"base64": "?"}}}), "is no base64"),
        (put({"table": "memory", "row": {"row": {"other": 1}}}), "neither text nor number"),
        (put({"table": "memory", "row": {"row": 1 << 70}}), "x:2 is no line"),
        (put({"table": "request", "row": {"id": 77}}), "NOT NULL"),
        (put({"table": "setting", "row": {"name": "run_state", "value": "open"}}), "to a run"),
    ],
)
def test_what_is_no_whole_export_leaves_nothing(
    state: Path, tmp_path: Path, spoil: Callable[[list[bytes]], list[bytes]], why: str
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()

    with pytest.raises(StateError, match=why):
        take_in(spoil(exported(state)), "x", folder / "crawl.sqlite")

    assert not list(folder.iterdir())


def test_a_page_is_forgotten_with_its_items_and_no_other(state: Path) -> None:
    with Learnt(state) as learnt:
        known = learnt.forget({"by key": 103, url(2): 7, "http://never.example/": 8})

    assert known == {"by key", url(2)}
    assert rows(state, "memory") == rows(state, "known_item") == []
    states = {row[0]: row[3] for row in rows(state, "request")}
    assert states == {1: 1, 2: schema.HISTORY, 3: schema.HISTORY, 4: 0, 5: 0}


def test_a_newer_state_is_left_as_it_is(state: Path) -> None:
    with closing(sqlite3.connect(state)) as db:
        db.execute("PRAGMA user_version=999")
    before = state.read_bytes()

    with pytest.raises(StateError, match=r"by a newer version \(state version 999"):
        Learnt(state)

    assert state.read_bytes() == before


def test_bytes_are_base64_and_the_rest_is_as_it_is(state: Path) -> None:
    (line,) = (line for line in exported(state) if b'"memory"' in line)

    row = json.loads(line)["row"]
    assert (row["etag"], row["fetched"]) == ('"v1"', 2.5)
    assert base64.b64decode(row["print"]["base64"]) == b"\x00\xff"
