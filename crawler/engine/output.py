"""Items on their way to the sinks: provenance added, one line for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from crawler.engine.quarantine import page_lines, quarantine_line
from crawler.engine.transforms import Settled
from crawler.interfaces import Mark, Sink, WaitingItem
from crawler.items import encode_fields
from crawler.messages import QueuedRequest
from crawler.outcome import PageOutcome, Quarantined, Standing
from crawler.spider.plain_codec import load

_encode = msgspec.json.Encoder(decimal_format="number").encode

#: (job, run id) to what "full" provenance says of them.
Stamp = dict[str, Any]


class Output(msgspec.Struct, frozen=True):
    """One sink and what its lines carry.

    Attributes:
        provenance: "none", "url" (adds `_url` and `_id`) or "full" (adds the run, the time, the
            depth and the page that led here, too).
        after_commit: True for standard output: printed once the page is committed.
        quarantine: True for the one that gets what breaks its schema, and nothing else.
        only: Of the items that are compared with earlier runs, those that it gets; empty for all.
        events: True for the one that gets what is told of items, and nothing else.
    """

    sink: Sink
    provenance: str = "url"
    after_commit: bool = False
    quarantine: bool = False
    only: frozenset[Standing] = frozenset()

    def takes(self, standing: Standing | None) -> bool:
        """Tell whether it gets an item; those that nobody compares it always gets."""
        return not self.only or standing is None or standing in self.only

    events: bool = False

    @property
    def takes_items(self) -> bool:
        """It is an output of the job's config."""
        return not (self.quarantine or self.events)


class OutputLines:
    """Lines of one batch, by output.

    Args:
        outputs: Where items go.
        stamp: What "full" provenance says of the run.
        quarantine: Where items go that break their schema; None where nothing checks them.
    """

    def __init__(
        self, outputs: Sequence[Output], stamp: Stamp, quarantine: Sink | None = None
    ) -> None:
        self._outputs = outputs
        self._stamp = stamp
        self._lines: list[list[bytes]] = [[] for _ in outputs]
        self._quarantine = quarantine
        self._broken: list[bytes] = []

    def add_page(self, outcome: PageOutcome, wall: float) -> None:
        """Add the items of a page."""
        request = outcome.request
        if outcome.encoded:
            prefix = request.item_prefix
            for lines, output in zip(self._lines, self._outputs, strict=True):
                for ordinal, line in enumerate(outcome.encoded):
                    if output.only and not output.takes(outcome.items[ordinal].standing):
                        continue
                    item_id = f"{prefix}-{ordinal}"
                    lines.append(self._stamped(line, output.provenance, request, item_id, wall))
        if outcome.quarantined:
            self._broken += page_lines(outcome)

    def add_start_item(self, line: bytes, ordinal: int) -> None:
        """Add an item that `start()` gave; it belongs to no page."""
        for lines, output in zip(self._lines, self._outputs, strict=True):
            stamp = {} if output.provenance == "none" else {"_url": None, "_id": f"start-{ordinal}"}
            lines.append(_spliced(line, stamp))

    def add_settled(self, settled: Settled, wall: float) -> None:
        """Add what the transforms made of an item, or, if they failed, the item to quarantine.

        Raises:
            CallbackError: A record cannot be written as JSON.
        """
        item, result = settled.item, settled.result
        problem = settled.problem
        if problem is not None:
            broken = Quarantined(item.name, load(item.data), (problem,))
            self._broken.append(quarantine_line(broken, item.url, item.item_id))
            return
        encoded = [encode_fields(record) for record in result.records or ()]
        for lines, output in zip(self._lines, self._outputs, strict=True):
            if not output.takes(item.standing):
                continue
            for number, line in enumerate(encoded):
                sub_id = item.item_id if len(encoded) == 1 else f"{item.item_id}-{number}"
                lines.append(self._stamped(line, output.provenance, item, sub_id, wall))

    def add_broken_start(self, item: Quarantined, ordinal: int) -> None:
        """Add an item that `start()` gave and that breaks its schema."""
        self._broken.append(quarantine_line(item, None, f"start-q{ordinal}"))

    def _stamped(
        self,
        line: bytes,
        provenance: str,
        page: QueuedRequest | WaitingItem,
        item_id: str,
        wall: float,
    ) -> bytes:
        if provenance == "none":
            return line
        if (
            provenance == "url"
            and b'"_url":' not in line
            and b'"_id":' not in line
            and line != b"{}"
        ):
            # What nearly every line is: put together without a dict, a third of the time.
            return b'%b,"_url":%b,"_id":"%b"}' % (line[:-1], _encode(page.url), item_id.encode())
        stamp: dict[str, Any] = {"_url": page.url, "_id": item_id}
        if provenance == "full":
            stamp |= self._stamp
            stamp |= {"_at": round(wall, 3), "_depth": page.depth, "_from": page.parent_url}
        return _spliced(line, stamp)

    def write(self) -> list[Mark]:
        """Append to the sinks that have marks; returns the marks to commit."""
        marks = self._write(after_commit=False)
        if self._broken and self._quarantine is not None:
            mark = self._quarantine.append(self._broken)
            if mark is not None:
                marks.append(mark)
        return marks

    def print_committed(self) -> None:
        """Append to the sinks that only take what is committed."""
        self._write(after_commit=True)

    def _write(self, *, after_commit: bool) -> list[Mark]:
        marks: list[Mark] = []
        for lines, output in zip(self._lines, self._outputs, strict=True):
            if lines and output.after_commit == after_commit:
                mark = output.sink.append(lines)
                if mark is not None:
                    marks.append(mark)
        return marks


def _spliced(line: bytes, stamp: dict[str, Any]) -> bytes:
    """Return a JSON object with more fields at its end."""
    if not stamp:
        return line
    if any(b'"%b":' % name.encode() in line for name in stamp):
        # The item may have such a field of its own; a JSON object has each name once.
        fields = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        return _encode(fields | stamp)
    more = _encode(stamp)[1:]
    return b"{" + more if line == b"{}" else line[:-1] + b"," + more
