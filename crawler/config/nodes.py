"""The tree of a job file: what stands in it, and where.

Nodes are plain values; they come from `crawler.config.document` (files) and
`crawler.config.overrides` (`--set`), and are merged and checked before any model is built.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from crawler.errors import Problem

PlainScalar = str | int | float | bool | None
Plain = PlainScalar | list["Plain"] | dict[str, "Plain"]
Path = tuple[str | int, ...]


class Place(msgspec.Struct, frozen=True):
    """Where something stands.

    Attributes:
        source: The file as the user named it, or the whole `--set` option.
        line: From 1; 0 for an option.
        column: From 1; 0 for an option.
        text: The source line.
    """

    source: str
    line: int = 0
    column: int = 0
    text: str = ""

    def problem(self, message: str, hint: str = "") -> Problem:
        """Return a problem that stands here."""
        return Problem(
            message=message,
            source=self.source,
            line=self.line,
            column=self.column,
            text=self.text,
            hint=hint,
        )

    @property
    def origin(self) -> str:
        """Name the place in short: `base.yaml:6` or `--set`."""
        return f"{self.source}:{self.line}" if self.line else "--set"


class ScalarNode(msgspec.Struct, frozen=True):
    """A single value.

    Attributes:
        value: What it means.
        written: The characters that stand in the file, quotes removed.
        plain: True when written without quotes: only then it may be anything but text.
        text: The characters with variables put in, None when it has none. Such a value may be a
            secret.
    """

    place: Place
    value: PlainScalar
    written: str
    plain: bool = True
    text: str | None = None

    @property
    def from_environment(self) -> bool:
        """Whether a variable was put in."""
        return self.text is not None


class ListNode(msgspec.Struct, frozen=True):
    """A list of values."""

    place: Place
    items: tuple[Node, ...]


class Entry(msgspec.Struct, frozen=True):
    """One key of a map: where the key stands, and its value."""

    key: Place
    value: Node


class MapNode(msgspec.Struct, frozen=True):
    """Keys and values in the order of the file."""

    place: Place
    entries: dict[str, Entry] = msgspec.field(default_factory=dict)

    def get(self, key: str) -> Node | None:
        """Return the value of a key, None when it is absent."""
        entry = self.entries.get(key)
        return entry.value if entry else None

    def without(self, key: str) -> MapNode:
        """Return a copy that lacks a key."""
        kept = {name: entry for name, entry in self.entries.items() if name != key}
        return MapNode(self.place, kept)

    def having(self, key: str, entry: Entry) -> MapNode:
        """Return a copy in which a key is set."""
        return MapNode(self.place, {**self.entries, key: entry})


Node = ScalarNode | ListNode | MapNode


def plain(node: Node) -> Plain:
    """Return the tree as plain data, positions left out."""
    if isinstance(node, MapNode):
        return {name: plain(entry.value) for name, entry in node.entries.items()}
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return node.value


def merge(below: MapNode, above: MapNode) -> MapNode:
    """Return `below` overlaid with `above`: maps merge key by key, all else is replaced."""
    entries = dict(below.entries)
    for name, entry in above.entries.items():
        known = entries.get(name)
        if known and isinstance(known.value, MapNode) and isinstance(entry.value, MapNode):
            entry = Entry(entry.key, merge(known.value, entry.value))
        entries[name] = entry
    return MapNode(above.place, entries)


def find(root: Node, path: Path) -> tuple[Place, Node]:
    """Return the key place and the node at a path, or those of the deepest node on the way.

    A list item's key place is the item's own.
    """
    key, node = root.place, root
    for step in path:
        if isinstance(node, MapNode) and step in node.entries:
            entry = node.entries[str(step)]
            key, node = entry.key, entry.value
        elif isinstance(node, ListNode) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            key = node.place
        else:
            break
    return key, node


def replaced(root: Node, path: Path, node: Node) -> Node:
    """Return the tree with another node at a path that exists."""
    if not path:
        return node
    step, rest = path[0], path[1:]
    if isinstance(root, MapNode) and isinstance(step, str):
        entry = root.entries[step]
        return root.having(step, Entry(entry.key, replaced(entry.value, rest, node)))
    if isinstance(root, ListNode) and isinstance(step, int):
        items = list(root.items)
        items[step] = replaced(items[step], rest, node)
        return ListNode(root.place, tuple(items))
    return root


def leaves(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Yield every scalar, and every list or map that is empty, with its path."""
    if isinstance(node, MapNode) and node.entries:
        for name, entry in node.entries.items():
            yield from leaves(entry.value, (*path, name))
    elif isinstance(node, ListNode) and node.items:
        for index, item in enumerate(node.items):
            yield from leaves(item, (*path, index))
    else:
        yield path, node


def places_of(root: MapNode) -> dict[str, str]:
    """Return where each key and each entry of a list stands, by dotted path."""
    return dict(_places(root, ""))


def _places(node: Node, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, MapNode):
        for name, entry in node.entries.items():
            # The key, not the value: an alias stands where its anchor is.
            yield f"{path}{name}", entry.key.origin
            yield from _places(entry.value, f"{path}{name}.")
    elif isinstance(node, ListNode):
        for index, item in enumerate(node.items):
            yield f"{path}{index}", item.place.origin
            yield from _places(item, f"{path}{index}.")


def dotted(path: Path) -> str:
    """Write a path as messages and `--set` do: `extract.0.fields.price`."""
    return ".".join(str(step) for step in path)
