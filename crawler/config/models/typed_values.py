"""Values of a schema that stand in the config itself: `default`, `one_of` and the bounds."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from crawler.urls import UrlError, parse

_LIST = re.compile(r"list\[\s*(\w+)\s*\]")


def item_type(written: str) -> tuple[str, bool]:
    """Return a type, and whether a list of it is meant: `list[str]` is (`str`, True)."""
    match = _LIST.fullmatch(written.strip())
    return (match.group(1), True) if match else (written.strip(), False)


def typed(kind: str, value: object) -> object:
    """Return a value of the config as one of a simple type.

    Args:
        kind: One of `TYPES`.
        value: As YAML read it: text, number, true or false.

    Raises:
        ValueError: It is no such value; the message is what it should be.
    """
    return TYPES[kind](value)


def _str(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("text")
    return value


def _int(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("a whole number")
    return value


def _float(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError("a number")
    return float(value)


def _decimal(value: object) -> Decimal:
    # The shortest text that gives the float back is what stands in the file.
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?", value):
        return Decimal(value)
    raise ValueError("a number")


def _bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _date(value: object) -> datetime.date:
    try:
        return datetime.date.fromisoformat(_str(value))
    except ValueError:
        raise ValueError("a date like 2026-11-22") from None


def _datetime(value: object) -> datetime.datetime:
    try:
        return datetime.datetime.fromisoformat(_str(value))
    except ValueError:
        raise ValueError("a time like 2026-11-22T18:00:00Z") from None


def _url(value: object) -> str:
    try:
        parse(_str(value))
    except (ValueError, UrlError):
        raise ValueError("an http(s) URL") from None
    return _str(value)


#: The simple types, and how a value of the config becomes one.
TYPES: Mapping[str, Callable[[object], object]] = {
    "str": _str,
    "int": _int,
    "float": _float,
    "decimal": _decimal,
    "bool": _bool,
    "date": _date,
    "datetime": _datetime,
    "url": _url,
}
