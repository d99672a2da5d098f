"""Whether the default of a schema's field fits all that is asked of its values."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from crawler.config.models.fields import bad_whole
from crawler.config.models.typed_values import TYPES, item_type, typed
from crawler.expressions import plain

_BOUNDS: Mapping[str, Callable[[Any, float], bool]] = {
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
}


def check_fits(kind: str, value: object, what: str = "") -> Any:
    """Return a value as its type; one that does not fit is an error that `what` begins."""
    try:
        return typed(kind, value)
    except ValueError as error:
        raise bad_whole(f"{what}{value!r} is not {error}") from None


def check_default(value: object, field: Mapping[str, Any]) -> None:
    """Check a default against the other settings of its field.

    Args:
        value: The default, not None.
        field: The settings by key; those that are wrong themselves are absent.
    """
    if field.get("key"):
        raise bad_whole("a key has no default: it would make items look the same")
    name, many = item_type(field["type"])
    if many:
        _check_list(name, value, field)
    elif name not in TYPES:
        raise bad_whole("a record has no default", "write optional: true")
    else:
        _check_single(check_fits(name, value, "the default "), value, field)


def _check_list(name: str, value: object, field: Mapping[str, Any]) -> None:
    if not isinstance(value, list):
        raise bad_whole(f"the default {value!r} is not a list", "e.g. default: []")
    if name not in TYPES and value:
        raise bad_whole("a list of records can only have the default []")
    for one in value:
        check_fits(name, one, "in the default, ")
    _check_length(len(value), value, field)


def _check_single(value: Any, written: object, field: Mapping[str, Any]) -> None:
    allowed = field.get("one_of")
    if allowed is not None and written not in allowed:
        raise bad_whole(f"the default {written!r} is not in one_of")
    pattern = field.get("pattern")
    if pattern is not None and not plain(pattern).search(value):
        raise bad_whole(f"the default {written!r} does not fit the pattern")
    if isinstance(value, str):
        _check_length(len(value), written, field)
    for key, fits in _BOUNDS.items():
        bound = field.get(key)
        if bound is not None and not fits(value, bound):
            raise bad_whole(f"the default {written} is not within {key}: {bound:g}")


def _check_length(length: int, written: object, field: Mapping[str, Any]) -> None:
    least, most = field.get("min_length"), field.get("max_length")
    if (least is not None and length < least) or (most is not None and length > most):
        raise bad_whole(f"the default {written!r} is too short or too long")
