"""A folder after a power loss, by the rules of POSIX and nothing kinder.

What a file holds is on the disk once it was synced; that it is there under its name, once its
folder was. Before that each write (4 KiB of it at a time), cut, new name, rename or removal may or
may not have got there, in any order, as in the ALICE study (Pillai et al., OSDI 2014).
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scripts.soak.disk_record import Event

_BLOCK = 4096


@dataclass(slots=True)
class _Change:
    """One change that has not been synced: to a file's bytes, or to a folder's names."""

    number: int
    kind: str
    at: int = 0
    data: bytes = b""
    name: str = ""
    old: str = ""
    node: _Node | None = None


@dataclass(slots=True)
class _Node:
    """A file or a folder."""

    folder: bool = False
    data: bytearray = field(default_factory=bytearray)
    names: dict[str, _Node] = field(default_factory=dict)
    pending: list[_Change] = field(default_factory=list)


class Disk:
    """What has been asked of a disk, and what of it a power loss may leave.

    Args:
        before: What was there, and is on the disk: bytes by relative path, None for a folder.
    """

    def __init__(self, before: Mapping[str, bytes | None]) -> None:
        self._root = _Node(folder=True)
        #: Files and folders by path, as running programs see them.
        self._live: dict[str, _Node] = {".": self._root}
        self._count = 0
        for path in sorted(before):
            data = before[path]
            node = _Node(data is None, bytearray(data or b""))
            self._parent(path).names[os.path.basename(path)] = node  # noqa: PTH119 - text, no path
            self._live[path] = node

    def _parent(self, path: str) -> _Node:
        return self._live[os.path.dirname(path) or "."]  # noqa: PTH120 - text, no path

    def apply(self, event: Event) -> None:
        """Take in one event."""
        self._count += 1
        if event.kind in ("make", "make_folder"):
            self._link(event.path, _Node(folder=event.kind == "make_folder"))
        elif event.kind == "rename":
            self._rename(event)
        elif event.path not in self._live:
            return  # a file without a name, which no power loss brings back
        elif event.kind == "unlink":
            self._change(self._parent(event.path), "unlink", name=Path(event.path).name)
            del self._live[event.path]
        elif event.kind in ("write", "cut"):
            self._bytes(self._live[event.path], event)
        else:
            _settle(self._live[event.path], event.begun)

    def _change(self, where: _Node, kind: str, *, name: str, node: _Node | None = None) -> _Change:
        change = _Change(self._count, kind, name=name, node=node)
        where.pending.append(change)
        return change

    def _link(self, path: str, node: _Node) -> None:
        self._change(self._parent(path), "link", name=Path(path).name, node=node)
        self._live[path] = node

    def _rename(self, event: Event) -> None:
        node = self._live.pop(event.path)
        source, target = self._parent(event.path), self._parent(event.target)
        if source is not target:
            raise ValueError(f"a rename from folder to folder: {event}")
        change = self._change(target, "link", name=Path(event.target).name, node=node)
        change.old = Path(event.path).name
        self._live[event.target] = node

    def _bytes(self, node: _Node, event: Event) -> None:
        if event.kind == "cut":
            node.pending.append(_Change(self._count, "cut", event.at))
            return
        at, data = event.at, event.data
        while data:
            # The next border of a block: what lies in one may be lost apart from the rest.
            size = _BLOCK - at % _BLOCK
            node.pending.append(_Change(self._count, "write", at, data[:size]))
            at, data = at + size, data[size:]

    def after_power_loss(self, chance: random.Random, keep: float) -> dict[str, bytes | None]:
        """Return what is found, each unsynced change kept with this probability."""
        found: dict[str, bytes | None] = {}
        _collect(self._root, "", chance, keep, found)
        return found


def _settle(node: _Node, begun: int) -> None:
    """Put on the disk what was asked of it before a sync began."""
    for change in node.pending:
        if change.number <= begun:
            _make(node.data, node.names, change)
    node.pending = [change for change in node.pending if change.number > begun]


def _make(data: bytearray, names: dict[str, _Node], change: _Change) -> None:
    if change.kind == "write":
        data.extend(bytes(max(0, change.at + len(change.data) - len(data))))
        data[change.at : change.at + len(change.data)] = change.data
    elif change.kind == "cut":
        if change.at < len(data):
            del data[change.at :]
        data.extend(bytes(change.at - len(data)))
    elif change.kind == "unlink":
        names.pop(change.name, None)
    elif change.node is not None:
        names[change.name] = change.node
        names.pop(change.old, None)


def _collect(
    node: _Node, path: str, chance: random.Random, keep: float, found: dict[str, bytes | None]
) -> None:
    data, names = bytearray(node.data), dict(node.names)
    for change in node.pending:
        if chance.random() < keep:
            _make(data, names, change)
    if not node.folder:
        found[path] = bytes(data)
        return
    if path:
        found[path] = None
    for name in sorted(names):
        _collect(names[name], f"{path}/{name}" if path else name, chance, keep, found)


def folder_content(folder: Path) -> dict[str, bytes | None]:
    """Return what is in a folder: bytes by relative path, None for a folder; sockets left out."""
    return {
        str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_dir() or path.is_file()
    }


def make_folder(folder: Path, content: Mapping[str, bytes | None]) -> None:
    """Make a folder hold exactly this."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for path in sorted(content):
        data = content[path]
        if data is None:
            (folder / path).mkdir()
        else:
            (folder / path).write_bytes(data)


def replay(before: Mapping[str, bytes | None], events: Sequence[Event], upto: int) -> Disk:
    """Return the disk after so many events."""
    disk = Disk(before)
    for event in events[:upto]:
        disk.apply(event)
    return disk
