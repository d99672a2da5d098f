"""pydantic's findings as problems with a place, in words of the job file."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from crawler.config.anatomy import choices_at, homes_of, keys_at
from crawler.config.effective import is_secret_place
from crawler.config.environment import recast
from crawler.config.models.fields import VALUE, WHOLE
from crawler.config.nodes import (
    ListNode,
    MapNode,
    Node,
    Path,
    Place,
    PlainScalar,
    ScalarNode,
    dotted,
    find,
)
from crawler.config.not_yet import future_keys
from crawler.config.suggest import did_you_mean
from crawler.errors import Problem

_BOUNDS: Mapping[str, tuple[str, str]] = {
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "greater_than": ("more than", "gt"),
}
_EXPECTED: Mapping[str, str] = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "model_type": "a map of keys and values",
    "model_attributes_type": "a map of keys and values",
    "dict_type": "a map of keys and values",
}


def recast_variables(error: ValidationError, root: MapNode) -> MapNode:
    """Return the tree with variables read as the type that was missed; the same if none was."""
    for detail in error.errors(include_url=False):
        if detail["type"] in ("string_type", "int_type", "float_type", "bool_type"):
            changed = recast(root, detail["loc"], to_text=detail["type"] == "string_type")
            root = changed if isinstance(changed, MapNode) else root
    return root


def problems_of(error: ValidationError, root: MapNode) -> list[Problem]:
    """Return a problem for each finding, in pydantic's order."""
    return [_problem(detail, root) for detail in error.errors(include_url=False)]


def _problem(detail: ErrorDetails, root: MapNode) -> Problem:
    path = detail["loc"]
    at_key = bool(path) and path[-1] == "[key]"
    path = path[:-1] if at_key else path
    key, node = find(root, path)
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _unknown_key(path, key, root)
    if kind == "missing":
        return _missing(path, key, node)
    place = key if at_key or (kind == WHOLE and isinstance(node, MapNode)) else node.place
    if is_secret_place(path):
        place = _without_value(place, key, str(path[-1]))
    message, hint = _words(detail, path, node, at_key=at_key)
    if is_secret_place(path) and hint.startswith("quote it"):
        hint = "quote it"
    where = dotted(path[:-1] if at_key else path)
    return _discreet(place.problem(f"{where}: {message}" if where else message, hint), node)


def _without_value(place: Place, key: Place, name: str) -> Place:
    """Return a place whose line shows the key alone: a header's value may be a password."""
    if place.line != key.line or name not in place.text:
        return msgspec.structs.replace(place, text="")
    end = place.text.find(name, key.column - 1) + len(name)
    return msgspec.structs.replace(place, text=f"{place.text[:end]}: ***")


def _unknown_key(path: Path, key: Place, root: MapNode) -> Problem:
    name = str(path[-1])
    above = path[:-1]
    if len(above) > 1 and above[-2] == "then":
        known = keys_at(above)
        hint = did_you_mean(name, known) or f"steps are {', '.join(known)}"
        return key.problem(f"unknown step '{name}' in {dotted(above[:-1])}", hint)
    inside = f" in {dotted(above)}" if above else ""
    return key.problem(f"unknown key '{name}'{inside}", _key_hint(name, above, root))


def _key_hint(name: str, above: Path, root: MapNode) -> str:
    if name == "<<":
        return "YAML 1.2 has no merge keys; use extends, or an alias for the whole value"
    known = (*keys_at(above), *future_keys(above))
    _, section = find(root, above)
    present = section.entries if isinstance(section, MapNode) else {}
    # A key that is there already is hardly what was meant.
    absent = [key for key in known if key not in present]
    hint = did_you_mean(name, absent) or did_you_mean(name, known)
    if not hint and (homes := homes_of(name)):
        return f"it belongs in {homes[0] or 'the job itself, without indentation'}"
    return hint


def _missing(path: Path, key: Place, node: Node) -> Problem:
    name, above = str(path[-1]), dotted(path[:-1])
    place = key if above else Place(node.place.source)
    return place.problem(f"'{name}' is missing in {above}" if above else f"'{name}' is missing")


def _words(detail: ErrorDetails, path: Path, node: Node, *, at_key: bool) -> tuple[str, str]:
    """Return message and hint of a finding about a value."""
    context = detail.get("ctx", {})
    kind = detail["type"]
    if kind in (VALUE, WHOLE):
        text, hint = str(context["text"]), str(context["hint"])
        shown = repr(str(path[-1])) if at_key else _shown(node)
        return (f"{shown} {text}" if kind == VALUE else text), hint
    if kind == "literal_error":
        choices = [str(choice) for choice in choices_at(path)]
        said = f"{_shown(node)} is not one of {', '.join(choices)}"
        if not isinstance(node, ScalarNode):
            return said, ""
        if node.written in choices:  # a number, where the choices are texts
            return f"expected text, not {_named(node)}", f'quote it: "{node.written}"'
        return said, did_you_mean(node.written, choices)
    if kind in _BOUNDS:
        word, limit = _BOUNDS[kind]
        return f"{_shown(node)} is not {word} {context[limit]}", ""
    if kind in ("too_short", "string_too_short"):
        return "must not be empty", ""
    if kind in _EXPECTED:
        expected = _EXPECTED[kind]
        return f"expected {expected}, not {_named(node)}", _type_hint(expected, node) or _map_hint(
            path, node
        )
    return detail["msg"], ""


def _shown(node: Node) -> str:
    """Quote a value as it was written; a variable by its name, never by its value."""
    return repr(node.written) if isinstance(node, ScalarNode) else _named(node)


def _named(node: Node) -> str:
    """Name what stands there."""
    if isinstance(node, MapNode):
        return "a map"
    if isinstance(node, ListNode):
        return "a list"
    return _scalar_name(node.value)


def _scalar_name(value: PlainScalar) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    return "text" if isinstance(value, str) else "a number"


def _type_hint(expected: str, node: Node) -> str:
    hints: Mapping[str, Callable[[Node], str]] = {
        "text": _hint_for_text,
        "true or false": _hint_for_bool,
        "a list": _hint_for_list,
        "a whole number": _hint_for_number,
    }
    hint = hints.get(expected)
    return hint(node) if hint else ""


def _map_hint(path: Path, node: Node) -> str:
    """Say how the sections are written that have a short form."""
    if path == ("start",) and isinstance(node, ScalarNode):
        return f"write [{node.written}]"
    if path == ("fetch", "auth"):
        return 'write "https://shop.example": {bearer: "${TOKEN}"}'
    if path == ("fetch", "proxies"):
        return "write {urls: [...]} or {environment: true}"
    if len(path) == 3 and path[0] == "schemas":
        kind = '"list[str]"' if isinstance(node, ListNode) else "str"
        return f"name its type, e.g. {path[-1]}: {kind}"
    return ""


def _hint_for_text(node: Node) -> str:
    if isinstance(node, ScalarNode) and node.value is not None:
        return f'quote it: "{node.written}"'
    if isinstance(node, MapNode) and len(node.entries) == 1:
        return f'a text that begins with "{{" needs quotes: "{{{next(iter(node.entries))}}}..."'
    return ""


def _hint_for_bool(node: Node) -> str:
    words = {"yes": "true", "on": "true", "no": "false", "off": "false", "1": "true", "0": "false"}
    written = node.written.lower() if isinstance(node, ScalarNode) else ""
    meant = words.get(written, written)
    return f"write {meant}" if meant in ("true", "false") else ""


def _hint_for_list(node: Node) -> str:
    if isinstance(node, ScalarNode) and node.value is not None:
        return f"write [{node.written}]"
    return "begin each entry with a dash" if isinstance(node, MapNode) else ""


def _hint_for_number(node: Node) -> str:
    if isinstance(node, ScalarNode) and not node.plain and node.written.strip().isdigit():
        return f"without quotes: {node.written.strip()}"
    return ""


def _discreet(problem: Problem, node: Node) -> Problem:
    """Keep the value of a variable out of what is printed: it may be a secret."""
    if not isinstance(node, ScalarNode) or not node.from_environment:
        return problem
    message = problem.message.replace(str(node.value), node.written) if node.value else ""
    return Problem(
        message=message or problem.message,
        source=problem.source,
        line=problem.line,
        column=problem.column,
        text=problem.text,
        hint=f"the value is that of {node.written}",
    )
