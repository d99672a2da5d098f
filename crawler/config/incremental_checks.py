"""What must fit together where a job is incremental."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.config.nodes import ListNode, MapNode, ScalarNode
from crawler.errors import Problem


def check_incremental(root: MapNode) -> Iterator[Problem]:
    """Yield what is wrong between `incremental` and the other keys of a job."""
    entry = root.entries.get("incremental")
    if entry is None or (isinstance(entry.value, ScalarNode) and entry.value.value is None):
        return
    run = root.get("run")
    durability = run.get("durability") if isinstance(run, MapNode) else None
    if isinstance(durability, ScalarNode) and durability.value == "off":
        message = "run.durability: off keeps nothing, and an incremental job lives by what was kept"
        yield durability.place.problem(message, "remove one of the two")
    if root.get("files") is not None:
        message = "incremental: files of a list are compared by files.on_exists"
        yield entry.key.problem(message, "remove incremental")
    yield from _check_fuzzy(root, entry.value)
    yield from _check_events(root, entry.value)


def _check_events(root: MapNode, node: object) -> Iterator[Problem]:
    """Yield a problem if events and items would go to one file."""
    events = node.get("events") if isinstance(node, MapNode) else None
    outputs = root.get("output")
    if not isinstance(events, ScalarNode) or not isinstance(outputs, ListNode):
        return
    for output in outputs.items:
        path = output.get("path") if isinstance(output, MapNode) else None
        if isinstance(path, ScalarNode) and path.value == events.value:
            message = "incremental.events: items go to this file (output)"
            yield events.place.problem(message, "give events a file of their own")


def _check_fuzzy(root: MapNode, node: object) -> Iterator[Problem]:
    prints = node.entries.get("fingerprint") if isinstance(node, MapNode) else None
    if prints is None or not isinstance(prints.value, MapNode):
        return
    fuzzy = prints.value.entries.get("fuzzy")
    if fuzzy is None or (isinstance(fuzzy.value, ScalarNode) and fuzzy.value.value is None):
        return
    for name in ("extract", "spider"):
        if root.get(name) is not None:
            message = "incremental.fingerprint.fuzzy: it compares whole texts, and this job has"
            hint = "name the fields that count in fingerprint.of"
            yield fuzzy.key.problem(f"{message} {name}", hint)
            return
