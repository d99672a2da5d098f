"""Gathers outcomes and commits them together.

Outcomes gather while more work is ready, up to 50 ms or 200 pages, and are committed at once when
nothing is, so that a chain of pages never waits. One commit is under way at a time; what arrives
meanwhile is the next batch, and it gathers as long as any other. After a kill, the pages fetched
again are those in flight and those gathered here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from crawler.outcome import PageOutcome

#: Pages in one commit, about; the engine sends nothing more out while so many are uncommitted.
BATCH_PAGES = 200
#: Seconds that an outcome waits for company.
LINGER = 0.05

CommitPages = Callable[[list[PageOutcome]], Awaitable[None]]


class GroupCommit:
    """The queue between deliveries and commits.

    Args:
        commit: Writes a list of outcomes; called for one list at a time, never with none unless
            `poke` asked for it.
        more_ready: Says whether another request could go out this instant.
        busy: Says whether the hosts of some outcomes have more to answer, so that nothing waits
            for what these outcomes add.
    """

    def __init__(
        self,
        commit: CommitPages,
        more_ready: Callable[[], bool],
        busy: Callable[[Sequence[PageOutcome]], bool],
    ) -> None:
        self._commit = commit
        self._more_ready = more_ready
        self._busy = busy
        self._gathered: list[PageOutcome] = []
        self._wake = asyncio.Event()
        self._poked = False
        self._closed = False
        self._committing = False
        self._timer: asyncio.TimerHandle | None = None

    def add(self, outcome: PageOutcome) -> None:
        """Take an outcome in."""
        self._gathered.append(outcome)
        if len(self._gathered) >= BATCH_PAGES or not self._more_ready():
            self._wake.set()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LINGER, self._wake.set)

    def poke(self) -> None:
        """Ask for a commit even if no outcome waits: start requests came in."""
        self._poked = True
        self._wake.set()

    def close(self) -> None:
        """Let `run` end once everything is committed."""
        self._closed = True
        self._wake.set()

    @property
    def idle(self) -> bool:
        """Nothing is gathered, asked for or under way."""
        return not (self._gathered or self._poked or self._committing)

    @property
    def committing(self) -> bool:
        """A commit is under way."""
        return self._committing

    async def run(self) -> None:
        """Commit until closed."""
        while not (self._closed and not self._gathered and not self._poked):
            await self._wake.wait()
            self._wake.clear()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            outcomes, self._gathered = self._gathered, []
            poked, self._poked = self._poked, False
            if outcomes or poked:
                self._committing = True
                await self._commit(outcomes)
                self._committing = False
                self._go_on()

    def _go_on(self) -> None:
        """Commit what came meanwhile at once if something waits for it; else it has its timer."""
        gathered = self._gathered
        if gathered and not (self._more_ready() or self._busy(gathered)):
            self._wake.set()
