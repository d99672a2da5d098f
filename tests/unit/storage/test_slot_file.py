from __future__ import annotations

from pathlib import Path

import pytest

from crawler.errors import StateError
from crawler.storage.slot_file import MAX_WORKERS, SlotFile


def test_running_callbacks_are_known_to_whoever_maps_the_file_next(tmp_path: Path) -> None:
    slots = SlotFile(tmp_path / "slots")
    slots.now_at(4)
    slots.enter(7)
    slots.enter(8)
    slots.enter(1 << 40)
    slots.leave(8)
    slots.now_at(5)
    slots.enter(9)

    other = SlotFile(tmp_path / "slots")

    assert sorted(other.suspects(4)) == [7, 1 << 40]
    assert other.suspects(5) == [9]
    slots.close()
    other.close()


def test_what_was_noted_is_forgotten_when_cleared(tmp_path: Path) -> None:
    slots = SlotFile(tmp_path / "slots")
    slots.enter(7)

    slots.clear(3)
    slots.enter(8)

    assert slots.suspects(0) == []
    assert slots.suspects(3) == [8]
    slots.close()


def test_callbacks_beyond_the_last_slot_go_unnoted_and_slots_are_used_again(
    tmp_path: Path,
) -> None:
    slots = SlotFile(tmp_path / "slots")
    for row in range(1, 301):
        slots.enter(row)
    assert sorted(slots.suspects(0)) == list(range(1, 257))

    for row in range(1, 301):
        slots.leave(row)
    slots.enter(999)

    assert slots.suspects(0) == [999]
    slots.close()


def test_a_slot_file_that_cannot_be_made_is_an_error_of_the_state(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="slots"):
        SlotFile(tmp_path / "missing" / "slots")


def test_each_worker_has_slots_of_its_own_and_the_commits_of_the_parent(tmp_path: Path) -> None:
    parent = SlotFile(tmp_path / "slots")
    parent.now_at(6)
    first, last = SlotFile(tmp_path / "slots", 1), SlotFile(tmp_path / "slots", MAX_WORKERS)
    first.enter(11)
    last.enter(12)
    parent.enter(13)

    assert sorted(parent.suspects(6)) == [11, 12, 13]
    assert parent.take(1) == [11]
    assert parent.take(1) == []
    assert sorted(parent.suspects(6)) == [12, 13]
    for slots in (parent, first, last):
        slots.close()
