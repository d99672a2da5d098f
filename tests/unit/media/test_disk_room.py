from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from crawler.errors import NoRoomError
from crawler.media import disk_room
from crawler.media.disk_room import Disk, DiskRoom, disk_of
from crawler.outage import Outage
from crawler.testing import FakeClock

MIB = 1 << 20


class Room:
    """A disk of 100 MiB with so much free, of which 5 are to stay free."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, free: int) -> None:
        self.free = free
        self.clock = FakeClock()
        self.said: list[str] = []
        self.told = asyncio.Event()
        outage = Outage(self.clock, self.tell, first=1.0, most=60.0)
        self.files, self.state = folder / "files", folder / "state"
        self.room = DiskRoom(
            self.files, (self.state,), 64 * MIB, clock=self.clock, outage=outage, patience="1 min"
        )
        monkeypatch.setattr(disk_room, "disk_of", self.disk)

    def disk(self, folder: Path) -> Disk:
        return Disk(folder, self.free, 100 * MIB)

    def tell(self, line: str) -> None:
        self.said.append(line)
        self.told.set()

    async def look(self, seconds: float = 1.0) -> None:
        await self.clock.advance(seconds)
        await asyncio.to_thread(int)  # the disk is asked in a thread, too


async def test_files_wait_before_lines_and_state_have_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room(tmp_path, monkeypatch, free=4 * MIB)
    asked = asyncio.create_task(room.room.for_file())
    await room.told.wait()

    await asyncio.wait_for(room.room.for_lines(), 5)  # they have all that files left
    room.free = 6 * MIB
    while not asked.done():
        await room.look()

    assert not await asked
    assert "files.min_free (5.0 MiB)" in room.said[0]
    assert f"{tmp_path}/files has 4.0 MiB free of 100.0 MiB" in room.said[0]
    assert room.said[1:] == ["going on: there is room again"]
    await room.look()
    assert await room.room.for_file()


async def test_a_wait_for_room_ends_when_a_file_of_that_size_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room(tmp_path, monkeypatch, free=50 * MIB)
    tried: list[int] = []

    def fits(_: Path, size: int) -> bool:
        tried.append(size)
        return len(tried) > 1

    monkeypatch.setattr(disk_room, "_fits", fits)  # a quota, which no disk tells of
    full = NoRoomError("cannot write a: Disk quota exceeded", needed=3 * MIB)
    asked = asyncio.create_task(room.room.none(full))
    await room.told.wait()
    while not asked.done():
        await room.look()

    assert await asked
    assert tried == [3 * MIB, 3 * MIB]


def test_the_disk_of_a_folder_that_is_not_there_yet_is_that_of_the_one_above(
    tmp_path: Path,
) -> None:
    disk = disk_of(tmp_path / "not" / "yet")

    assert tmp_path.resolve().is_relative_to(disk.place)
    assert 0 <= disk.free <= disk.size


def test_what_is_tried_leaves_nothing(tmp_path: Path) -> None:
    assert disk_room._fits(tmp_path, 1 << 20)
    assert not list(tmp_path.iterdir())
