"""The types of a schema: what each takes, as the value it then is.

A text is taken where all of it is a value of the type ("12", " 3.50 ", "true"), as selectors give
texts. Nothing is guessed: "£3" is no number, 1 is not true.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crawler.extract.element_text import number_in
from crawler.extract.links import absolute_url
from crawler.urls import UrlError, parse

_WHOLE = re.compile(r"\s*([-+]?\d{1,30})(?:\.0{1,30})?\s*", re.ASCII)
_NUMBER = re.compile(r"\s*[-+]?(?:\d{1,300}(?:\.\d{0,300})?|\.\d{1,300})(?:[eE][-+]?\d{1,3})?\s*",
                     re.ASCII)  # fmt: skip
_TRUTH = {"true": True, "false": False}


class Unfit(ValueError):
    """A value is none of its type; the message says what it is not, without a full stop."""


#: Returns a value as one of the type, or raises Unfit.
Reader = Callable[[Any], Any]


def read_text(value: Any) -> str:
    """Take a text."""
    if isinstance(value, str):
        return value
    scalar = isinstance(value, int | float | Decimal)
    raise Unfit("is no text" + (" (`then: [text]` makes one of it)" if scalar else ""))


def read_whole(value: Any) -> int:
    """Take a whole number of at most 64 bits, also one that is written as 12.0."""
    text = _WHOLE.fullmatch(value) if isinstance(value, str) else None
    if text is not None:
        number = int(text[1])
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif _is_finite(value) and value == int(value):
        number = int(value)
    else:
        raise Unfit("is no whole number" + _number_hint(value))
    if not -(1 << 63) <= number < 1 << 63:
        raise Unfit("is a number beyond 64 bits")
    return number


def read_float(value: Any) -> float:
    """Take a number; infinity and NaN are none."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise Unfit("is no number" + _number_hint(value))
    try:
        number = float(value)
    except (OverflowError, ValueError):  # 10**400, and a Decimal's signalling NaN
        number = math.inf
    if not math.isfinite(number):
        raise Unfit("is no number that a float can hold")
    return number


def read_decimal(value: Any) -> Decimal:
    """Take a number exactly; of a float the shortest form, as it stood in the text."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise Unfit("is no number" + _number_hint(value))
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not number.is_finite():
        raise Unfit("is no finite number")
    return number


def read_truth(value: Any) -> bool:
    """Take true and false."""
    if isinstance(value, bool):
        return value
    truth = _TRUTH.get(value.strip().lower()) if isinstance(value, str) else None
    if truth is None:
        hint = " (`then: [{contains: ...}]` makes one of a text)" if isinstance(value, str) else ""
        raise Unfit(f"is neither true nor false{hint}")
    return truth


def read_date(value: Any) -> date:
    """Take a date, also that of a time, where it is."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return _datetime(value, "date").date()


def read_datetime(value: Any) -> datetime:
    """Take a time; a date alone is its midnight."""
    return _datetime(value, "date and time")


def read_url(value: Any) -> str:
    """Take an absolute http or https URL, in the form a browser would send it."""
    if not isinstance(value, str):
        raise Unfit("is no URL")
    try:
        url = parse(value)
    except UrlError:
        hint = "" if ":" in value[:12] else " (`then: [absolute_url]` makes one of a link)"
        raise Unfit(f"is no absolute http or https URL{hint}") from None
    # A URL to fetch has no fragment; one that is data keeps it.
    return absolute_url(url, value) if "#" in value else url


#: By name, as a config writes them.
READERS: Mapping[str, Reader] = {
    "str": read_text,
    "int": read_whole,
    "float": read_float,
    "decimal": read_decimal,
    "bool": read_truth,
    "date": read_date,
    "datetime": read_datetime,
    "url": read_url,
}


def _datetime(value: Any, what: str) -> datetime:
    from crawler.extract.dates import datetime_in  # slow to import, and few items have dates

    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - it has no zone
    day = datetime_in(value) if isinstance(value, str) else None
    if day is None:
        hint = ""
        if isinstance(value, str) and any(one.isdigit() for one in value):
            hint = ' (`then: [{datetime: "%d/%m/%Y"}]` says how to read it)'
        raise Unfit(f"is no {what} that can be read one way only{hint}")
    return day


def _is_finite(value: Any) -> bool:
    if isinstance(value, str):
        return False
    return (isinstance(value, float) and math.isfinite(value)) or (
        isinstance(value, Decimal) and value.is_finite() and abs(value) < 1 << 64
    )


def _number_hint(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    if value.startswith("<"):
        return " (it is an element; `::text` selects the text in it)"
    return " (`then: [number]` reads the one in it)" if number_in(value) is not None else ""
