"""The ends that a config sets to a run: pages, time, items."""

from __future__ import annotations

import msgspec

#: Why a run ended that wrote as many items as were asked for.
LIMIT_REACHED = "limit"
#: Why a run ended that waited for a name server as long as it was to.
NO_NAMES = "no_name_server"
#: The same for room on the disk.
NO_ROOM = "no_room"
#: Why a run ended that the next one goes on with, as its time of the night was over.
PAUSED = "paused"


class RunLimits(msgspec.Struct, frozen=True, kw_only=True):
    """When a run ends before its frontier is empty; None for no limit.

    Attributes:
        concurrency: Requests in flight over all hosts.
        max_pages: Pages done.
        max_items: Items written; exact, the page that goes beyond is cut.
        max_runtime: Seconds, those of interrupted processes of the same run included.
    """

    concurrency: int = 64
    max_pages: int | None = None
    max_items: int | None = None
    max_runtime: float | None = None
