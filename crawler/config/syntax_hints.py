"""What to do about text that is no YAML: the parser's word for it, and a hint for people."""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml

from crawler.config.nodes import Place
from crawler.errors import Problem

_ALIAS_HINT = 'a plain value cannot start with "*" (YAML reads it as an alias)'


def explain(error: yaml.YAMLError, place_of: Callable[[yaml.Mark | None], Place]) -> Problem:
    """Return the problem that stands for a parser's error."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return place_of(None).problem(f"this is no YAML: {error}")
    mark = error.problem_mark
    if error.context and ("alias" in error.context or "quoted scalar" in error.context):
        # Where the value begins says more than where the parser gave up.
        mark = error.context_mark or mark
    place = place_of(mark)
    rest = place.text[place.column - 1 :] if place.column else ""
    hint = _hint(error, place, place_of(error.context_mark))
    return place.problem(_message(error, rest), hint)


def _message(error: yaml.MarkedYAMLError, rest: str) -> str:
    problem = error.problem or "this is no YAML"
    if "quoted scalar" in (error.context or "") and "end of stream" in problem:
        return "a quoted text does not end"
    if "alias" in (error.context or ""):
        return "a plain '*' begins an alias"
    if "cannot start any token" in problem:
        return "a tab in the indentation" if _is_tab(rest) else "no plain value begins like this"
    return problem


def _hint(error: yaml.MarkedYAMLError, place: Place, context: Place) -> str:
    problem = error.problem or ""
    rest = place.text[place.column - 1 :] if place.column else ""
    if "alias" in (error.context or ""):
        return f"quote it: {_ALIAS_HINT}; e.g. {_quoted(place, rest)}"
    if "cannot start any token" in problem:
        if _is_tab(rest):
            return "indent with spaces"
        return (
            f'quote it: a plain value cannot start with "{rest[:1]}"; e.g. {_quoted(place, rest)}'
        )
    if "mapping values are not allowed" in problem:
        return 'quote a text that contains ": "; else look at the indentation and at earlier colons'
    if "unknown escape" in problem:
        return "write the backslash twice, or use single quotes"
    if "did not find expected" in problem or problem.startswith("expected"):
        listed = re.search(r"list\[\w*\]", place.text)
        if listed:
            return f'quote a type with brackets: "{listed.group()}"'
        if "{" in place.text:
            return 'a text that begins with "{" needs quotes; else a bracket or a comma is missing'
        opened = f" of line {context.line}" if context.line else ""
        return f"is the indentation right, and is every bracket{opened} closed?"
    return ""


def _is_tab(rest: str) -> bool:
    # Places show a tab as a space, and no line ends in either.
    return rest[:1] in ("", " ")


def _quoted(place: Place, rest: str) -> str:
    """Return the line's key with its value in quotes."""
    inside_flow = any(mark in place.text[: place.column] for mark in "[{")
    value = rest.split(" #")[0].rstrip()
    if inside_flow:
        value = value.split(",")[0].rstrip("]} ")
        return f'"{value}"'
    key = place.text[: place.column - 1].strip()
    return f'{key} "{value}"'
