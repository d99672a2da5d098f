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
    Place,
    ScalarNode,
    dotted,
)
from crawler.errors import Problem

#: Keys, by the section they stand in; `*` is any list item or field name.
KEYS: Mapping[str, tuple[str, ...]] = {
    "": ("schemas", "files", "transform", "incremental", "schedule", "notify"),
    "start": (
        "from_file", "url_column", "keep_columns",
        "sitemap", "newer_than", "lastmod", "max_sitemap_files",
    ),
    "fetch": ("auth", "proxies", "tls", "cache"),
    "run": ("threads", "memory_limit"),
    "extract.*": ("each", "try"),
    "output.*": ("only", "keep"),
    "checks": ("min_fill",),
}  # fmt: skip

#: Values, by the key they stand under.
VALUES: Mapping[str, tuple[str, ...]] = {
    "run.backend": ("threads",),
    "run.workers": ("auto",),
    "extract.*.fields.*.then.*": (
        "decimal", "datetime", "regex", "map", "contains", "split", "first", "last", "join",
        "lower", "replace", "default", "python",
    ),
}  # fmt: skip

#: Endings of output files.
FORMATS = (".csv", ".parquet", ".sqlite", ".warc", ".gz")


def future_keys(path: Path) -> tuple[str, ...]:
    """Return the keys of a section that are known, but not supported yet."""
    return KEYS.get(_pattern(path), ())


def split_off(root: MapNode) -> tuple[MapNode, list[Problem]]:
    """Return the tree without what is not supported yet, and a problem for each such thing."""
    problems: list[Problem] = []
    kept = _kept(root, (), root.place, problems)
    return (kept if isinstance(kept, MapNode) else root), problems


def _kept(node: Node, path: Path, key: Place, problems: list[Problem]) -> Node | None:
    """Return the supported part of a node; None when nothing of it is."""
    what = _unsupported(node, path)
    if what:
        place = key if isinstance(node, MapNode) else node.place
        problems.append(place.problem(f"{what} is not supported yet"))
        return None
    if isinstance(node, MapNode):
        return MapNode(node.place, dict(_entries(node, path, problems)))
    if isinstance(node, ListNode):
        items = (_kept(i, (*path, n), i.place, problems) for n, i in enumerate(node.items))
        return ListNode(node.place, tuple(item for item in items if item is not None))
    return node


def _entries(node: MapNode, path: Path, problems: list[Problem]) -> Iterator[tuple[str, Entry]]:
    future = future_keys(path)
    for name, entry in node.entries.items():
        below = (*path, name)
        if name in future:
            problems.append(entry.key.problem(f"'{dotted(below)}' is not supported yet"))
            continue
        value = _kept(entry.value, below, entry.key, problems)
        if value is not None:
            yield name, Entry(entry.key, value)


def _unsupported(node: Node, path: Path) -> str:
    """Name the value if it is one of those not supported yet, else return ""."""
    pattern = _pattern(path)
    if pattern == "output.*.path" and isinstance(node, ScalarNode):
        return _output(node)
    known = VALUES.get(pattern, ())
    where = dotted(path[:-1] if pattern.endswith("*") else path)
    if isinstance(node, ScalarNode):
        many = pattern == "run.workers" and type(node.value) is int and node.value > 1
        return f"{where}: '{node.written}'" if node.value in known or many else ""
    if isinstance(node, MapNode) and len(node.entries) == 1:
        step = next(iter(node.entries))
        return f"{where}: '{step}'" if step in known else ""
    return ""


def _output(node: ScalarNode) -> str:
    path = str(node.value)
    ending = next((ending for ending in FORMATS if path.endswith(ending)), "")
    return f"an output in {ending}" if ending else ""


def _pattern(path: Path) -> str:
    """Write a path with `*` for what users number or name."""
    steps = ["*" if isinstance(step, int) else step for step in path]
    if len(steps) > 3 and steps[0] == "extract" and steps[2] == "fields":
        steps[3] = "*"
    return ".".join(steps)
