"""Lets lists (sitemaps, feeds) be read before the pages whose dates they have.

Only a refresh needs that, and only where dates may spare a visit: its pages are ready from the
beginning, and would be asked for before any list could speak of them.
"""

from __future__ import annotations

from crawler.engine.group_commit import GroupCommit
from crawler.engine.parts import Parts
from crawler.messages import QueuedRequest
from crawler.spider.payload import is_list


class ListsFirst:
    """Says whether a list is to be waited for.

    Args:
        parts: Of the crawl.
        commits: Writes what `start` gives.
    """

    def __init__(self, parts: Parts, commits: GroupCommit) -> None:
        dated = parts.remembering is not None and parts.remembering.dated
        self._wanted = dated and parts.opened.refresh
        self._opening = self._wanted
        self._starts = parts.starts
        self._commits = commits
        self._out: set[int] = set()

    @property
    def holds(self) -> bool:
        """Nothing is to be sent now."""
        if self._opening:
            starts = self._starts
            self._opening = starts.holds or not (starts.empty and self._commits.idle)
        return self._opening or bool(self._out)

    def sent(self, request: QueuedRequest) -> None:
        """Note that a request goes out."""
        if self._wanted and request.payload is not None and is_list(request.payload):
            self._out.add(request.id)

    def back(self, row: int) -> None:
        """Note that a request is committed, or goes back into its queue."""
        self._out.discard(row)
