"""Room for files on the disk: where there is none, all wait until somebody has made some.

A little is left free for the lines and the state, so that what has come can be written down. What
the disk says of itself is not all: a quota shows only when something is written, so that before
all go on a file of the size that had no room is tried.
"""

from __future__ import annotations

import asyncio
import errno
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from crawler.errors import NoRoomError
from crawler.interfaces import Clock
from crawler.outage import Outage, Waited

#: What the system says of a disk that is full, and of somebody who has all that he may.
FULL = frozenset((errno.ENOSPC, errno.EDQUOT))
#: Of a small disk no more than this share is left free.
_SHARE = 20
#: Of what files leave free lines and state may have all but this share.
_LAST = 4
#: Seconds for which what a disk said is believed.
_FRESH = 0.25
#: Bytes that are tried at least, and at most, before all go on.
_LEAST, _MOST = 256 << 10, 64 << 20


class Disk(msgspec.Struct, frozen=True):
    """A disk at a moment.

    Attributes:
        place: Where it begins.
        free: Bytes that we may still write.
        size: Bytes in all.
    """

    place: Path
    free: int
    size: int

    def __str__(self) -> str:
        return f"the disk at {self.place} has {_mib(self.free)} free of {_mib(self.size)}"


def disk_of(folder: Path) -> Disk:
    """Return the disk that a folder is on, or will be on; it blocks.

    Raises:
        OSError: It cannot be told.
    """
    here = _nearest(folder).resolve()
    said, place, device = os.statvfs(here), here, here.stat().st_dev
    for above in here.parents:
        if above.stat().st_dev != device:
            break
        place = above
    return Disk(place, said.f_bavail * said.f_frsize, said.f_blocks * said.f_frsize)


class DiskRoom:
    """See `crawler.interfaces.FileRoom`.

    Args:
        files: The folder where files go.
        others: Folders of what is written down of them: lines, state.
        keep: Bytes that files leave free.
        clock: The time.
        outage: Has those who wait.
        patience: How long that is at most, for people.
    """

    def __init__(
        self,
        files: Path,
        others: Sequence[Path],
        keep: int,
        *,
        clock: Clock,
        outage: Outage,
        patience: str,
    ) -> None:
        self._files, self._others, self._keep = files, others, keep
        self._clock = clock
        self._outage = outage
        self._patience = patience
        self._looked = -_FRESH
        self._needed = 0

    async def for_file(self) -> bool:
        """See `FileRoom.for_file`."""
        if self._outage.under_way:
            why: NoRoomError | None = NoRoomError("no room for files")
        elif self._clock.monotonic() < self._looked + _FRESH:
            return True
        else:
            self._looked = self._clock.monotonic()
            why = await asyncio.to_thread(self._lacking, self._files, 1)
        if why is None:
            return True
        await self.none(why)
        return False

    async def none(self, why: NoRoomError) -> bool:
        """See `FileRoom.none`."""
        self._needed = max(self._needed, why.needed)
        waited = await self._wait(f"{why}; {await asyncio.to_thread(_said_of, self._files)}")
        return waited is Waited.OVER

    async def for_lines(self) -> None:
        """See `FileRoom.for_lines`."""
        for folder in self._others:
            if await asyncio.to_thread(self._lacking, folder, _LAST) is not None:
                said = await asyncio.to_thread(_said_of, folder)
                await self._wait(f"there is hardly room for lines and state; {said}")

    def good(self) -> None:
        """See `FileRoom.good`."""
        self._outage.good()

    async def _wait(self, why: str) -> Waited:
        begun = (
            f"paused: {why}; it is looked at again until there is room, for {self._patience} at"
            " most, and nothing is lost"
        )
        waited = await self._outage.wait(self._is_full, begun, "going on: there is room again")
        if waited is Waited.OVER:
            self._needed = 0
        return waited

    async def _is_full(self) -> bool:
        return await asyncio.to_thread(self._has_none)

    def _has_none(self) -> bool:
        if any(self._lacking(one, 1) is not None for one in (self._files, *self._others)):
            return True
        return not _fits(self._files, min(_MOST, max(_LEAST, self._needed)))

    def _lacking(self, folder: Path, share: int) -> NoRoomError | None:
        """Return what is to be said of a disk with too little free, None if it has enough."""
        try:
            disk = disk_of(folder)
        except OSError:
            return None  # whoever writes there is told what is wrong
        kept = min(self._keep, disk.size // _SHARE)
        if disk.free >= kept // share:
            return None
        return NoRoomError(f"less than files.min_free ({_mib(kept)}) is left")


def _said_of(folder: Path) -> str:
    try:
        return str(disk_of(folder))
    except OSError as error:
        return f"the disk of {folder} cannot be asked: {error.strerror}"


def _fits(folder: Path, size: int) -> bool:
    """Tell whether a file of a size fits into a folder; leaves none."""
    try:
        with tempfile.TemporaryFile(dir=_nearest(folder)) as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
            else:
                for _ in range(0, size, _LEAST):
                    file.write(bytes(_LEAST))
                file.flush()
    except OSError as error:
        return error.errno not in FULL
    return True


def _nearest(folder: Path) -> Path:
    return next(one for one in (folder, *folder.parents) if one.exists())


def _mib(count: int) -> str:
    return f"{count / (1 << 20):,.1f} MiB"
