"""The disk of the power-loss soak: what was synced is there, all else may be or not."""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from scripts.soak.disk_model import Disk, folder_content, make_folder
from scripts.soak.disk_record import Event

MADE = [Event("make", "a"), Event("write", "a", data=b"one")]


def left(events: list[Event], keep: float, seed: int = 0) -> dict[str, bytes | None]:
    disk = Disk({})
    for event in events:
        disk.apply(event)
    return disk.after_power_loss(random.Random(seed), keep)


def synced(events: list[Event], path: str) -> list[Event]:
    kind = "sync_folder" if path == "." else "sync"
    return [*events, Event(kind, path, begun=len(events))]


def test_without_a_sync_nothing_need_be_there() -> None:
    assert left(MADE, keep=0.0) == {}


def test_everything_may_be_there_without_a_sync() -> None:
    assert left(MADE, keep=1.0) == {"a": b"one"}


def test_a_synced_file_has_no_name_before_its_folder_is_synced() -> None:
    assert left(synced(MADE, "a"), keep=0.0) == {}


def test_a_name_that_is_synced_may_stand_for_an_empty_file() -> None:
    assert left(synced(MADE, "."), keep=0.0) == {"a": b""}


def test_what_was_written_while_a_sync_ran_is_not_caught_by_it() -> None:
    events = [*synced(MADE, "."), Event("write", "a", data=b"two", at=3)]

    # The sync began when there were two events.
    assert left([*events, Event("sync", "a", begun=2)], keep=0.0) == {"a": b"one"}


def test_a_rename_is_seen_whole_or_not_at_all() -> None:
    before = synced(synced(MADE, "a"), ".")
    events = [*before, Event("rename", "a", target="b")]

    found = {tuple(left(events, keep=0.5, seed=seed)) for seed in range(20)}

    assert found == {("a",), ("b",)}


def test_a_lost_write_before_one_that_was_kept_leaves_zeros() -> None:
    events = [*MADE, Event("write", "a", data=b"x" * 4096, at=4096)]
    whole = synced(events[:1], ".")

    found = {left([*whole, *events[1:]], keep=0.5, seed=n)["a"] for n in range(30)}

    assert b"\0" * 4096 + b"x" * 4096 in found


def test_a_removed_file_may_come_back() -> None:
    events = [*synced(synced(MADE, "a"), "."), Event("unlink", "a")]

    assert left(events, keep=0.0) == {"a": b"one"}
    assert left(events, keep=1.0) == {}


@given(st.lists(st.binary(max_size=9000), max_size=5), st.integers(0, 1000))
def test_what_is_synced_is_always_there(pieces: list[bytes], seed: int) -> None:
    events, at = [Event("make", "a")], 0
    for piece in pieces:
        events.append(Event("write", "a", data=piece, at=at))
        at += len(piece)

    found = left(synced(synced(events, "a"), "."), keep=0.5, seed=seed)

    assert found == {"a": b"".join(pieces)}


def test_a_folder_is_made_as_it_was(tmp_path: Path) -> None:
    content = {"a": None, "a/b": b"bytes", "c": b""}

    make_folder(tmp_path / "again", content)

    assert folder_content(tmp_path / "again") == content
