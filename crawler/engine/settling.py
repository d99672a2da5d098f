"""The settling: at the end of a good run, what it found becomes what is known, and is told.

In batches, each one transaction with the events it tells: a kill in the middle neither loses nor
doubles one, and a run that goes on settles what is left. What the changes are, taken together, is
judged before the first of them is told, and kept with the counters, as half-way through nobody
could judge it any more.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import msgspec

from crawler.engine.settlement import Settlement
from crawler.engine.tally import Tally, encode_tally
from crawler.fail_points import reached
from crawler.interfaces import (
    Batch,
    FrontierStore,
    ItemBatch,
    ItemStore,
    KnownItem,
    Mark,
    Opened,
    Phase,
    SettledItem,
    Sink,
)
from crawler.outcome import Same
from crawler.policy.changes import (
    KINDS,
    ChangeRules,
    Diff,
    Event,
    difference,
    follows_address,
    read_fields,
    streaks,
)
from crawler.policy.gone import GoneRules, at_once, is_gone, too_many
from crawler.policy.mass_change import ChangeCounter, MassChange, bare

#: Items of one transaction.
AT_ONCE = 500
#: Visits in a row in which a field must change to be called restless.
_RESTLESS = 3
_GOOD, _DRIFT, _SAFETY = 0, 3, 6

_streaks = msgspec.json.Decoder(dict[str, int])


class SettlingRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a job says of changes.

    Attributes:
        max_changed: Share of the visited items, 0 to 1, that may change at once.
    """

    changes: ChangeRules = ChangeRules()
    gone: GoneRules = GoneRules()
    max_changed: float = 0.5


class Told(msgspec.Struct, frozen=True):
    """What the settling adds to the judgement of a run.

    Attributes:
        exit_code: 0, 3 or 6.
        reasons: One sentence each, without a full stop.
    """

    exit_code: int = _GOOD
    reasons: tuple[str, ...] = ()


class Settling:
    """Settles one run.

    Args:
        store: Of the run.
        items: What is known of items.
        opened: The run.
        events: Where events go; None for nowhere.
        tally: Counters of the run, which take in those of events.
        rules: The job's.
        at_once: Items of one transaction.
    """

    def __init__(  # noqa: PLR0913 - what it stands between
        self,
        store: FrontierStore,
        items: ItemStore,
        opened: Opened,
        *,
        events: Sink | None,
        tally: Tally,
        rules: SettlingRules,
        at_once: int = AT_ONCE,
    ) -> None:
        self._store = store
        self._items = items
        self._opened = opened
        self._events = events
        self._tally = tally
        self._rules = rules
        self._at_once = at_once

    async def settle(self, *, whole: bool) -> Told:
        """Settle what is not settled yet.

        Args:
            whole: The run has seen all it could: what it misses counts as missed.

        Raises:
            StateError: The store cannot be written.
            OutputError: The file of events cannot be.
        """
        if whole and self._rules.gone.unled:
            await self._items.look_for_unled()
        verdict = self._tally.settlement
        if verdict is None:
            reached("settling.before")
            verdict = self._tally.settlement = await self._judge(whole=whole)
            await self._commit([], [], forgive=whole and verdict.credible)
        # What cannot be believed waits: if it is true, the next run finds it so as well.
        if verdict.credible:
            for phase in KINDS if whole else KINDS[:-1]:
                await self._phase(phase, verdict)
        reached("settling.after")
        return told_of(verdict, self._rules)

    async def _judge(self, *, whole: bool) -> Settlement:
        """Look at all changes before any is told."""
        counts = await self._items.counts()
        counter = ChangeCounter(self._rules.max_changed)
        after = 0
        while found := await self._items.unsettled("changed", after, self._at_once):
            for item in found:
                old, new, diff = self._compared(item)
                if diff:
                    keys = self._rules.changes.keys.get(item.name, ())
                    bares = bare(old, keys, item.url), bare(new, keys, item.new_url or item.url)
                    counter.add(item.name, item.key, diff.old, diff.new, bares)
            after = found[-1].id
        gone = self._rules.gone
        missing = at_once(counts.missing, gone)
        own = bool(self._tally.same.get(Same.OTHER_RULES))
        return Settlement(
            mass=counter.judge(counts.visited, own=own), live=counts.live, missing=missing,
            too_many=whole and too_many(missing, counts.live, gone),
        )  # fmt: skip

    def _compared(self, item: KnownItem) -> tuple[dict[str, object], dict[str, object], Diff]:
        """Return an item as it was and is, and what differs."""
        old = read_fields(item.data or b"{}")
        new = read_fields(item.new_data) if item.new_data is not None else old
        diff = difference(old, new, self._rules.changes)
        if item.new_url is not None:
            diff = follows_address(diff, item.url, item.new_url)
        return old, new, diff

    async def _phase(self, phase: Phase, verdict: Settlement) -> None:
        after = 0
        while found := await self._items.unsettled(phase, after, self._at_once):
            settled: list[SettledItem] = []
            lines: list[bytes] = []
            for item in found:
                event = self._settled(phase, item, settled, verdict.mass)
                if event is not None:
                    lines.append(event.line(self._opened.run_id, _time_text(item.at)))
                    self._tally.count_event(event.item, event.event)
            await self._commit(settled, lines)
            after = found[-1].id

    def _settled(
        self, phase: Phase, item: KnownItem, settled: list[SettledItem], mass: MassChange
    ) -> Event | None:
        """Decide what becomes of an item; return what is told of it."""
        if phase == "changed":
            return self._changed(item, settled, mass)
        if phase == "moved":
            return self._moved(item, settled)
        if phase == "gone":
            gone = is_gone(item.misses + 1, self._rules.gone)
            settled.append(SettledItem(id=item.id, at=item.at, phase=phase, gone=gone))
            fields = read_fields(item.data or b"{}")
            return _event("gone", item, item.url, fields, None) if gone else None
        settled.append(SettledItem(id=item.id, at=item.at, phase=phase))
        url = item.new_url or item.url
        if phase == "new":
            return _event("new", item, url, None, read_fields(item.new_data or b"{}"))
        _, _, diff = self._compared(item)
        return _event("back", item, url, diff.old, diff.new)

    def _changed(
        self, item: KnownItem, settled: list[SettledItem], mass: MassChange
    ) -> Event | None:
        _, _, diff = self._compared(item)
        row = self._streaks(item, diff.fields)
        data = msgspec.json.encode(row) if row else None
        settled.append(SettledItem(id=item.id, at=item.at, phase="changed", streaks=data))
        diff = diff.without(mass.drifted(item.name))
        return (
            _event("changed", item, item.new_url or item.url, diff.old, diff.new) if diff else None
        )

    def _streaks(self, item: KnownItem, fields: Sequence[str]) -> dict[str, int]:
        before = _streaks.decode(item.streaks) if item.streaks else {}
        unbroken = item.changed_run == self._opened.ordinal - 1
        row = streaks(before, fields, unbroken=unbroken)
        for field, count in row.items():
            if count >= _RESTLESS:
                self._tally.count_restless(f"{item.name}.{field}")
        return row

    def _moved(self, item: KnownItem, settled: list[SettledItem]) -> Event | None:
        if item.held is None:
            return None  # its page could not be visited: the next run knows more
        settled.append(SettledItem(id=item.id, at=item.at, phase="moved", double=item.held))
        new_url = item.new_url or item.url
        if item.held:
            self._tally.count_double(item.name, item.key, item.url, new_url)
            return None
        return _event("moved", item, new_url, {"_url": item.url}, {"_url": new_url})

    async def _commit(
        self, settled: list[SettledItem], lines: list[bytes], *, forgive: bool = False
    ) -> None:
        batch = Batch(
            items=ItemBatch(settled=settled, forgive=forgive), tally=encode_tally(self._tally)
        )

        def write() -> Sequence[Mark]:
            mark = self._events.append(lines) if self._events is not None and lines else None
            return [mark] if mark is not None else []

        await self._store.commit(self._opened.grant, batch, write)


def told_of(verdict: Settlement, rules: SettlingRules) -> Told:
    """Return what a verdict is to people."""
    mass, reasons = verdict.mass, []
    if mass.alike:
        share = rules.max_changed
        reasons.append(
            f"{mass.changed:,} of {mass.visited:,} items changed at once (incremental.max_changed:"
            f" {share:.0%}), and {mass.alike:,} of them became one and the same: the site answers"
            " with an error page, as it seems. No event is told of this run"
        )
    if verdict.too_many:
        reasons.append(
            f"{verdict.missing:,} of {verdict.live:,} known items are missing, more than"
            f" incremental.gone.max_share: {rules.gone.max_share:.0%}; none of them is marked, and"
            " no event is told of this run. If they are gone indeed, raise it for one run: --set"
            " incremental.gone.max_share=100%"
        )
    if reasons:
        return Told(_SAFETY, tuple(reasons))
    if mass.own:
        return Told()  # what the user changed is no fault of the run; the summary has it
    drift = tuple(one.told() for one in mass.drift)
    return Told(_DRIFT if drift else _GOOD, drift)


def _event(
    kind: Phase,
    item: KnownItem,
    url: str,
    old: dict[str, object] | None,
    new: dict[str, object] | None,
) -> Event:
    return Event(event=kind, key=item.key, item=item.name, url=url, old=old, new=new)


def _time_text(at: float) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
