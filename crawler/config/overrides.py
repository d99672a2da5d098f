"""`--set key.path=value`: single values put over those of the files.

The value is YAML, so `--set fetch.retries=1` is a number and `--set 'start=[https://a/]'` a list.
A map merges, as in `extends`; a number in the path picks an item of a list; an empty value takes
the key's default.
"""

from __future__ import annotations

from collections.abc import Sequence

from crawler.config.document import parse
from crawler.config.nodes import Entry, ListNode, MapNode, Node, Place, ScalarNode, merge
from crawler.errors import Problem


def apply_overrides(root: MapNode, options: Sequence[str], problems: list[Problem]) -> MapNode:
    """Return the tree with every `--set` in place, later ones over earlier ones."""
    for option in options:
        root = _apply(root, option, problems)
    return root


def _apply(root: MapNode, option: str, problems: list[Problem]) -> MapNode:
    place = Place(f"--set {option}")
    path, equals, text = option.partition("=")
    steps = [step.strip() for step in path.split(".")]
    if not equals or not all(steps):
        problems.append(place.problem("expected key.path=value", "e.g. --set fetch.timeout=10s"))
        return root
    found = len(problems)
    value = parse(text, place.source, problems) or ScalarNode(place, None, "")
    if len(problems) > found:
        return root
    changed = _put(root, steps, value, place)
    if isinstance(changed, MapNode):
        return changed
    problems.append(place.problem(f"'{path}' is in no list of the job"))
    return root


def _put(node: Node, steps: list[str], value: Node, place: Place) -> Node | None:
    """Return the node with a value set below it; None when a list has no such item."""
    if not steps:
        both_maps = isinstance(node, MapNode) and isinstance(value, MapNode)
        return merge(node, value) if both_maps else value  # type: ignore[arg-type]
    step, rest = steps[0], steps[1:]
    if isinstance(node, ListNode):
        return _put_item(node, step, rest, value, place)
    if not isinstance(node, MapNode):
        if step.isdigit():
            return None
        node = MapNode(place)
    below = node.get(step) or ScalarNode(place, None, "")
    changed = _put(below, rest, value, place)
    if changed is None:
        return None
    key = place if not rest or step not in node.entries else node.entries[step].key
    return node.having(step, Entry(key, changed))


def _put_item(
    node: ListNode, step: str, rest: list[str], value: Node, place: Place
) -> ListNode | None:
    index = int(step) if step.isascii() and step.isdigit() else len(node.items)
    if index >= len(node.items):
        return None
    changed = _put(node.items[index], rest, value, place)
    if changed is None:
        return None
    return ListNode(node.place, (*node.items[:index], changed, *node.items[index + 1 :]))
