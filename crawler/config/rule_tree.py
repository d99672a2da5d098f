"""The rules of a job's tree, read without trusting their shape: models check that."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from crawler.config.nodes import Entry, ListNode, MapNode, Node, Place, ScalarNode

# The end of a selector that gives no elements; most functions do not either, but those are rare.
_OF_TEXT = re.compile(r"(::(text|attr\([^()]*\))|(^|/)(text\(\)|@[\w:.-]+))\s*$")

#: What a field may have its value from.
SOURCES = ("css", "xpath", "jmes", "value")


class RuleAt(msgspec.Struct, frozen=True):
    """An entry of `extract`.

    Attributes:
        path: `extract.0`.
        item: Name of its items as it stands there; None when there is none.
        structured: Structured data is asked first.
        each: What the matches of `each` are, see `FieldAt.inside`; "" without it.
    """

    path: str
    node: MapNode
    item: ScalarNode | None
    structured: bool
    each: str

    def fields(self) -> Iterator[FieldAt]:
        """Yield the fields of the items, not those within records."""
        return _fields(self.node, self.path)


class FieldAt(msgspec.Struct, frozen=True):
    """A field of a rule, or of a record in it.

    Attributes:
        path: `extract.0.fields.price`.
        key: Where its name stands.
    """

    path: str
    name: str
    key: Place
    node: MapNode

    @property
    def sources(self) -> list[str]:
        """What it has its value from; one, if all is well."""
        return [source for source in SOURCES if present(self.node, source)]

    @property
    def inside(self) -> str:
        """What its matches are, by what selects them: `css`, `xpath`, `jmes`, `value` or `text`.

        `text` is also what stands in an attribute; "" when nothing selects.
        """
        return _inside(self.node, next(iter(self.sources), ""))

    def fields(self) -> list[FieldAt]:
        """Return the fields of the records that it gives."""
        return list(_fields(self.node, self.path))

    def steps(self) -> Iterator[tuple[str, str, Entry]]:
        """Yield the dotted path, the name and the entry of each step."""
        steps = self.node.get("then")
        for number, step in enumerate(steps.items if isinstance(steps, ListNode) else ()):
            if isinstance(step, MapNode) and len(step.entries) == 1:
                ((name, entry),) = step.entries.items()
                yield f"{self.path}.then.{number}.{name}", name, entry


def rules_in(root: MapNode) -> Iterator[RuleAt]:
    """Yield the entries of `extract`."""
    rules = root.get("extract")
    for number, node in enumerate(rules.items if isinstance(rules, ListNode) else ()):
        if isinstance(node, MapNode):
            item, each, structured = node.get("item"), node.get("each"), node.get("try")
            nothing = isinstance(structured, ListNode) and not structured.items
            yield RuleAt(
                path=f"extract.{number}",
                node=node,
                item=item if isinstance(item, ScalarNode) else None,
                structured=present(node, "try") and not nothing,
                each=_inside(each, next(iter(each.entries), ""))
                if isinstance(each, MapNode)
                else "",
            )


def scalars(node: Node | None) -> list[ScalarNode]:
    """Return the single values of a list; nothing when it is none."""
    items = node.items if isinstance(node, ListNode) else ()
    return [item for item in items if isinstance(item, ScalarNode) and item.value is not None]


def present(node: Node | None, key: str) -> bool:
    """Tell whether a map has a value for a key."""
    value = node.get(key) if isinstance(node, MapNode) else None
    return value is not None and not (isinstance(value, ScalarNode) and value.value is None)


def is_true(node: MapNode, key: str) -> bool:
    """Tell whether a key says true."""
    value = node.get(key)
    return isinstance(value, ScalarNode) and value.value is True


def _fields(node: MapNode, path: str) -> Iterator[FieldAt]:
    fields = node.get("fields")
    for name, entry in fields.entries.items() if isinstance(fields, MapNode) else ():
        if isinstance(entry.value, MapNode):
            yield FieldAt(f"{path}.fields.{name}", name, entry.key, entry.value)


def _inside(node: MapNode, source: str) -> str:
    selector = node.get(source)
    if source in ("css", "xpath") and isinstance(selector, ScalarNode):
        return "text" if _OF_TEXT.search(str(selector.value)) else source
    return source
