"""Keeps what is learnt of pages, and gives again what a page gave that is as it was."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from crawler.engine.host_book import HostBook
from crawler.engine.tally import Tally
from crawler.interfaces import FrontierStore, Opened
from crawler.messages import QueuedRequest
from crawler.outcome import KEPT, REREAD, PageOutcome, Same, SkipReason, State
from crawler.page_memory import PageMemory
from crawler.policy.gone import MISSING, GoneRules, is_gone
from crawler.policy.lastmod import may_wait, says_changed
from crawler.policy.revisit import Revisits
from crawler.policy.sameness import Conditions, proves_wrong
from crawler.spider.gain import give_again
from crawler.spider.payload import is_list

#: Pages whose dates are kept in memory: 100 MB at most.
_DATES = 500_000


class Remembering:
    """The memory of an incremental job, between store and workers.

    Args:
        store: Has it.
        opened: The run. One that is no refresh asks for every page whole.
        conditions: When a server may say that a page is as it was.
        revisits: When pages are visited again.
        hosts: Whose 304s are trusted.
        tally: Counts hosts whose 304s proved wrong.
        lastmod: What the dates of lists are worth: "ignore", "hint", "trust", "distrust".
        gone: Says when a page that is missing is gone.
    """

    def __init__(  # noqa: PLR0913 - what it stands between
        self,
        store: FrontierStore,
        opened: Opened,
        conditions: Conditions,
        revisits: Revisits,
        hosts: HostBook,
        tally: Tally,
        lastmod: str = "distrust",
        gone: GoneRules = GoneRules(),  # noqa: B008 - frozen
    ) -> None:
        self._gone = gone
        self._lastmod = lastmod
        self._dates: dict[str, float] = {}  # of pages, by the lists of today
        self._store = store
        self._ordinal = opened.ordinal
        self._whole = not (opened.refresh or opened.retry_of)
        self._conditions = conditions
        self._began = opened.started
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
        elif memory.kept is not None and self._conditions.rereads:
            self._prepare_kept(request, memory)
        request.conditional = (
            request.method == "GET"
            and self._hosts.trusts_304(request.host)
            and self._conditions.holds(request, is_list=_is_list(request))
        )

    @property
    def dated(self) -> bool:
        """What lists say of their pages may spare a visit."""
        return self._lastmod in ("trust", "distrust")

    def may_wait(self, request: QueuedRequest, wall: float) -> bool:
        """Tell whether a page need not be asked for, as a list that is trusted says."""
        date, memory = self._dates.get(request.url), request.memory
        if date is None or memory is None or self._whole or request.is_start or _is_list(request):
            return False
        if memory.misses:
            return False  # that it was not there counts more than what a list has of it
        if self._lastmod != "trust" and not self._hosts.dates_prove_right(request.host):
            return False
        longest = self._revisits.of(request.url).max
        return self._conditions.is_current(request) and may_wait(memory, date, wall, longest)

    def _note_dates(self, outcome: PageOutcome) -> None:
        """Keep what a list says, and compare what one said with what a page turned out to be."""
        if not self.dated:
            return
        for one in outcome.requests:
            if one.lastmod is not None and len(self._dates) < _DATES:
                self._dates[one.url] = one.lastmod
        date, memory = self._dates.get(outcome.request.url), outcome.request.memory
        if date is None or memory is None or outcome.same in (None, Same.NEW_PAGE, Same.NOT_DUE):
            return
        if not outcome.sent or _is_list(outcome.request):
            return  # read anew as it was kept; or what proves right or wrong is about pages
        changed = outcome.same in (Same.CHANGED, Same.SAME_FIELDS)
        self._hosts.note_date(outcome.request.host, right=changed == says_changed(memory, date))

    def _prepare_kept(self, request: QueuedRequest, memory: PageMemory) -> None:
        """Have a page read anew from its kept body, if it is not to be visited anyway."""
        anew = self._conditions.reread
        if anew:
            memory = request.memory = msgspec.structs.replace(memory, rules=b"")
        not_due = memory.due is None or memory.due > self._began
        stale = not self._conditions.is_current(request)
        request.reread = stale and (anew or not_due) and not (request.is_start or memory.misses)

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
            self._note_reread(outcome)
            self._note_dates(outcome)
            if outcome.same is not None and outcome.memory is not None:
                outcome.memory = self._remembered(outcome, outcome.same, outcome.memory, wall)
            elif _is_missing(outcome) and outcome.request.memory is not None:
                outcome.memory = self._missed(outcome.request.url, outcome.request.memory, wall)

    def _missed(self, url: str, old: PageMemory, wall: float) -> PageMemory:
        """Return what is to be remembered of a page that was alive and is missing.

        It stays due as it was until it is gone; then it is looked for less and less often.
        """
        misses = old.misses + 1
        missed = msgspec.structs.replace(old, misses=misses, run=self._ordinal, gain=None)
        if not is_gone(misses, self._gone):
            return missed
        policy = self._revisits.of(url)
        interval = policy.next_look(None if old.gone_since is None else old.interval)
        return msgspec.structs.replace(
            missed,
            gone_since=wall if old.gone_since is None else min(old.gone_since, wall),
            interval=interval,
            due=policy.next_due(min(old.first_seen, wall), wall, interval),
        )

    def _note_reread(self, outcome: PageOutcome) -> None:
        """Flag a page that other rules than those of today had read."""
        old = outcome.request.memory
        if outcome.same is None or not outcome.same.read or old is None or old.rules is None:
            return
        if not (_is_list(outcome.request) or self._conditions.is_current(outcome.request)):
            outcome.flags += (REREAD,)

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
        if not outcome.sent:  # read anew, and not visited
            return msgspec.structs.replace(
                new,
                first_seen=old.first_seen, fetched=old.fetched, changed=old.changed,
                interval=old.interval, due=old.due, visits=old.visits, wrong_304=old.wrong_304,
                misses=old.misses, gone_since=old.gone_since, lastmod=old.lastmod, news=old.news,
                run=self._ordinal,
            )  # fmt: skip
        policy = self._revisits.of(request.url)
        interval = 0.0 if old.gone_since is not None else old.interval
        if old.rules is None or self._conditions.is_current(request) or not interval:
            changed = same is Same.CHANGED
            interval = policy.next_interval(interval or None, changed=changed)
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


def _is_list(request: QueuedRequest) -> bool:
    return request.payload is not None and is_list(request.payload)


def _is_missing(outcome: PageOutcome) -> bool:
    """Tell whether a page says that it is no more, or that its place is elsewhere."""
    if outcome.state == State.FAILED:
        return outcome.status in MISSING
    return outcome.state == State.SKIPPED and outcome.reason == SkipReason.REDIRECTED


def _is_full(outcome: PageOutcome) -> bool:
    """Tell whether the whole page came."""
    return outcome.same is not Same.NOT_MODIFIED and KEPT not in outcome.flags


def not_due(request: QueuedRequest) -> PageOutcome:
    """Return the outcome of a page that is not asked for."""
    return PageOutcome(
        request=request, state=State.SKIPPED, reason=SkipReason.NOT_DUE, sent=False,
        same=Same.NOT_DUE, memory=request.memory,
    )  # fmt: skip
