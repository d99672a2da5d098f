"""File names as text that JSON can hold, and back: on disk they are bytes, not all UTF-8."""

from __future__ import annotations

import os
from urllib.parse import quote_from_bytes, unquote_to_bytes

_SCHEME = "file://"


def text_of(path: str) -> str:
    """Return a path as it is written down.

    Almost all are their own text. One that is no UTF-8, or might be taken for the other kind, is a
    `file:` URL (RFC 8089).
    """
    if path.startswith(_SCHEME):
        return _SCHEME + quote_from_bytes(os.fsencode(path))
    try:
        path.encode()
    except UnicodeEncodeError:
        return _SCHEME + quote_from_bytes(os.fsencode(path))
    return path


def path_of(text: str) -> str:
    """Return the path that `text_of` wrote down."""
    if text.startswith(_SCHEME):
        return os.fsdecode(unquote_to_bytes(text.removeprefix(_SCHEME)))
    return text
