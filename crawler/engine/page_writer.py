"""Writes outcomes: one transaction for their rows, links, items, cookies, hosts and counters."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from crawler.engine.output import OutputLines
from crawler.engine.parts import Parts
from crawler.engine.start_feed import StartItem
from crawler.engine.tally import encode_tally
from crawler.engine.transforms import Settled
from crawler.interfaces import Batch, Committed, ItemBatch, PageCommit, WaitingItem
from crawler.items import encode_fields
from crawler.outcome import ErrorClass, PageOutcome, Quarantined, State
from crawler.spider.plain_codec import dump

#: Pages made ready for a commit at a time, about a millisecond of work.
_AT_A_TIME = 10


class PageWriter:
    """Builds batches and commits them, one at a time.

    Args:
        parts: Of the crawl.

    Attributes:
        full: The limit of items is reached.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._tally = parts.tally
        self._begun = parts.clock.monotonic()
        self.full = False

    async def write(
        self, outcomes: Sequence[PageOutcome], settled: Sequence[Settled] = ()
    ) -> tuple[Committed, float | None]:
        """Commit outcomes, what `start()` gave meanwhile, and items that were transformed.

        Returns:
            What the store says, and the wall-clock second at which the first retry is due.

        Raises:
            OutputError: A sink cannot be written; nothing is committed.
            StateError: The store cannot be.
        """
        parts, wall = self._parts, self._parts.clock.wall()
        lines = OutputLines(parts.outputs, parts.stamp, parts.quarantine)
        batch = Batch(hosts=parts.hosts.changed())
        self._add_starts(batch, lines)
        self._add_settled(settled, batch, lines, wall)
        await self._compare(outcomes, batch, wall)
        for place, outcome in enumerate(outcomes):
            if place % _AT_A_TIME == _AT_A_TIME - 1:
                await asyncio.sleep(0)  # a long batch does not keep answers waiting
            self._complete_items(outcome)
            batch.pages.append(_page_commit(outcome, wall))
            batch.cookies += outcome.cookies
            if outcome.spider_state is not None:
                batch.spider_state = outcome.spider_state
            if parts.transform is not None:
                self._put_aside(outcome, batch)
            lines.add_page(outcome, wall)
            self._tally.count_page(outcome)
            for item in outcome.items:
                self._tally.count_item(item)
            for broken in outcome.quarantined:
                self._tally.count_quarantined(broken)
        self._tally.cut_short = self.full
        batch.tally = self._encoded_tally()
        committed = await parts.store.commit(parts.opened.grant, batch, lines.write)
        lines.print_committed()
        self._tally.label_conflicts += committed.label_conflicts
        self._complete(outcomes, committed)
        self._tell_of_spoilt(settled)
        due = [page.not_before for page in batch.pages if page.not_before is not None]
        return committed, min(due, default=None)

    async def _compare(self, outcomes: Sequence[PageOutcome], batch: Batch, wall: float) -> None:
        """In an incremental job: hold pages and their items against what is known of them."""
        parts = self._parts
        if parts.remembering is not None:
            await parts.remembering.complete(outcomes, wall)
            batch.hosts |= parts.hosts.changed()
        if parts.changes is not None:
            batch.items = ItemBatch(found=await parts.changes.stamp(outcomes, wall))

    def _complete_items(self, outcome: PageOutcome) -> None:
        """Add the line of a manifest, and leave out what is beyond the limit."""
        parts = self._parts
        if parts.file_line is not None and (line := parts.file_line(outcome)) is not None:
            outcome.items.append(line)
            outcome.encoded.append(encode_fields(line.data))
        if parts.limits.max_items is not None:
            self._cut_to_limit(outcome)

    def _encoded_tally(self) -> bytes:
        """Encode the counters with the time worked so far, which a kill must not lose either."""
        worked = self._tally.worked + self._parts.clock.monotonic() - self._begun
        return encode_tally(msgspec.structs.replace(self._tally, worked=worked))

    def _put_aside(self, outcome: PageOutcome, batch: Batch) -> None:
        """Let the items of a page wait for their transforms."""
        request = outcome.request
        for ordinal, item in enumerate(outcome.items):
            self._tally.count_waiting(item)
            batch.waiting.append(
                WaitingItem(
                    item_id=f"{request.item_prefix}-{ordinal}", name=item.name,
                    data=dump(item.data, item.name), url=request.url, depth=request.depth,
                    parent_url=request.parent_url, standing=item.standing,
                )
            )  # fmt: skip
        outcome.items, outcome.encoded = [], []

    def _add_settled(
        self, settled: Sequence[Settled], batch: Batch, lines: OutputLines, wall: float
    ) -> None:
        limit = self._parts.limits.max_items
        for one in settled:
            result, left_out = one.result, 0
            if limit is not None and result.records:
                kept = result.records[: max(0, limit - self._tally.items_out)]
                left_out = len(result.records) - len(kept)
                result = msgspec.structs.replace(result, records=kept)
            lines.add_settled(Settled(one.item, result), wall)
            batch.settled.append(one.item.row)
            self._tally.count_settled(one.item.name, result, left_out)
        self.full = self.full or (limit is not None and self._tally.items_out >= limit)

    def _tell_of_spoilt(self, settled: Sequence[Settled]) -> None:
        tell = self._parts.spoilt
        if tell is not None:
            for one in settled:
                if (problem := one.problem) is not None:
                    tell(one.item, problem)

    def _add_starts(self, batch: Batch, lines: OutputLines) -> None:
        requests, items = self._parts.starts.take()
        for ordinal, item in self._within_limit(items):
            self._tally.start_items = ordinal + 1
            if isinstance(item, Quarantined):
                self._tally.count_quarantined(item)
                lines.add_broken_start(item, ordinal)
                continue
            if self._parts.transform is not None:
                self._tally.count_waiting(item)
                batch.waiting.append(
                    WaitingItem(
                        item_id=f"start-{ordinal}", name=item.name, data=dump(item.data, item.name)
                    )
                )
                continue
            self._tally.count_item(item)
            lines.add_start_item(encode_fields(item.data), ordinal)
        if requests:
            batch.pages.append(PageCommit(id=0, depth=-1, requests=requests))

    @property
    def enough(self) -> bool:
        """With what waits for its transforms, there may be as many items as are wanted."""
        limit, tally = self._parts.limits.max_items, self._tally
        return limit is not None and tally.items_out + tally.items_waiting >= limit

    def _within_limit(self, items: list[tuple[int, StartItem]]) -> list[tuple[int, StartItem]]:
        good = [place for place, (_, item) in enumerate(items) if not isinstance(item, Quarantined)]
        room = self._room(len(good))
        if room is None or room >= len(good):
            return items
        for _, item in items[good[room] :]:
            self._tally.count_dropped(item.name)
        return items[: good[room]]

    def _cut_to_limit(self, outcome: PageOutcome) -> None:
        """Leave out items beyond the limit; the run ends with this page."""
        room = self._room(len(outcome.items))
        if room is not None:
            for item in outcome.items[room:]:
                self._tally.count_dropped(item.name)
            outcome.items, outcome.encoded = outcome.items[:room], outcome.encoded[:room]

    def _room(self, wanted: int) -> int | None:
        """Return how many items there is room for; None when that is no question."""
        limit = self._parts.limits.max_items
        if limit is None:
            return None
        room = max(0, limit - self._tally.items_out)
        if self._parts.transform is not None and room:
            return None  # nobody knows how many will come out: `_add_settled` counts them
        self.full = self.full or wanted >= room
        return room

    def _complete(self, outcomes: Sequence[PageOutcome], committed: Committed) -> None:
        """Add what only the commit could tell: the pages new rows were found on, known starts."""
        for double in committed.doubles:
            self._tally.count_double(double.name, double.key, double.kept, double.other)
        urls = {outcome.request.id: outcome.request.url for outcome in outcomes}
        led_on = set()
        for request in committed.added:
            led_on.add(request.parent)
            # A row that is pending again may have been found on an earlier page.
            request.parent_url = urls.get(request.parent, request.parent_url)
            if request.is_start and not request.parent:
                self._tally.starts.given += 1
        for outcome in outcomes:
            self._tally.count_hop(outcome, led_on=outcome.request.id in led_on)


def _page_commit(outcome: PageOutcome, wall: float) -> PageCommit:
    request = outcome.request
    retry = outcome.state == State.PENDING
    charged = outcome.sent and outcome.charged and outcome.reason != ErrorClass.REUSE
    reason = outcome.reason
    if reason is None and outcome.state == State.DONE:
        # How a page that is done is the same, if anybody knows, and what was odd about it.
        words = outcome.flags if outcome.same is None else (outcome.same, *outcome.flags)
        reason = ",".join(words) or None
    return PageCommit(
        id=request.id, key=request.key, state=outcome.state, reason=reason,
        error=outcome.error, status=outcome.status, attempts=request.attempts + charged,
        not_before=wall + (outcome.retry_after or 0.0) if retry else None,
        fetched=outcome.state in (State.DONE, State.FAILED),
        depth=request.depth, size=outcome.size, ms=round(outcome.elapsed * 1000), at=wall,
        links=outcome.links, requests=outcome.requests, memory=outcome.memory,
    )  # fmt: skip
