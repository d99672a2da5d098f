"""Reads lists of URLs that are fetched: sitemaps and their indexes, feeds, robots.txt."""

from __future__ import annotations

from crawler.messages import HttpResponse, QueuedRequest
from crawler.spider.intake import Intake
from crawler.spider.parsed import Parsed

#: Decoded bytes of one list: sitemaps.org allows 50 MiB, so that a little more is no error.
MAX_SOURCE = 64 << 20


class SourceReader:
    """Turns the answer for a list of URLs into the requests that stand in it.

    Args:
        newer_than: Wall-clock second; entries that say they are older are left out. None for all.
        max_files: Most lists that lists lead to, over the whole run.
        files: How many there were in earlier processes of this run.
    """

    def __init__(
        self, *, newer_than: float | None = None, max_files: int = 500, files: int = 0
    ) -> None:
        self._newer_than = newer_than
        self._max_files = max_files
        self._files = files

    def read(
        self, queued: QueuedRequest, http: HttpResponse, intake: Intake, parsed: Parsed
    ) -> None:
        """Add the requests of a list to what its answer gave."""
        raise NotImplementedError
