"""JMESPath expressions, compiled once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crawler.errors import ConfigError

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
        search = jmespath.compile(expression).search
    except JMESPathError as error:
        why = " ".join(str(error).split())
        raise ConfigError(f"jmes {expression!r} is not valid: {why}") from None

    def found(data: Any) -> list[Any]:
        try:
            result = search(data)
        except JMESPathError:
            # `length(@)` of a document without that list: nothing is there, as with a path.
            return []
        if isinstance(result, list):
            return [one for one in result if one is not None]
        return [] if result is None else [result]

    return found
