"""ETag and Last-Modified, and the 304 for a visitor who has the page already (RFC 9110 §13)."""

from __future__ import annotations

import hashlib
from email.utils import formatdate, parsedate_to_datetime

import msgspec

from crawler.practice.page import Page, Visit


def stamped(page: Page) -> Page:
    """Return the page with its validators; as it is, if it has no date or is no 200."""
    if page.modified is None or page.status != 200:
        return page
    tag = hashlib.sha256(page.body).hexdigest()[:16]
    validators = (
        ("ETag", f'"{tag}"'),
        ("Last-Modified", formatdate(page.modified, usegmt=True)),
    )
    return msgspec.structs.replace(page, headers=(*page.headers, *validators))


def unless_known(visit: Visit, page: Page) -> Page:
    """Return a 304 in place of a stamped page that the visitor has, by the visit's conditions."""
    if page.modified is None or visit.method not in ("GET", "HEAD"):
        return page
    headers = dict(page.headers)
    tags = visit.headers.get("If-None-Match")
    # §13.2.2: the date counts only where no tag is sent.
    known = (
        _names(tags, headers.get("ETag", ""))
        if tags is not None
        else _is_recent(visit.headers.get("If-Modified-Since", ""), page.modified)
    )
    if not known:
        return page
    return msgspec.structs.replace(page, status=304, body=b"")


def _names(tags: str, own: str) -> bool:
    # §8.8.3.2: weak comparison, W/ does not matter.
    return tags.strip() == "*" or own in {tag.strip().removeprefix("W/") for tag in tags.split(",")}


def _is_recent(date: str, modified: int) -> bool:
    try:
        return parsedate_to_datetime(date).timestamp() >= modified
    except ValueError:
        return False  # §13.1.3: a date that is none is ignored
