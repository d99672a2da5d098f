"""Settles pages that are not due: without a request, with what they gave when they were read last.

They wait until all else is done, as a list (sitemap, feed) may say until then that one of them
changed. Before that, pages that wait for a link (`BY_LINKS`) and were found by none are asked for.
The links of all are taken in like those of any page, so that the crawl may go on behind them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from crawler.engine.group_commit import GroupCommit
from crawler.engine.parts import Parts
from crawler.engine.remembering import not_due
from crawler.outcome import PageOutcome

#: Pages settled at a time.
_AT_A_TIME = 200


class NotDue:
    """The pages of an incremental job that are not due.

    Args:
        parts: Of the crawl.
        commits: Takes what becomes of them.
        came: Called when none is left.
    """

    def __init__(self, parts: Parts, commits: GroupCommit, came: Callable[[], None]) -> None:
        self._came = came
        self._parts = parts
        self._commits = commits
        self._settling: asyncio.Task[None] | None = None
        self._done = parts.remembering is None
        self._waiting: set[int] = set()  # rows whose commit is to come
        self._committed = asyncio.Event()
        self._looked = False  # whether anything waits for a link

    def settle_next(self, group: asyncio.TaskGroup) -> bool:
        """Begin to settle some, unless none is left; return whether that is so."""
        if not self._done and (self._settling is None or self._settling.done()):
            self._settling = group.create_task(self._go_on())
        return self._done

    def committed(self, outcomes: Sequence[PageOutcome]) -> None:
        """Note that outcomes are in the store."""
        if self._waiting:
            self._waiting.difference_update(outcome.request.id for outcome in outcomes)
            if not self._waiting:
                self._committed.set()

    async def finish(self, *, stopped: bool) -> None:
        """Settle what is left, as nothing more is fetched; a run that is stopped leaves it."""
        if self._settling is not None:
            await self._settling
        while not (self._done or stopped):
            await self._settle_some()

    async def _go_on(self) -> None:
        """Have what no link led to be asked for; if there is nothing like that, settle some."""
        if not self._looked:
            parts, now = self._parts, self._parts.clock.monotonic()
            left = await parts.store.unfound(parts.opened.grant, unled=parts.recheck)
            for name, count in left.items():
                parts.frontier.spilled(name, count, now)
            self._looked = not left
        if self._looked:
            await self._settle_some()
        else:
            self._came()

    async def _settle_some(self) -> None:
        rows = await self._parts.store.not_due(self._parts.opened.grant, _AT_A_TIME)
        if not rows:
            self._done = True
            self._came()
            return
        self._committed.clear()
        self._waiting = {request.id for request in rows}
        for request in rows:
            self._commits.add(not_due(request))
        self._commits.poke()
        await self._committed.wait()
