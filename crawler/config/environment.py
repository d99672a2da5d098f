"""Variables in values: `${VAR}`, `${VAR:-default}`, `${VAR:?message}`, and `$$` for one `$`.

They are put in after parsing, into scalars only, so that a value can never add YAML. An unset
variable without a default is an error. A plain scalar is read again with its variables in place,
one in quotes stays text; where a key then asks for the other, `recast` gives it that: variables
have no types, and quotes are needed within `{...}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from crawler.config.dialect import resolve
from crawler.config.nodes import (
    Entry,
    ListNode,
    MapNode,
    Node,
    Path,
    ScalarNode,
    find,
    replaced,
)
from crawler.config.suggest import did_you_mean
from crawler.errors import Problem

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_USE = re.compile(
    rf"\$(?:(?P<dollar>\$)|\{{(?P<name>{_NAME})(?::(?P<how>[-?])(?P<word>[^}}]*))?\}}|(?P<open>\{{))"
)


def interpolate(node: Node, environ: Mapping[str, str], problems: list[Problem]) -> Node:
    """Return the tree with every variable put in; what is unset or malformed is a problem."""
    if isinstance(node, MapNode):
        entries = {
            name: Entry(entry.key, interpolate(entry.value, environ, problems))
            for name, entry in node.entries.items()
        }
        return MapNode(node.place, entries)
    if isinstance(node, ListNode):
        return ListNode(node.place, tuple(interpolate(i, environ, problems) for i in node.items))
    if "$" not in node.written:
        return node
    return _scalar(node, environ, problems)


def recast(root: Node, path: Path, *, to_text: bool) -> Node:
    """Return the tree with a variable's value read as text, or as a plain scalar; else the same.

    The path may go on below a scalar: that is then the short form of what the path leads to.
    """
    _, node = find(root, path)
    if not isinstance(node, ScalarNode) or node.text is None:
        return root
    value = node.text if to_text else resolve(node.text)
    if value == node.value:
        return root
    changed = msgspec.structs.replace(node, value=value)
    for end in range(len(path), 0, -1):
        if find(root, path[: end - 1])[1] is not node:
            return replaced(root, path[:end], changed)
    return root


def _scalar(node: ScalarNode, environ: Mapping[str, str], problems: list[Problem]) -> ScalarNode:
    used = False

    def put_in(match: re.Match[str]) -> str:
        nonlocal used
        if match["dollar"]:
            return "$"
        used = True
        try:
            return _value(match, environ)
        except LookupError as missing:
            message, hint = missing.args
            problems.append(node.place.problem(message, hint))
            return ""

    text = _USE.sub(put_in, node.written)
    value = resolve(text) if node.plain and used else text
    return msgspec.structs.replace(node, value=value, text=text if used else None)


def _value(match: re.Match[str], environ: Mapping[str, str]) -> str:
    """Return what stands for a variable; LookupError(message, hint) when nothing does."""
    if match["open"]:
        raise LookupError(
            "'${' does not begin a variable",
            "write ${VAR}, ${VAR:-default}, ${VAR:?message}, or $$",
        )
    name, how, word = match["name"], match["how"], match["word"] or ""
    value = environ.get(name)
    if value is not None and not _is_text(value):
        raise LookupError(f"environment variable {name} holds bytes that are no text", "use UTF-8")
    if how == "-":
        return value or word
    if how == "?" and not value:
        raise LookupError(f"environment variable {name} is not set", word or "set it")
    if value is None:
        hint = did_you_mean(name, environ) or f"set it, or give a default: ${{{name}:-...}}"
        raise LookupError(f"environment variable {name} is not set", hint)
    return value


def _is_text(value: str) -> bool:
    # Bytes that are not UTF-8 arrive as lone surrogates (PEP 383), which nothing can encode.
    return not any("\ud800" <= character <= "\udfff" for character in value)
