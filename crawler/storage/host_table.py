"""The records of the hosts that the jobs of one user ask now: one mapped file, a slot per host.

Why one file and not one per host: ten thousand hosts are one open file and one mapping, a turn is a
few locks and no file opened, and nothing piles up. A host's slot is one of the 16 of its bucket; a
host that finds them all in use takes the one that rests for longest.

What one process writes the others see at once, and what a killed one wrote stays. What must not
outlive a process is a lock: the kernel frees it. Locks stand for bytes far beyond the end of the
file: one for making it, one per bucket for giving out its slots, and per slot one for its record
and one for each request that may be in flight.

Nothing is forced to the disk: after a boot the clock begins anew, and so does the file, which says
of which boot it is.
"""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path

import msgspec
from xxhash import xxh3_64_intdigest

from crawler.fail_points import reached
from crawler.policy.host_turns import PLACES, HostTurn
from crawler.storage.byte_locks import ByteLocks

#: The number changes with the layout: another version of the program is then on its own.
NAME = "hosts-1"
_MAGIC = b"crawler hosts 1\n"
_HEAD = 4_096
_KEY = struct.Struct("@Q")
_SLOT = struct.Struct("@QddddQQddQ")
_WAYS = 16
_BUCKETS = 2_048
_SIZE = _HEAD + _BUCKETS * _WAYS * _SLOT.size
_MAKING = 1 << 40
_BUCKET = _MAKING + 1
_RECORD = _BUCKET + _BUCKETS
_BYTES = 1 + PLACES
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class HostTable:
    """The file, opened and mapped.

    Args:
        folder: Of the user alone.

    Raises:
        OSError: It cannot be made or mapped.
        BlockingIOError: Another process is making it this instant.
    """

    def __init__(self, folder: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._path = folder / NAME
        self._handle = os.open(self._path, flags, 0o600)
        try:
            self._locks = ByteLocks(self._handle)
            self._make()
            self._map = mmap.mmap(self._handle, _SIZE)
        except BaseException:
            os.close(self._handle)
            raise

    def _make(self) -> None:
        """Wipe a file that is not of this boot."""
        head = _MAGIC + _boot()
        if self._is_made(head):
            return
        if not self._locks.take(_MAKING):
            raise BlockingIOError(f"{self._path} is being made")
        try:
            if not self._is_made(head):
                # Written, not left as a hole: one that cannot be filled would end the process.
                os.pwrite(self._handle, bytes(_SIZE), 0)
                os.ftruncate(self._handle, _SIZE)
                os.pwrite(self._handle, head, 0)
        finally:
            self._locks.free(_MAKING)

    def _is_made(self, head: bytes) -> bool:
        size = os.fstat(self._handle).st_size
        return size == _SIZE and os.pread(self._handle, len(head), 0) == head

    def place(self, key: int, now: float) -> int | None:
        """Return the slot of a host, given to it if need be; None if it is to be tried again."""
        bucket = key % _BUCKETS
        if not self._locks.take(_BUCKET + bucket):
            return None
        try:
            slots = range(bucket * _WAYS, (bucket + 1) * _WAYS)
            keys = {self.key(slot): slot for slot in slots}
            if key in keys:
                return keys[key]
            rested = {slot: self.read(slot, now).rested_at() for slot in slots if self.key(slot)}
            for slot in sorted(slots, key=lambda slot: rested.get(slot, -1.0)):
                if rested.get(slot, -1.0) <= now and self._give(slot, key):
                    return slot
            return None
        finally:
            self._locks.free(_BUCKET + bucket)

    def _give(self, slot: int, key: int) -> bool:
        first = _RECORD + slot * _BYTES
        if not self._locks.take(first, _BYTES):
            return False
        try:
            self._write(slot, key, HostTurn())
        finally:
            self._locks.free(first, _BYTES)
        return True

    # One slot

    def key(self, slot: int) -> int:
        """Return whose slot it is, 0 for nobody's."""
        key: int = _KEY.unpack_from(self._map, _at(slot))[0]
        return key

    def read(self, slot: int, now: float) -> HostTurn:
        """Return a record; a new one for one that cannot be meant."""
        turn = HostTurn(*_SLOT.unpack_from(self._map, _at(slot))[1:])
        return turn if turn.sound(now) else HostTurn()

    def write(self, slot: int, turn: HostTurn) -> None:
        """Write a record; the caller has locked it."""
        self._write(slot, self.key(slot), turn)

    def _write(self, slot: int, key: int, turn: HostTurn) -> None:
        reached("turn.write.before")
        _SLOT.pack_into(self._map, _at(slot), key, *msgspec.structs.astuple(turn))
        reached("turn.write.after")

    def lock(self, slot: int) -> bool:
        """Lock a record for as long as it is read and written; False if another has it."""
        return self._locks.take(_RECORD + slot * _BYTES)

    def unlock(self, slot: int, place: int | None = None) -> None:
        """Free a record, and a place with it."""
        first = _RECORD + slot * _BYTES
        self._locks.free(first, 2 if place == 0 else 1)
        if place:
            self.vacate(slot, place)

    def occupy(self, slot: int, place: int) -> bool:
        """Take a place of a request in flight, for as long as it is; False if another has it."""
        return self._locks.take(_RECORD + slot * _BYTES + 1 + place)

    def vacate(self, slot: int, place: int) -> None:
        """Free a place without a word in the record."""
        self._locks.free(_RECORD + slot * _BYTES + 1 + place)

    # The file

    def keep(self) -> bool:
        """Show those who tidy up that the file is in use; False if it is gone from its folder."""
        os.utime(self._handle)
        return os.fstat(self._handle).st_nlink > 0

    def close(self) -> None:
        """Unmap the file and free every lock."""
        if not self._map.closed:
            self._map.close()
            os.close(self._handle)


def key_of(host: str) -> int:
    """Return the key of a host, never 0."""
    return xxh3_64_intdigest(host.encode("utf-8", "surrogatepass")) or 1


def _at(slot: int) -> int:
    return _HEAD + slot * _SLOT.size


def _boot() -> bytes:
    """Return what names this boot; nothing where the system does not say."""
    try:
        return _BOOT.read_bytes().strip()
    except OSError:
        return b"-"
