"""JSON as it is found on the web, read into plain data that can be written again."""

from __future__ import annotations

from typing import Any

import msgspec

from crawler.errors import CallbackError
from crawler.items import to_record

_WRAP = "v"


class NotJson(ValueError):
    """A text that is no JSON; the message says where it stops being it."""


def read_json(text: str | bytes) -> Any:
    """Return what a JSON text holds.

    Line breaks inside of strings are read, which the standard forbids and many sites write.

    Raises:
        NotJson: It is no JSON, or is nested deeper than anything can use.
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    # Once more by the parser that forgives more and says where it stopped.
    import json

    try:
        return to_plain(json.loads(text, strict=False))
    except (ValueError, RecursionError, CallbackError) as error:
        raise NotJson(str(error) or type(error).__name__) from None


def to_plain(value: Any, name: str = _WRAP) -> Any:
    """Return a copy of a value as plain data, see `crawler.items.to_record`.

    Raises:
        CallbackError: It holds something else; `name` says which field.
    """
    return to_record({name: value})[1][name]
