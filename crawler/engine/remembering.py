"""Keeps what is learnt of pages, and gives again what a page gave that is as it was."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from crawler.engine.host_book import HostBook
from crawler.engine.tally import Tally
from crawler.interfaces import FrontierStore, Opened
from crawler.messages import QueuedRequest
from crawler.outcome import PageOutcome, Same
from crawler.page_memory import PageMemory
from crawler.policy.revisit import Revisits
from crawler.policy.sameness import Conditions, proves_wrong
from crawler.spider.gain import give_again


class Remembering:
    """The memory of an incremental job, between store and workers.

    Args:
        store: Has it.
        opened: The run. One that is no refresh asks for every page whole.
        conditions: When a server may say that a page is as it was.
        revisits: When pages are visited again.
        hosts: Whose 304s are trusted.
        tally: Counts hosts whose 304s proved wrong.
    """

    def __init__(
        self,
        store: FrontierStore,
        opened: Opened,
        conditions: Conditions,
        revisits: Revisits,
        hosts: HostBook,
        tally: Tally,
    ) -> None:
        self._store = store
        self._ordinal = opened.ordinal
        self._whole = not (opened.refresh or opened.retry_of)
        self._conditions = conditions
        self._revisits = revisits
        self._hosts = hosts
        self._tally = tally

    def prepare(self, request: QueuedRequest) -> None:
        """Decide, before a request goes out, whether it is conditional."""
        memory = request.memory
        if memory is None:
            return
        if self._whole and memory.rules is not None:
            # Of no rules: whatever comes is read.
            request.memory = msgspec.structs.replace(memory, rules=None)
        request.conditional = (
            request.method == "GET"
            and self._hosts.trusts_304(request.host)
            and self._conditions.holds(request.memory)
        )

    async def complete(self, outcomes: Sequence[PageOutcome], wall: float) -> None:
        """Complete outcomes before they are written: what they give again, what is remembered.

        Raises:
            StateError: What a page gave cannot be read.
        """
        again = [one for one in outcomes if one.same is not None and not one.same.read]
        if again:
            gains = await self._store.gains([one.request.id for one in again])
            for outcome in again:
                give_again(outcome, gains.get(outcome.request.id))
        for outcome in outcomes:
            if outcome.same is not None and outcome.memory is not None:
                outcome.memory = self._remembered(outcome, outcome.same, outcome.memory, wall)

    def _remembered(
        self, outcome: PageOutcome, same: Same, new: PageMemory, wall: float
    ) -> PageMemory:
        """Return what is to be remembered of a page from now on."""
        request, old = outcome.request, outcome.request.memory
        if same is Same.NOT_DUE or old is None:
            old = old or PageMemory(first_seen=wall, changed=wall)
            if same is Same.NOT_DUE:
                return msgspec.structs.replace(old, run=self._ordinal, gain=None)
        if proves_wrong(old, new, same, conditional=request.conditional):
            self._hosts.distrust_304(request.host)
            self._tally.wrong_304.setdefault(request.host, request.url)
        policy = self._revisits.of(request.url)
        interval = old.interval
        if old.rules is None or self._conditions.is_current(old) or not interval:
            changed = same is Same.CHANGED
            interval = policy.next_interval(old.interval or None, changed=changed)
        first_seen = min(old.first_seen, wall)  # the clock may have been set back
        return msgspec.structs.replace(
            new,
            print=new.print or old.print,
            simhash=old.simhash if new.simhash is None else new.simhash,
            first_seen=first_seen, fetched=wall,
            changed=wall if same in (Same.NEW_PAGE, Same.CHANGED) else min(old.changed, wall),
            interval=interval, due=policy.next_due(first_seen, wall, interval),
            visits=old.visits + 1 if request.conditional and not _is_full(outcome) else 0,
            wrong_304=old.wrong_304, lastmod=old.lastmod, news=old.news, misses=0, gone_since=None,
            run=self._ordinal,
        )  # fmt: skip


def _is_full(outcome: PageOutcome) -> bool:
    """Tell whether the whole page came."""
    return outcome.same is not Same.NOT_MODIFIED
