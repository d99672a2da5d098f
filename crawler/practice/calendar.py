"""A trap: a calendar that links each month to the next and the one before, without end.

All of it is below `/calendar/`, and nothing forbids it: a crawl has to know for itself.
"""

from __future__ import annotations

import re

from crawler.practice.page import Page, html_page

FIRST = "/calendar/2026/11.html"

_PATH = re.compile(r"/calendar/([1-9]\d{0,8})/(0[1-9]|1[0-2])\.html")
_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def calendar_page(path: str) -> Page | None:
    """Return the page of a month; None if the path names none."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    year, month = int(match.group(1)), int(match.group(2))
    at = year * 12 + month - 1
    title = f"{_NAMES[month - 1]} {year}"
    content = f"""<h1>{title}</h1>
<p>No readings this month.</p>
<ul><li><a rel="prev" href="{_month(max(at - 1, 12))}">the month before</a></li>
<li><a rel="next" href="{_month(at + 1)}">the next month</a></li></ul>"""
    return html_page(title, content)


def _month(at: int) -> str:
    return f"/calendar/{at // 12}/{at % 12 + 1:02d}.html"
