"""Keys and values of the format that this version knows but cannot carry out.

They are refused, each at its place, and never ignored. A line here goes away with the change that
makes its key work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crawler.config.nodes import (
    Entry,
    ListNode,
    MapNode,
    Node,
    Path,
    ScalarNode,
    dotted,
)
from crawler.errors import Problem

#: Keys, by the section they stand in; `*` is any list item.
KEYS: Mapping[str, tuple[str, ...]] = {
    "fetch": ("cache",),
}

#: Endings of output files.
FORMATS = (".sqlite", ".warc")


def future_keys(path: Path) -> tuple[str, ...]:
    """Return the keys of a section that are known, but not supported yet."""
    return KEYS.get(_pattern(path), ())


def split_off(root: MapNode) -> tuple[MapNode, list[Problem]]:
    """Return the tree without what is not supported yet, and a problem for each such thing."""
    problems: list[Problem] = []
    kept = _kept(root, (), problems)
    return (kept if isinstance(kept, MapNode) else root), problems


def _kept(node: Node, path: Path, problems: list[Problem]) -> Node | None:
    """Return the supported part of a node; None when nothing of it is."""
    what = _unsupported(node, path)
    if what:
        problems.append(node.place.problem(f"{what} is not supported yet"))
        return None
    if isinstance(node, MapNode):
        return MapNode(node.place, dict(_entries(node, path, problems)))
    if isinstance(node, ListNode):
        items = (_kept(i, (*path, n), problems) for n, i in enumerate(node.items))
        return ListNode(node.place, tuple(item for item in items if item is not None))
    return node


def _entries(node: MapNode, path: Path, problems: list[Problem]) -> Iterator[tuple[str, Entry]]:
    future = future_keys(path)
    for name, entry in node.entries.items():
        below = (*path, name)
        if name in future:
            problems.append(entry.key.problem(f"'{dotted(below)}' is not supported yet"))
            continue
        value = _kept(entry.value, below, problems)
        if value is not None:
            yield name, Entry(entry.key, value)


def _unsupported(node: Node, path: Path) -> str:
    """Name the value if it is one of those not supported yet, else return ""."""
    pattern = _pattern(path)
    if pattern == "output.*.path" and isinstance(node, ScalarNode):
        return _output(node)
    return ""


def _output(node: ScalarNode) -> str:
    path = str(node.value).removesuffix(".gz")
    ending = next((ending for ending in FORMATS if path.endswith(ending)), "")
    return f"an output in {ending}" if ending else ""


def _pattern(path: Path) -> str:
    """Write a path with `*` for what users number."""
    return ".".join("*" if isinstance(step, int) else step for step in path)
