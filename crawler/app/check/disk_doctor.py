"""Whether a folder can hold a job: room, writing, SQLite's write-ahead log, locks."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from crawler.app.check.findings import Finding, fail, ok, warn

_MIB = 1 << 20
_LITTLE = 1024 * _MIB
_TOO_LITTLE = 64 * _MIB
_ELSEWHERE = "use another folder: --dir PATH"
#: File systems over a network, whose locks may not hold between machines.
_NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "glusterfs")


def look_at_folder(base: Path) -> Iterator[Finding]:
    """Yield how a folder is for the state, data and reports of jobs; leaves nothing in it.

    Args:
        base: The folder, absolute; if it is not there yet, what is nearest above it is tried.
    """
    place = _nearest(base)
    yield _room(place)
    yield from _kind(place)
    try:
        with tempfile.TemporaryDirectory(prefix=".crawler-doctor-", dir=place) as name:
            yield ok("folder", f"{place} can be written to")
            yield _sqlite(Path(name) / "try.sqlite")
            yield _locks(Path(name) / "try.lock")
    except OSError as error:
        yield fail("folder", f"{place} cannot be written to: {error.strerror}", _ELSEWHERE)


def _nearest(base: Path) -> Path:
    return next((one for one in (base, *base.parents) if one.exists()), Path("/"))


def _room(place: Path) -> Finding:
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return warn("disk", f"the room at {place} cannot be told: {error.strerror}")
    said = f"{free // _MIB:,} MiB free at {place}"
    if free < _TOO_LITTLE:
        return fail("disk", said, f"free some, or {_ELSEWHERE}")
    return warn("disk", said, "a large crawl needs more") if free < _LITTLE else ok("disk", said)


def _sqlite(path: Path) -> Finding:
    """Write through one connection and read through another, as a run and `status` will."""
    subject, version = "SQLite", sqlite3.sqlite_version
    try:
        writer, reader = sqlite3.connect(path), sqlite3.connect(path)
        try:
            mode = writer.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            if mode != "wal":
                text = f"{version}: no write-ahead log here (journal mode {mode})"
                return fail(subject, text, _ELSEWHERE)
            with writer:
                writer.execute("CREATE TABLE one (value)")
                writer.execute("INSERT INTO one VALUES (1)")
            reader.execute("SELECT value FROM one").fetchone()
        finally:
            reader.close()
            writer.close()
    except sqlite3.Error as error:
        return fail(subject, f"{version}: {error}", _ELSEWHERE)
    return ok(subject, f"{version}, the write-ahead log works")


def _locks(path: Path) -> Finding:
    """Take a lock twice: the second must fail, or two runs of a job would spoil each other."""
    first, second = (os.open(path, os.O_RDWR | os.O_CREAT, 0o600) for _ in range(2))
    try:
        fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return ok("locks", "flock works")
    except OSError as error:
        return fail("locks", f"flock does not work here: {error.strerror}", _ELSEWHERE)
    finally:
        os.close(first)
        os.close(second)
    return fail("locks", "flock lets two hold one lock: two runs of a job could meet", _ELSEWHERE)


def _kind(place: Path) -> Iterator[Finding]:
    kind = file_system(place, _mounts())
    if kind in _NETWORK:
        yield warn(
            "file system", f"{place} lies on {kind}",
            "locks may not hold between machines, so run each job on one machine only",
        )  # fmt: skip


def _mounts() -> list[str]:
    try:
        return Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # no Linux
        return []


def file_system(place: Path, mounts: Iterable[str]) -> str:
    """Return the kind of file system that a folder lies on, "" when it cannot be told.

    Args:
        place: Absolute, symbolic links included as they are.
        mounts: Lines of /proc/mounts (fstab(5): device, mount point, kind...).
    """
    best, kind = -1, ""
    real = place.resolve()
    for line in mounts:
        words = line.split(" ")
        if len(words) < 3:
            continue
        point = Path(words[1].replace("\\040", " "))
        # Of two mounts on one point the later hides the earlier.
        if real.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), words[2]
    return kind
