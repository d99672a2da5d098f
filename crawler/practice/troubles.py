"""Pages that cost a crawler time, patience or wits, one function each."""

from __future__ import annotations

import re

from crawler.practice import calendar
from crawler.practice.page import Page, Visit, failure, html_page, redirect

SLOW_SECONDS = 2.0
RETRY_AFTER_SECONDS = 2
BIG_BYTES = 1 << 20

# Each status in turn, as sites do when they move more than once.
_CHAIN = (301, 302, 307, 308)
_CHAIN_PATH = re.compile(r"/chain/([1-4])\.html")

_TROUBLES = f"""<h1>Troubles</h1>
<p>What can go wrong without anybody meaning harm.</p>
<ul>
<li><a href="/flaky.html">a page that fails twice before it answers</a></li>
<li><a href="/busy.html">a page that asks to come back later</a></li>
<li><a href="/slow.html">a page that takes its time</a></li>
<li><a href="/chain/1.html">a page that moved four times</a></li>
<li><a href="/temporary.html">a page that is elsewhere today</a></li>
<li><a href="/permanent.html">a page that is elsewhere for good</a></li>
<li><a href="/big.html">a page of a megabyte</a></li>
<li><a href="{calendar.FIRST}">a calendar that never ends</a></li>
<li><a href="/login.html">a form to sign in</a></li>
<li><a href="/account.html">a page for those who did</a></li>
<li><a href="/api.html">data without a page</a></li>
</ul>"""

_API = """<h1>The stock as data</h1>
<p><a href="/api/books.json">books.json</a> has fifty books at a time and the address of the next
fifty. <a href="/images/list.csv">list.csv</a> names the pictures of all covers.</p>"""


def troubles(_: Visit) -> Page:
    """Link to every trouble."""
    return html_page("Troubles", _TROUBLES)


def slow(_: Visit) -> Page:
    """Take two seconds."""
    page = html_page("Slow", "<h1>Here at last</h1>")
    return Page(body=page.body, delay=SLOW_SECONDS)


def busy(visit: Visit) -> Page:
    """Send each client away once: 429 with Retry-After (RFC 6585 §4)."""
    if visit.earlier == 0:
        return failure(429, "Too many requests", ("Retry-After", str(RETRY_AFTER_SECONDS)))
    return html_page("Busy", "<h1>Thank you for waiting</h1>")


def flaky(visit: Visit) -> Page:
    """Fail each client twice with a 500, which says nothing of the load."""
    if visit.earlier < 2:
        return failure(500, "Out of order")
    return html_page("Flaky", "<h1>Works again</h1>")


def unavailable(visit: Visit) -> Page:
    """Fail each client twice with a 503, without a word on when to come back.

    No page links here: it slows a polite crawl of the whole site for a quarter of a minute.
    """
    if visit.earlier < 2:
        return failure(503, "Unavailable")
    return html_page("Available", "<h1>Available again</h1>")


def temporary(_: Visit) -> Page:
    """Redirect for today."""
    return redirect(302, "/catalogue/page-3.html")


def permanent(_: Visit) -> Page:
    """Redirect for good, method and all."""
    return redirect(308, "/catalogue/page-4.html")


def chain(path: str) -> Page | None:
    """Redirect one step on, the last time to a list; None if the path is no such step."""
    match = _CHAIN_PATH.fullmatch(path)
    if match is None:
        return None
    step = int(match.group(1))
    last = step == len(_CHAIN)
    return redirect(_CHAIN[step - 1], "/catalogue/page-5.html" if last else f"{step + 1}.html")


def big(_: Visit) -> Page:
    """Answer with a megabyte of ordinary HTML."""
    row = "<tr><td>Nothing</td><td>to see</td><td>in this row</td></tr>\n"
    return html_page("Big", f"<h1>Big</h1>\n<table>\n{row * (BIG_BYTES // len(row))}</table>")


def api(_: Visit) -> Page:
    """Link to what has no page."""
    return html_page("Data", _API)
