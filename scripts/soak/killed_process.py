"""A crawl started in a session of its own, killed at a moment, and what outlives it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from scripts.soak.seeded_job import JOB

#: Seconds that a child may take to notice that its parent is gone.
ORPHAN_GRACE = 5.0


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What was found once a parent had been killed alone.

    Attributes:
        children: That were alive as it died.
        lock_free: The job's lock could be had at once.
        orphaned: Seconds until the last child was gone; None if one stayed.
    """

    children: int
    lock_free: bool
    orphaned: float | None


def start(folder: Path, config: str = "soak.yaml") -> subprocess.Popen[bytes]:
    """Start the crawl in a session, and so a process group, of its own."""
    with (folder / "stderr").open("ab") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "crawler", config],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            start_new_session=True,
        )


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL a crawl and all its children."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def kill_parent(process: subprocess.Popen[bytes], folder: Path) -> Aftermath:
    """SIGKILL a crawl, not its children; see what they do."""
    children = session_of(process.pid) - {process.pid}
    process.kill()
    process.wait()
    died = time.monotonic()
    free = lock_is_free(folder)
    while alive := session_of(process.pid):
        if time.monotonic() - died > ORPHAN_GRACE:
            for pid in alive:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return Aftermath(len(children), free, None)
        time.sleep(0.005)
    return Aftermath(len(children), free, time.monotonic() - died)


def kill_worker(process: subprocess.Popen[bytes], chance: random.Random) -> bool:
    """SIGKILL one of the worker processes of a crawl; return whether there was one."""
    pids = workers_of(process.pid)
    if pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(chance.choice(pids), signal.SIGKILL)
    return bool(pids)


def workers_of(parent: int) -> list[int]:
    """Return the worker processes of a crawl, oldest first.

    They are its children, copies of it or made anew; other children run something else.
    """
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes()
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if fields[0] == "Z" or int(fields[1]) != parent:
                    continue
                own = Path(f"/proc/{parent}/cmdline").read_bytes()
                if words == own or b"crawler.app.worker.process" in words:
                    found.append(int(entry.name))
    return sorted(found)


def session_of(leader: int) -> set[int]:
    """Return the processes of a session that have not ended."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                # pid (name) state ppid pgrp session; the name may have anything in it.
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == leader and fields[0] != "Z":
                    found.add(int(entry.name))
    return found


def lock_is_free(folder: Path) -> bool:
    """Tell whether the job's lock can be had; it is not kept."""
    path = folder / "state" / JOB / "lock"
    if not path.exists():
        return True
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def said(folder: Path) -> str:
    """Return the last line on standard error."""
    return (folder / "stderr").read_text(encoding="utf-8").strip().rpartition("\n")[2]
