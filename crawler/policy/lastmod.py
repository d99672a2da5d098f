"""What the dates in sitemaps and feeds are worth. Pure.

Many a site writes the time at which its list was made, or none that means anything, into
`lastmod`: it is a hint until visits have proved it right.
"""

from __future__ import annotations

from crawler.page_memory import PageMemory

#: Visits from which on dates may be trusted, and the share of them that they must be right about.
ENOUGH, MOSTLY = 20, 0.9


def dates_prove_right(visits: int, rightly: int) -> bool:
    """Tell whether dates are to be trusted.

    Args:
        visits: Visits to pages whose dates were known.
        rightly: Those that found a change exactly if the date said so.
    """
    return visits >= ENOUGH and rightly >= MOSTLY * visits


def says_changed(memory: PageMemory, lastmod: float) -> bool:
    """Tell whether a date says that a page changed since it was visited."""
    return lastmod > memory.fetched


def may_wait(memory: PageMemory, lastmod: float, now: float, longest: float) -> bool:
    """Tell whether a page need not be visited, by a date that is trusted.

    Args:
        memory: What is remembered of the page.
        lastmod: What the list of today says.
        now: Wall-clock seconds.
        longest: Most seconds between two visits, whatever lists say.
    """
    return not says_changed(memory, lastmod) and 0 <= now - memory.fetched < longest
