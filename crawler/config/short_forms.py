"""Short ways of writing, put into the long ones that the models describe.

    start: [URL]               start: {urls: [URL]}
    start: {sitemap: URL}      start: {sitemap: [URL]}
    schemas: {Book: {a: str}}  schemas: {Book: {a: {type: str}}}
    each: "div.row"            each: {css: "div.row"}
    webhook: URL               webhook: [{url: URL}]
    mail: {to: ADDRESS}        mail: {to: [ADDRESS]}
    then: [text]               then: [{text: }]

Every node that is added stands where the short one does, so that errors keep their place.
"""

from __future__ import annotations

from collections.abc import Callable

from crawler.config.nodes import Entry, ListNode, MapNode, Node, ScalarNode


def start_as_map(root: MapNode) -> MapNode:
    """Write the short form of `start`, a list, as the map that it stands for."""
    start = root.entries.get("start")
    if start is None or not isinstance(start.value, ListNode):
        return root
    return root.having("start", Entry(start.key, _map("urls", start.value)))


def expanded(root: MapNode) -> MapNode:
    """Return the tree of a job without short forms."""
    root = start_as_map(root)
    root = _in_map(root, "start", lambda start: _at(start, "sitemap", _text_as_list))
    root = _in_map(root, "schemas", lambda schemas: _values(schemas, _schema))
    root = _in_map(root, "notify", _notify)
    return _in_map(root, "extract", lambda rules: _items(rules, _rule))


def _notify(node: Node) -> Node:
    node = _at(node, "webhook", _hooks)
    return _at(node, "mail", lambda mail: _at(mail, "to", _text_as_list))


def _hooks(node: Node) -> Node:
    alone = isinstance(_text_as(node, "url"), MapNode)
    hooks = ListNode(node.place, (node,)) if alone else node
    return _items(hooks, lambda hook: _text_as(hook, "url"))


def _text_as_list(node: Node) -> Node:
    if isinstance(node, ScalarNode) and isinstance(node.value, str):
        return ListNode(node.place, (node,))
    return node


def _schema(node: Node) -> Node:
    return _values(node, lambda field: _text_as(field, "type"))


def _rule(node: Node) -> Node:
    node = _at(node, "each", lambda each: _text_as(each, "css"))
    return _at(node, "fields", _fields)


def _fields(node: Node) -> Node:
    return _values(node, _field)


def _field(node: Node) -> Node:
    node = _at(node, "then", lambda steps: _items(steps, _step))
    return _at(node, "fields", _fields)


def _step(node: Node) -> Node:
    if isinstance(node, ScalarNode) and isinstance(node.value, str):
        return _map(node.value, ScalarNode(node.place, None, ""))
    return node


def _text_as(node: Node, key: str) -> Node:
    if isinstance(node, ScalarNode) and isinstance(node.value, str):
        return _map(key, node)
    return node


def _map(key: str, value: Node) -> MapNode:
    return MapNode(value.place, {key: Entry(value.place, value)})


def _in_map(node: MapNode, key: str, change: Callable[[Node], Node]) -> MapNode:
    """Return a map with the value of a key changed, if it has that key."""
    entry = node.entries.get(key)
    return node if entry is None else node.having(key, Entry(entry.key, change(entry.value)))


def _at(node: Node, key: str, change: Callable[[Node], Node]) -> Node:
    return _in_map(node, key, change) if isinstance(node, MapNode) else node


def _values(node: Node, change: Callable[[Node], Node]) -> Node:
    if not isinstance(node, MapNode):
        return node
    changed = {name: Entry(e.key, change(e.value)) for name, e in node.entries.items()}
    return MapNode(node.place, changed)


def _items(node: Node, change: Callable[[Node], Node]) -> Node:
    if not isinstance(node, ListNode):
        return node
    return ListNode(node.place, tuple(change(item) for item in node.items))
