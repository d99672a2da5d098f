"""What a page's links change: which rows are new, which known ones improve. No I/O.

Both stores stand on this, so that the memory store is a fake that decides like the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from crawler.frontier.fingerprint import Fingerprints
from crawler.frontier.seen_set import NOTE_MAX, SeenSet, pack
from crawler.interfaces import PageCommit
from crawler.messages import NewRequest
from crawler.outcome import LinkBatch, SkipReason, State
from crawler.urls import host_key


class NewRow(NamedTuple):
    """A row to be written; the fields are the columns."""

    id: int
    key: int
    host: str
    state: int
    reason: str | None
    rank: int
    depth: int
    label: str | None
    label_rank: int
    url: str
    method: str | None
    body: bytes | None
    payload: bytes | None
    parent: int
    is_start: bool

    @property
    def plain(self) -> bool:
        """A pending GET link with nothing special about it, as most rows are."""
        return self.state == 0 and self.label is None and self.method is None and not (
            self.rank or self.is_start or self.body or self.payload
        )


class Improvement(NamedTuple):
    """A known row was found shallower, or with a label that comes earlier in the config."""

    row: int
    key: int
    depth: int
    label_rank: int
    label: str | None


class Admitted(msgspec.Struct, kw_only=True):
    """What a batch changes.

    Attributes:
        rows: Rows this run did not know, in order of discovery.
        revived: Ids among them that exist already, from earlier runs.
        improved: Known rows, in the order in which they were found.
        children: Page row to the rows it links to; only with a depth limit.
        label_conflicts: Links whose label lost against that of their row.
    """

    rows: list[NewRow] = msgspec.field(default_factory=list)
    revived: set[int] = msgspec.field(default_factory=set)
    improved: list[Improvement] = msgspec.field(default_factory=list)
    children: dict[int, list[int]] = msgspec.field(default_factory=dict)
    label_conflicts: int = 0


#: Fingerprints to the rows that earlier runs left, for those that are known.
History = Callable[[list[int]], dict[int, int]]


def label_note(rank: int) -> int:
    """Return a label's rank as kept in the seen-set: no label is the last of all."""
    return min(rank, NOTE_MAX) if rank else NOTE_MAX


class Intake:
    """Admits links and requests to one run.

    Args:
        fingerprints: Those of the store.
        seen: The run's seen-set, filled already when a run is resumed.
        next_row: First free row id.
        max_depth: Deeper requests become rows that are skipped for their depth.
        history: Looks up rows of earlier runs; None when there are none.
    """

    def __init__(
        self,
        fingerprints: Fingerprints,
        seen: SeenSet,
        *,
        next_row: int,
        max_depth: int | None,
        history: History | None,
    ) -> None:
        self.seen = seen
        self._fingerprints = fingerprints
        self._next_row = next_row
        self._max_depth = max_depth
        self._history = history

    def admit(self, pages: Iterable[PageCommit]) -> Admitted:
        """Decide what a batch's links and requests change; updates the seen-set."""
        out = Admitted()
        for page in pages:
            if not page.links and not page.requests:
                continue
            kin: list[int] | None = [] if self._max_depth is not None and page.id else None
            depth = self._depth_of(page) + 1
            for batch in page.links:
                self._admit_links(batch, page.id, depth, out, kin)
            for request in page.requests:
                self._admit_request(request, page.id, out, kin)
            if kin:
                out.children[page.id] = kin
        return out

    def _depth_of(self, page: PageCommit) -> int:
        """Return the page's depth: it may have been found shallower while it was fetched."""
        word = self.seen.get(page.key) if page.key else 0
        return min(page.depth, word >> 8 & 0xFF) if word else page.depth

    def _admit_links(
        self, batch: LinkBatch, parent: int, depth: int, out: Admitted, kin: list[int] | None
    ) -> None:
        of_url, get = self._fingerprints.of_url, self.seen.get
        note, rank = min(depth, NOTE_MAX), label_note(batch.label_rank)
        fresh: dict[int, str] = {}
        for url in batch.urls:
            key = of_url(url)
            word = get(key)
            if not word:
                fresh.setdefault(key, url)
                continue
            if kin is not None:
                kin.append(word >> 16)
            if note < (word >> 8 & 0xFF) or rank != word & 0xFF:
                self._improve(word, key, depth, batch.label_rank, batch.label, out)
        if not fresh:
            return
        known = self._history(list(fresh)) if self._history else None
        state, reason = self._state_at(depth, None)
        put, add, note = self.seen.put, out.rows.append, pack(0, depth, rank)
        for key, url in fresh.items():
            row = self._row_for(key, known, out) if known else self._new_row()
            put(key, row << 16 | note)
            add(
                NewRow(
                    row, key, host_key(url), state, reason, 0, depth, batch.label,
                    batch.label_rank, url, None, None, None, parent, False,
                )  # fmt: skip
            )
            if kin is not None:
                kin.append(row)

    def _admit_request(
        self, request: NewRequest, parent: int, out: Admitted, kin: list[int] | None
    ) -> None:
        key = self._fingerprints.of(request, parent)
        word = self.seen.get(key)
        if word:
            if kin is not None:
                kin.append(word >> 16)
            self._improve(word, key, request.depth, request.label_rank, request.label, out)
            return
        known = self._history([key]) if self._history else {}
        row = self._row_for(key, known, out)
        self.seen.put(key, pack(row, request.depth, label_note(request.label_rank)))
        state, reason = self._state_at(request.depth, request.skip)
        out.rows.append(
            NewRow(
                row, key, host_key(request.url), state, reason, request.rank, request.depth,
                request.label, request.label_rank, request.url,
                None if request.method == "GET" else request.method,
                request.body or None, request.payload, parent, request.is_start,
            )  # fmt: skip
        )
        if kin is not None:
            kin.append(row)

    def _row_for(self, key: int, known: dict[int, int], out: Admitted) -> int:
        row = known.get(key)
        if row is not None:
            out.revived.add(row)
            return row
        return self._new_row()

    def _new_row(self) -> int:
        row = self._next_row
        self._next_row = row + 1
        return row

    def _state_at(self, depth: int, skip: str | None) -> tuple[int, str | None]:
        if skip is not None:
            return State.SKIPPED, skip
        if self._max_depth is not None and depth > self._max_depth:
            return State.SKIPPED, SkipReason.DEPTH
        return State.PENDING, None

    def _improve(
        self, word: int, key: int, depth: int, label_rank: int, label: str | None, out: Admitted
    ) -> None:
        held_depth, held_rank = word >> 8 & 0xFF, word & 0xFF
        rank = label_note(label_rank)
        if label is not None and held_rank < rank:
            out.label_conflicts += 1
        if depth >= held_depth and rank >= held_rank:
            return
        row = word >> 16
        self.seen.put(key, pack(row, min(depth, held_depth), min(rank, held_rank)))
        better = label_rank if rank < held_rank else 0
        out.improved.append(
            Improvement(row, key, min(depth, held_depth), better, label if better else None)
        )

    def found_at(self, key: int, depth: int) -> bool:
        """Note that a known row was found at a depth; False if that is no improvement."""
        word = self.seen.get(key)
        if not word or depth >= word >> 8 & 0xFF:
            return False
        self.seen.put(key, pack(word >> 16, depth, word & 0xFF))
        return True

    @property
    def max_depth(self) -> int | None:
        """The depth limit of the run."""
        return self._max_depth
