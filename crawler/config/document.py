"""A YAML text as a tree of nodes with their places.

Built from parser events, never through YAML constructors: a tag cannot make an object, the types
are those of `crawler.config.dialect`, and depth and aliases are bounded here (libyaml's own
composer recurses without a limit, down to a segmentation fault).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec
import yaml

from crawler.config.dialect import resolve
from crawler.config.nodes import Entry, ListNode, MapNode, Node, Place, PlainScalar, ScalarNode
from crawler.config.syntax_hints import explain
from crawler.errors import Problem

#: Deeper than any job needs, far from Python's recursion limit.
MAX_DEPTH = 50
#: Values that aliases may stand for, all together; a job that needs more is an attack.
MAX_ALIASED = 10_000


class Mark(Protocol):
    """A position in the text, from 0; libyaml's and PyYAML's own marks are two classes."""

    line: int
    column: int


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What YAML 1.2 §5.1 leaves out of its character set; surrogates come from odd bytes in options.
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_PREFIX = "tag:yaml.org,2002:"
_SCALAR_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "null": (type(None),),
}


def parse(text: str, source: str, problems: list[Problem]) -> Node | None:
    """Return the tree of one YAML document, None when it is empty or no YAML.

    Args:
        text: The document.
        source: The name for the places: a file, or a whole `--set` option, which has no lines.
        problems: What is wrong is added here.
    """
    reader = _Reader(text, source, problems)
    if unreadable := _UNREADABLE.search(text):
        before = text[: unreadable.start()]
        place = reader.place_at(before.count("\n"), len(before) - before.rfind("\n") - 1)
        message = f"the character U+{ord(unreadable.group()):04X} has no place in a text"
        problems.append(place.problem(message, "remove it"))
        return None
    try:
        return reader.document()
    except yaml.YAMLError as error:
        problems.append(explain(error, reader.place))
    except _Refused as refusal:
        problems.append(refusal.problem)
    return None


class _Refused(Exception):
    """The document is valid YAML, but nothing that is read any further."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class _Reader:
    """Recursive descent over the parser's events."""

    def __init__(self, text: str, source: str, problems: list[Problem]) -> None:
        self.text = text
        self.source = source
        self.problems = problems
        self.anchors: dict[str, Node | None] = {}  # None: still open
        self.aliased = 0
        self.lines = text.split("\n")
        self.events: Iterator[yaml.Event] = iter(())

    def document(self) -> Node | None:
        self.events = iter(yaml.parse(self.text, Loader=_LOADER))
        next(self.events)  # the stream begins
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            return None
        root = self.node(next(self.events), 0)
        next(self.events)  # the document ends
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            message = "a second document begins"
            place = self.place(event.start_mark)
            raise _Refused(place.problem(message, "one file is one job; remove the ---"))
        return root

    def place(self, mark: Mark | None) -> Place:
        if mark is None:
            return Place(self.source)
        return self.place_at(mark.line, mark.column)

    def place_at(self, line: int, column: int) -> Place:
        if self.source.startswith("--set"):
            return Place(self.source)
        line = min(line, len(self.lines) - 1)
        text = _UNREADABLE.sub("?", self.lines[line].rstrip().replace("\t", " "))
        return Place(self.source, line + 1, column + 1, text)

    def node(self, event: yaml.Event, depth: int) -> Node:
        place = self.place(event.start_mark)
        if depth > MAX_DEPTH:
            raise _Refused(place.problem(f"nested more than {MAX_DEPTH} deep"))
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, place)
        anchor = getattr(event, "anchor", None)
        if anchor:
            self.anchors[anchor] = None
        self.check_indent(event.start_mark, place)
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = self.scalar(event, place)
        elif isinstance(event, yaml.SequenceStartEvent):
            self.check_tag(event.tag, "seq", place)
            node = ListNode(place, tuple(self.items(depth)))
        else:
            self.check_tag(getattr(event, "tag", None), "map", place)
            node = MapNode(place, self.entries(depth))
        if anchor:
            self.anchors[anchor] = node
        return node

    def items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            yield self.node(event, depth + 1)

    def entries(self, depth: int) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.node(event, depth + 1)
            value = self.node(next(self.events), depth + 1)
            if not isinstance(key, ScalarNode):
                self.report(key.place, "a key must be plain text", 'quote it: "{...}"')
            elif first := entries.get(key.written):
                hint = f"first set on line {first.key.line}; the last one would silently win"
                self.report(_key_alone(key), f"duplicate key '{key.written}'", hint)
            else:
                entries[key.written] = Entry(key.place, value)
        return entries

    def scalar(self, event: yaml.ScalarEvent, place: Place) -> ScalarNode:
        written = event.value
        if event.tag is None:
            plain = bool(event.implicit[0])
            return ScalarNode(place, resolve(written) if plain else written, written, plain=plain)
        return ScalarNode(place, self.tagged(event.tag, written, place), written, plain=False)

    def tagged(self, tag: str, written: str, place: Place) -> PlainScalar:
        name = tag.removeprefix(_PREFIX)
        if name in ("str", "!"):
            return written
        value = resolve(written)
        if tag.startswith(_PREFIX) and isinstance(value, _SCALAR_TYPES.get(name, ())):
            return value
        self.check_tag(tag, "str", place)
        return written

    def check_tag(self, tag: str | None, expected: str, place: Place) -> None:
        if tag not in (None, "!", _PREFIX + expected):
            shown = tag.replace(_PREFIX, "!!") if tag else ""
            self.report(place, f"unknown tag {shown}", "job files hold plain values only")

    def check_indent(self, mark: Mark | None, place: Place) -> None:
        """Refuse tabs before a value's first character; libyaml lets some of them pass."""
        if mark is not None and place.line:
            before = self.lines[place.line - 1][: mark.column]
            if "\t" in before and not before.strip():
                self.report(place, "a tab in the indentation", "indent with spaces")

    def alias(self, event: yaml.AliasEvent, place: Place) -> Node:
        name = event.anchor or ""
        target = self.anchors.get(name)
        if target is None:
            known = name in self.anchors
            message = "a value contains itself" if known else f"nothing is named &{name}"
            raise _Refused(place.problem(message, "" if known else f'quote it: "*{name}"'))
        self.aliased += _count(target, MAX_ALIASED)
        if self.aliased > MAX_ALIASED:
            raise _Refused(place.problem(f"aliases stand for more than {MAX_ALIASED} values"))
        return target

    def report(self, place: Place, message: str, hint: str = "") -> None:
        self.problems.append(place.problem(message, hint))


def _key_alone(key: ScalarNode) -> Place:
    """Return a place whose line ends behind the key: what follows it may be a password."""
    place = key.place
    mark = place.text.find(":", max(place.column - 1, 0) + len(key.written))
    return place if mark < 0 else msgspec.structs.replace(place, text=place.text[: mark + 1])


def _count(node: Node, limit: int) -> int:
    """Count the values under a node; stops early beyond the limit."""
    waiting, count = [node], 0
    while waiting and count <= limit:
        one = waiting.pop()
        count += 1
        waiting.extend(_below(one))
    return count


def _below(node: Node) -> Iterable[Node]:
    if isinstance(node, MapNode):
        return [entry.value for entry in node.entries.values()]
    return node.items if isinstance(node, ListNode) else ()
