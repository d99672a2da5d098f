"""JMESPath expressions, compiled once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crawler.errors import ConfigError

# What functions raise that the library leaves alone: `ceil` of infinity, `avg` of endless digits.
_UNFIT = (ArithmeticError, ValueError, RecursionError)

#: Finds values in a JSON document, in its order; nothing where the document is shaped otherwise.
JsonFinder = Callable[[Any], list[Any]]


def compile_jmes(expression: str) -> JsonFinder:
    """Compile a JMESPath expression (https://jmespath.org/specification.html).

    What it gives as a list are several matches, anything else but null is one.

    Raises:
        ConfigError: It is no valid expression.
    """
    import jmespath  # type: ignore[import-untyped]
    from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]

    try:
        compiled = jmespath.compile(expression)
        why = _impossible(compiled.parsed)
    except (JMESPathError, RecursionError) as error:
        why = _reason(error, expression)
    if why:
        raise ConfigError(f"jmes {expression!r} is not valid: {why}") from None
    search = compiled.search

    def found(data: Any) -> list[Any]:
        try:
            result = search(data)
        except (JMESPathError, *_UNFIT):
            # `length(@)` of a document without that list: nothing is there, as with a path.
            return []
        if isinstance(result, list):
            return [one for one in result if one is not None]
        return [] if result is None else [result]

    return found


def _reason(error: Exception, expression: str) -> str:
    """Say why an expression cannot be parsed, in few words."""
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    place = getattr(error, "lex_position", None)
    if place is None:
        return "it is empty"
    if place >= len(expression):
        return "something is missing at its end"
    return f"it cannot go on at column {place + 1} with {expression[place : place + 20]!r}"


def _impossible(node: Any) -> str:
    """Say what is wrong with an expression on every document, "" for nothing.

    The library finds that out only on a document, where a wrong function looks like missing data.
    """
    if not isinstance(node, dict):
        return ""
    if node["type"] == "function_expression":
        why = _call(node["value"], len(node["children"]))
        if why:
            return why
    if node["type"] == "slice" and node["children"][2] == 0:
        return "the step of a slice cannot be 0"
    return next(filter(None, map(_impossible, node["children"])), "")


def _call(name: str, given: int) -> str:
    """Say what is wrong with a call, by the library's own table of functions."""
    from jmespath.functions import Functions  # type: ignore[import-untyped]

    entry = Functions.FUNCTION_TABLE.get(name)
    if entry is None:
        return f"there is no function {name}()"
    arguments = entry["signature"]
    open_end = any(one.get("variadic") for one in arguments)
    if given == len(arguments) or (open_end and given > len(arguments)):
        return ""
    return f"{name}() takes {len(arguments)}, not {given} arguments"
