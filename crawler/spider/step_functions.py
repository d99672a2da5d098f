"""What each step of `then` does with one value.

A step takes an element, a text, or what another step made; what it cannot read gives None. None of
them raises, whatever a page holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crawler.expressions import Expression
from crawler.extract.document import SLOW_REGEX, Document
from crawler.extract.element_text import collapse, decimal_in, markup_of, number_in, text_of
from crawler.extract.links import absolute_url

#: One step over one value that is not None; the document is where the value was found.
Step = Callable[[Any, Document], Any]


def as_text(value: Any) -> str | None:
    """Return the text that a value stands for: of an element what a reader sees of it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    return text_of(value) if is_element(value) else None


def is_element(value: Any) -> bool:
    """Tell whether a value is an element of a page."""
    # Not `isinstance`: lxml need not be loaded for a crawl of JSON documents.
    return hasattr(value, "iterancestors")


def text(value: Any, _: Document) -> str | None:
    """Visible text, white space collapsed."""
    found = as_text(value)
    return None if found is None else collapse(found)


def strip(value: Any, _: Document) -> Any:
    """White space at both ends removed; of an element its markup."""
    if isinstance(value, str):
        return value.strip()
    return markup_of(value).strip() if is_element(value) else value


def number(value: Any, _: Document) -> int | float | Decimal | None:
    """The first number in a text."""
    if isinstance(value, int | float | Decimal):
        return None if isinstance(value, bool) else value
    found = as_text(value)
    return None if found is None else number_in(found)


def decimal(value: Any, _: Document) -> Decimal | None:
    """The first number in a text, exactly."""
    if isinstance(value, bool | date):
        return None
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int | float):
        # A float's shortest form is what stood in the JSON text.
        exact = Decimal(repr(value))
        return exact if exact.is_finite() else None
    found = as_text(value)
    return None if found is None else decimal_in(found)


def date_and_time(value: Any, _: Document) -> datetime | None:
    """A date as `crawler.extract.dates` reads it; an element's own `datetime` before its text."""
    # Its expressions take longer to compile than all else here to import.
    from crawler.extract.dates import datetime_in

    if isinstance(value, date):
        return _midnight(value)
    given = value.get("datetime") if is_element(value) else None
    found = as_text(value) if given is None else str(given)
    return None if found is None else datetime_in(found)


def absolute(value: Any, document: Document) -> str | None:
    """The absolute URL that a text, or an element's `href` or `src`, means on its page."""
    if isinstance(value, str):
        href: str | None = value
    elif is_element(value):
        href = value.get("href") or value.get("src")
    else:
        href = None
    if not href or not href.strip():
        return None
    return absolute_url(document.base, href, document.charset.codec)


def lower(value: Any, _: Document) -> Any:
    """A text in lower case."""
    found = as_text(value) if is_element(value) else value
    return found.lower() if isinstance(found, str) else found


def dated_by(form: str) -> Step:
    """Return the step that reads dates of one form, of `datetime.strptime`."""

    def step(value: Any, _: Document) -> datetime | None:
        if isinstance(value, date):
            return _midnight(value)
        found = as_text(value)
        if found is None:
            return None
        try:
            return datetime.strptime(collapse(found), form)  # noqa: DTZ007 - the form may have %z
        except (ValueError, OverflowError):
            return None

    return step


def searched(pattern: Expression) -> Step:
    """Return the step that gives group 1 of an expression's first match, or the whole match.

    A page on which a search takes too long is flagged, and searched no more.
    """
    group = 1 if pattern.groups else 0

    def step(value: Any, document: Document) -> str | None:
        found = as_text(value)
        if found is None or document.is_noted(SLOW_REGEX):
            return None
        try:
            match = pattern.search(found)
        except TimeoutError:
            document.note(SLOW_REGEX)
            return None
        return None if match is None else match[group]

    return step


def looked_up(table: Mapping[str, Any]) -> Step:
    """Return the step that replaces a text, white space around it aside, by what a table says."""

    def step(value: Any, _: Document) -> Any:
        found = as_text(value)
        return None if found is None else table.get(found.strip())

    return step


def containing(part: str) -> Step:
    """Return the step that tells whether a text has a part; true and false stay as they are."""

    def step(value: Any, _: Document) -> bool | None:
        if isinstance(value, bool):
            return value
        found = as_text(value)
        return None if found is None else part in found

    return step


def replacing(pairs: tuple[tuple[str, str], ...]) -> Step:
    """Return the step that replaces every occurrence of some texts, one after the other."""

    def step(value: Any, _: Document) -> str | None:
        found = as_text(value)
        if found is None:
            return None
        for old, new in pairs:
            found = found.replace(old, new)
        return found

    return step


def split_at(mark: str | None) -> Callable[[Any], list[str]]:
    """Return what makes a list of a text: its parts without the white space around them.

    Empty parts are left out. Without a mark the parts are the words.
    """

    def step(value: Any) -> list[str]:
        found = as_text(value)
        parts = [] if found is None else found.split(mark)
        return [part for part in (one.strip() for one in parts) if part]

    return step


def _midnight(day: date) -> datetime:
    if isinstance(day, datetime):
        return day
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a date has no zone
