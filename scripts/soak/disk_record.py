"""What a process does to a folder, in order: its writes, cuts, syncs, renames; as strace tells.

The processes of a group share one table of open files here, so that only programs of one process
(with any number of threads) can be recorded.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_CALLS = (
    "openat,open,creat,close,dup,dup2,dup3,fcntl,lseek,write,pwrite64,writev,pwritev,ftruncate,"
    "fallocate,sendfile,copy_file_range,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,"
    "mkdir,mkdirat,rmdir"
)
_LINE = re.compile(rb"^(\d+) +(?:<\.\.\. )?(\w+)(\(| resumed>)(.*)$")
_TEXT = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_DONE = re.compile(rb"\) += (-?\d+)")
_UNFINISHED = b" <unfinished ...>"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing done to a file or folder.

    Attributes:
        kind: "make", "make_folder", "write", "cut", "sync", "sync_folder", "rename" or "unlink".
        path: Relative to the recorded folder, "." for itself; where the file is at that moment.
        target: New path of a rename.
        data: Written bytes.
        at: Offset of a write, length of a cut.
        begun: For a sync: how many events there were as it began; what came later, it may not
            have caught.
    """

    kind: str
    path: str = ""
    target: str = ""
    data: bytes = b""
    at: int = 0
    begun: int = 0


@dataclass(slots=True)
class _Open:
    """An open file: its path as it is now, and where the next write goes."""

    path: str
    folder: bool = False
    appends: bool = False
    place: int = 0


@dataclass(slots=True)
class _Call:
    name: bytes
    args: bytes
    result: int
    begun: int


def missing() -> str:
    """Return why nothing can be recorded here, "" if it can."""
    strace = shutil.which("strace")
    if strace is None:
        return "strace is not installed"
    tried = subprocess.run([strace, "-e", "trace=none", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "strace may not trace here"


def record(command: Sequence[str], folder: Path, log: Path) -> int:
    """Run a command in a folder under strace, and return its exit code."""
    with (folder.parent / f"{folder.name}.stderr").open("ab") as errors:
        return subprocess.run(
            ["strace", "-f", "--seccomp-bpf", "-xx", "-s", "100000000", "-e", f"trace={_CALLS}",
             "-e", "signal=none", "-o", str(log), *command],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, check=False,
        ).returncode  # fmt: skip


def events_of(log: Path, folder: Path, before: Mapping[str, bytes | None]) -> list[Event]:
    """Read what was recorded of a folder.

    Args:
        log: What strace wrote.
        folder: The folder.
        before: What was in it: the bytes of each file by relative path, None for a folder.

    Raises:
        ValueError: Something was done that this cannot tell.
    """
    reader = _Reader(
        folder,
        folders={".", *(path for path, data in before.items() if data is None)},
        sizes={path: len(data) for path, data in before.items() if data is not None},
    )
    waiting: dict[bytes, tuple[bytes, int]] = {}
    with log.open("rb") as lines:
        for line in lines:
            found = _LINE.match(line.rstrip(b"\n"))
            if found is None:
                continue
            thread, name, mark, rest = found.groups()
            begun = len(reader.events)
            if rest.endswith(_UNFINISHED):
                waiting[thread] = rest.removesuffix(_UNFINISHED), begun
                continue
            if mark != b"(":
                head, begun = waiting.pop(thread)
                rest = head + rest
            done = list(_DONE.finditer(rest))
            if done and int(done[-1][1]) >= 0:
                call = _Call(name, rest[: done[-1].start()], int(done[-1][1]), begun)
                reader.take(call)
    return reader.events


@dataclass(slots=True)
class _Reader:
    """Follows open files from call to call."""

    folder: Path
    folders: set[str]
    sizes: dict[str, int]
    events: list[Event] = field(default_factory=list)
    _open: dict[int, _Open] = field(default_factory=dict)

    def take(self, call: _Call) -> None:
        """Take in one call that succeeded."""
        name = call.name.decode()
        for kind, words in _KINDS.items():
            if name in words:
                getattr(self, kind)(call)
                return

    def opens(self, call: _Call) -> None:
        path = self._path(call.args)
        self._open.pop(call.result, None)
        if path is None:
            return
        words = call.args.rpartition(b'"')[2]
        if b"O_CREAT" in words and path not in self.sizes:
            self._add("make", path)
            self.sizes[path] = 0
        if b"O_TRUNC" in words and self.sizes[path]:
            self._add("cut", path)
            self.sizes[path] = 0
        # SQLite opens a folder like a file.
        self._open[call.result] = _Open(path, path in self.folders, b"O_APPEND" in words)

    def closes(self, call: _Call) -> None:
        self._open.pop(_number(call.args), None)

    def copies(self, call: _Call) -> None:
        if call.name == b"fcntl" and b"F_DUPFD" not in call.args:
            return
        held = self._open.get(_number(call.args))
        if held is not None:
            self._open[call.result] = held

    def seeks(self, call: _Call) -> None:
        if held := self._open.get(_number(call.args)):
            held.place = call.result

    def writes(self, call: _Call) -> None:
        held = self._open.get(_number(call.args))
        if held is None:
            return
        texts = [_bytes(text) for text in _TEXT.finditer(call.args)]
        data = b"".join(texts)[: call.result]
        size = self.sizes.get(held.path, 0)
        if call.name in (b"pwrite64", b"pwritev"):
            at = int(call.args.rpartition(b",")[2])
        else:
            at = size if held.appends else held.place
            held.place = at + len(data)
        self.sizes[held.path] = max(size, at + len(data))
        self.events.append(Event("write", held.path, data=data, at=at))

    def cuts(self, call: _Call) -> None:
        held = self._open.get(_number(call.args))
        if held is not None:
            self.sizes[held.path] = int(call.args.rpartition(b",")[2])
            self.events.append(Event("cut", held.path, at=self.sizes[held.path]))

    def syncs(self, call: _Call) -> None:
        held = self._open.get(_number(call.args))
        if held is not None:
            kind = "sync_folder" if held.folder else "sync"
            self.events.append(Event(kind, held.path, begun=call.begun))

    def renames(self, call: _Call) -> None:
        source, target = self._paths(call.args)
        if source is None or target is None:
            return
        self.events.append(Event("rename", source, target=target))
        self.sizes[target] = self.sizes.pop(source, 0)
        for held in self._open.values():
            if held.path == source:
                held.path = target

    def unlinks(self, call: _Call) -> None:
        if (path := self._path(call.args)) is not None:
            self._add("unlink", path)
            self.sizes.pop(path, None)

    def makes(self, call: _Call) -> None:
        if (path := self._path(call.args)) is not None:
            self._add("make_folder", path)
            self.folders.add(path)

    def refuses(self, call: _Call) -> None:
        held = [self._open.get(int(word)) for word in re.findall(rb"\b\d+\b", call.args)[:3]]
        if any(one is not None for one in held):
            raise ValueError(f"cannot follow {call.name.decode()}({call.args[:200]!r})")

    def _add(self, kind: str, path: str) -> None:
        self.events.append(Event(kind, path))

    def _path(self, args: bytes) -> str | None:
        return next(self._paths(args), None)

    def _paths(self, args: bytes) -> Iterator[str | None]:
        for text in _TEXT.finditer(args):
            path = self.folder / os.fsdecode(_bytes(text))
            inside = path == self.folder or self.folder in path.parents
            yield str(path.relative_to(self.folder)) if inside else None


_KINDS = {
    "opens": ("openat", "open", "creat"),
    "closes": ("close",),
    "copies": ("dup", "dup2", "dup3", "fcntl"),
    "seeks": ("lseek",),
    "writes": ("write", "pwrite64", "writev", "pwritev"),
    "cuts": ("ftruncate",),
    "syncs": ("fsync", "fdatasync"),
    "renames": ("rename", "renameat", "renameat2"),
    "unlinks": ("unlink", "unlinkat", "rmdir"),
    "makes": ("mkdir", "mkdirat"),
    "refuses": ("fallocate", "sendfile", "copy_file_range"),
}


def _number(args: bytes) -> int:
    found = re.match(rb"\s*(\d+)", args)
    return int(found[1]) if found else -1


def _bytes(text: re.Match[bytes]) -> bytes:
    if text[2]:
        raise ValueError("strace has cut a text short")
    return bytes.fromhex(text[1].replace(b"\\x", b"").decode())


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
