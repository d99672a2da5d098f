"""Reads lists of URLs that are fetched: sitemaps and their indexes, feeds, robots.txt.

Pages that they name begin at depth 0. Lists that they name are read as well: three levels deep,
each once, and so many in a run. One that robots.txt names may lie on any host (sitemaps.org,
"Sitemaps & Cross Submits"), others on the sites of the lists that led to them, or in scope.
"""

from __future__ import annotations

import types
from collections.abc import Generator
from typing import TYPE_CHECKING

from crawler.messages import HttpResponse, QueuedRequest
from crawler.spider.intake import Intake, count_offsite
from crawler.spider.parsed import Parsed
from crawler.spider.payload import Payload, decode
from crawler.urls import Resolver, host_key, join, path_and_query

if TYPE_CHECKING:
    from crawler.extract.listed import ListedUrl, Listing

#: Decoded bytes of one list: sitemaps.org allows 50 MiB, so that a little more is no error.
MAX_SOURCE = 64 << 20
#: Steps from the first list to the last: robots.txt, an index, an index in that, a sitemap.
MAX_NESTING = 3

#: Entries between two moments in which others on the loop may go on.
_AT_ONCE = 1_000

#: Pages from which on one date for all of them is none of theirs.
_FEW = 3
_CUT = "body_cut"
_OLD = "older than start.newer_than"
_OFFSITE = "out of scope"
_KNOWN = "lists that were asked for already"
#: Left out as the config wants it: worth a note only where nothing else is left.
_AS_WANTED = (_OLD, _OFFSITE, _KNOWN)


@types.coroutine
def _turn() -> Generator[None, None, None]:
    """Let others go on, on whatever loop this runs."""
    yield


class SourceReader:
    """Turns the answer for a list of URLs into the requests that stand in it.

    Args:
        newer_than: Wall-clock second; entries that say they are older are left out. None for all.
        dated: What entries say of their last change goes with their requests.
        news: That an entry is one of a list of news does.
        max_files: Most lists that lists lead to, over the whole run.
        files: How many there were in earlier processes of this run.
    """

    def __init__(
        self,
        *,
        newer_than: float | None = None,
        max_files: int = 500,
        files: int = 0,
        dated: bool = False,
        news: bool = False,
    ) -> None:
        self._dated = dated
        self._news = news
        self._newer_than = newer_than
        self._max_files = max_files
        self._files = files
        # Lists that were asked for. A resume forgets them, but the trail still ends every loop.
        self._known: set[str] = set()

    async def read(
        self, queued: QueuedRequest, http: HttpResponse, intake: Intake, parsed: Parsed
    ) -> None:
        """Add the requests of a list to what its answer gave.

        What was left out is noted with the reason; what is no list at all sets
        `parsed.unreadable`. Each entry takes about 10 us.

        Raises:
            CallbackError: The row cannot be read.
        """
        from crawler.extract.url_list import read_list  # a crawl without lists needs no XML parser

        payload = decode(queued.payload)
        # A robots.txt that was redirected stays one: its rules are for the host asked first.
        is_robots = any(path_and_query(url) == "/robots.txt" for url in (queued.url, *payload.hops))
        content_type = http.content_type
        listing = read_list(
            http.body, content_type, limit=MAX_SOURCE, is_robots=is_robots,
            dated=self._dated or self._news or self._newer_than is not None,
        )  # fmt: skip
        if listing.unreadable is not None:
            parsed.unreadable = f"no list of URLs: {listing.unreadable}"
            return
        if _CUT in http.flags:
            listing.defects.append(f"cut at {MAX_SOURCE >> 20} MiB")
        self._known.update((queued.url, *payload.hops, *payload.trail))
        reading = _Reading(queued, payload, listing, intake, parsed)
        reading.dated = self._dated and not _is_build_stamp(listing)
        reading.news = self._news
        for number, entry in enumerate(listing.entries, 1):
            self._take(entry, reading, anywhere=is_robots)
            if number % _AT_ONCE == 0:
                await _turn()
        reading.note()

    def _take(self, entry: ListedUrl, reading: _Reading, *, anywhere: bool) -> None:
        wanted = self._newer_than
        if wanted is not None and entry.latest is not None and entry.latest < wanted:
            reading.leave_out(_OLD)
            return
        url = reading.resolve(entry.href)
        if url is None:
            return
        if not entry.is_list:
            reading.add_page(url, entry)
        elif url in self._known:
            reading.leave_out(_KNOWN, by_others=True)
        else:
            self._take_list(url, reading, anywhere=anywhere)

    def _take_list(self, url: str, reading: _Reading, *, anywhere: bool) -> None:
        if len(reading.trail) > MAX_NESTING:
            reading.leave_out(f"lists nested deeper than {MAX_NESTING} levels")
        elif self._files >= self._max_files:
            most = self._max_files
            reading.leave_out(f"lists beyond start.max_sitemap_files: {most}", by_others=True)
        elif reading.add_list(url, anywhere=anywhere):
            self._known.add(url)
            self._files += 1


def _is_build_stamp(listing: Listing) -> bool:
    """Tell whether all pages of a list have one date: that is when the list was made."""
    dates = [entry.latest for entry in listing.entries if entry.latest and not entry.is_list]
    return len(dates) >= _FEW and len(set(dates)) == 1


class _Reading:
    """One list that is being read, and what was left out of it.

    Attributes:
        trail: The lists that led to its entries, itself last.
        dated: Its dates say something.
        news: It matters whether it is one of news.
    """

    dated = False
    news = False

    def __init__(
        self,
        queued: QueuedRequest,
        payload: Payload,
        listing: Listing,
        intake: Intake,
        parsed: Parsed,
    ) -> None:
        self.trail = (*payload.trail, queued.url)
        self._url = queued.url
        self._listing = listing
        self._intake = intake
        self._parsed = parsed
        self._left_out: dict[str, int] = {}
        base = join(queued.url, listing.base) if listing.base else None
        self._resolver = Resolver(base or queued.url)
        if listing.without_url:
            self._left_out["without a URL"] = listing.without_url

    def leave_out(self, why: str, *, by_others: bool = False) -> None:
        """Count an entry that is not taken, perhaps only because of what other lists gave."""
        self._parsed.by_others |= by_others
        self._left_out[why] = self._left_out.get(why, 0) + 1

    def resolve(self, href: str) -> str | None:
        """Return the URL of an entry; None, and counted, when it is no http(s) URL."""
        url = self._resolver.resolve(href)
        if url is None:
            self.leave_out("without a usable http(s) URL")
        return url

    def add_page(self, url: str, entry: ListedUrl) -> None:
        """Take in a page."""
        row = self._intake.listed(
            url, len(self._parsed.requests), self._parsed.offsite,
            entry.latest if self.dated else None, news=entry.news and self.news,
        )  # fmt: skip
        if row is None:
            self.leave_out(_OFFSITE)
        else:
            self._parsed.requests.append(row)

    def add_list(self, url: str, *, anywhere: bool) -> bool:
        """Take in a further list, if it may lie there."""
        ordinal = len(self._parsed.requests)
        row = self._intake.further(url, ordinal, self.trail, anywhere=anywhere)
        if row is None:
            self.leave_out("lists of other sites")
            count_offsite(self._parsed.offsite, host_key(url), url)
            return False
        self._parsed.requests.append(row)
        self._parsed.source_files += 1
        return True

    def note(self) -> None:
        """Note what was wrong with the list, and what was left out of it."""
        kept = len(self._parsed.requests)
        gain = f"{kept:,} URL{'' if kept == 1 else 's'} kept"
        notes = [f"{defect}; {gain}" for defect in self._listing.defects]
        if not kept or any(why not in _AS_WANTED for why in self._left_out):
            parts = [f"{why} ({count:,})" for why, count in self._left_out.items()]
            if parts:
                notes.append(f"{gain}; left out: {', '.join(parts)}")
        self._parsed.notes = (*self._parsed.notes, *(f"{self._url}: {note}" for note in notes))
