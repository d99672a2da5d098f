"""What an answer says of parts: whether a rest can be asked for, and which part has come."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

from crawler.messages import Headers

_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")


def strong_validator(headers: Headers) -> str:
    """Return what `If-Range` may carry (RFC 9110 §13.1.5), "" where nothing is fit for it.

    A date is, if it lies a second or more before that of the answer (§8.8.2.2): who changes a file
    twice in a second leaves the date as it was.
    """
    if headers.text("content-encoding") not in ("", "identity"):
        return ""
    if headers.text("accept-ranges").strip().lower() == "none":
        return ""
    tag = headers.text("etag").strip()
    if tag:
        return tag if tag.startswith('"') and tag.endswith('"') and len(tag) > 2 else ""
    modified, date = headers.text("last-modified"), headers.text("date")
    try:
        age = parsedate_to_datetime(date) - parsedate_to_datetime(modified)
        return modified if age.total_seconds() >= 1 else ""
    except (TypeError, ValueError, OverflowError):
        return ""


def bytes_of_range(headers: Headers) -> tuple[int | None, int | None]:
    """Return the first byte of a part and the size of the whole; None for what is not said."""
    match = _RANGE.fullmatch(headers.text("content-range").strip())
    if match is None:
        return None, None
    return int(match[1]), None if match[3] == "*" else int(match[3])
