"""What a page's links change: which rows are new, which known ones improve. No I/O.

Both stores stand on this, so that the memory store is a fake that decides like the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from crawler.frontier.familiar_links import LONGEST, FamiliarLinks
from crawler.frontier.fingerprint import Fingerprints
from crawler.frontier.seen_set import DEPTH_MAX, LABEL_MAX, SeenSet, pack, unpack
from crawler.interfaces import PageCommit
from crawler.messages import NewRequest
from crawler.outcome import LinkBatch, SkipReason, State
from crawler.policy.gone import MISSING
from crawler.storage.admitted import (
    Admitted,
    Carried,
    FoundAgain,
    Improvement,
    Listed,
    NewRow,
    Renewal,
)
from crawler.urls import host_key

#: Reasons to skip a page without having seen where it leads.
_UNSEEN = (SkipReason.ROBOTS, SkipReason.TYPE, SkipReason.IGNORED, SkipReason.NOAI)


class _Place(NamedTuple):
    """Where links were found, and what is known by sight there."""

    batch: LinkBatch
    parent: int
    depth: int
    familiar: dict[str, int]


#: Fingerprints to the rows that earlier runs left, for those that are known.
History = Callable[[list[int]], dict[int, int]]


def _note_listed(request: NewRequest, row: int, out: Admitted) -> None:
    if request.lastmod is not None or request.news:
        out.listed.append(Listed(row, request.lastmod, request.news))


def is_read_anew(page: PageCommit) -> bool:
    """Tell whether what a page gives is of this run, and not what it gave when it was read last."""
    return page.memory is None or page.memory.gain is not None


def _leads_elsewhere_now(page: PageCommit) -> bool:
    """Tell whether a page leads from now on to what this run found there, be it nothing."""
    if page.state == State.FAILED:
        return page.id > 0 and page.status in MISSING
    return page.id > 0 and page.state in (State.DONE, State.SKIPPED) and page.reason not in _UNSEEN


def label_note(rank: int) -> int:
    """Return a label's rank as kept in the seen-set: no label is the last of all."""
    return min(rank, LABEL_MAX) if rank else LABEL_MAX


class Intake:
    """Admits links and requests to one run.

    Args:
        fingerprints: Those of the store.
        seen: The run's seen-set, filled already when a run is resumed.
        next_row: First free row id.
        max_depth: Deeper requests become rows that are skipped for their depth.
        history: Looks up rows of earlier runs; None when there are none.
        carried: Of a refresh: what rows carry from earlier runs.
        keeps_links: What each page leads to is kept.
    """

    def __init__(  # noqa: PLR0913 - each of them is another store's to say
        self,
        fingerprints: Fingerprints,
        seen: SeenSet,
        *,
        next_row: int,
        max_depth: int | None,
        history: History | None,
        carried: Carried | None = None,
        keeps_links: bool = False,
    ) -> None:
        self.seen = seen
        self._fingerprints = fingerprints
        self._familiar = FamiliarLinks()
        self._next_row = next_row
        self._max_depth = max_depth
        self._history = history
        self._keeps_links = keeps_links
        self._refreshes = carried is not None
        self._renews = carried is not None and carried.any
        self._by_links = set[int]() if carried is None else carried.by_links

    @property
    def last_row(self) -> int:
        """The highest row id that was given out, 0 for none."""
        return self._next_row - 1

    def admit(self, pages: Iterable[PageCommit]) -> Admitted:
        """Decide what a batch's links and requests change; updates the seen-set."""
        out = Admitted()
        for page in pages:
            if self._keeps_links and _leads_elsewhere_now(page):
                out.children[page.id] = []
            if not page.links and not page.requests:
                continue
            limited = (self._max_depth is not None or self._keeps_links) and bool(page.id)
            renews = self._renews and is_read_anew(page)
            kin: list[int] | None = [] if limited or renews else None
            lifted = self._lifted(page)
            for batch in page.links:
                self._admit_links(batch, page.id, page.depth - lifted + 1, out, kin)
            # As in a run that begins with nothing, what a page asks for first counts.
            asked: dict[int, bytes | None] = dict.fromkeys(kin or ()) if renews else {}
            for request in page.requests:
                depth = max(0, request.depth - lifted)
                row = self._admit_request(request, page.id, depth, out, kin)
                if renews:
                    asked.setdefault(row, request.payload)
            if kin and limited:
                out.children[page.id] = kin
            out.renewals += [Renewal(row, payload, page.id) for row, payload in asked.items()]
        return out

    def _lifted(self, page: PageCommit) -> int:
        """Return by how much the page was found shallower while it was fetched."""
        word = self.seen.get(page.key) if page.key else 0
        return max(0, page.depth - unpack(word)[1]) if word and page.depth < DEPTH_MAX else 0

    def _admit_links(
        self, batch: LinkBatch, parent: int, depth: int, out: Admitted, kin: list[int] | None
    ) -> None:
        familiar = self._familiar.at(depth, label_note(batch.label_rank))
        urls = [url for url in batch.urls if url not in familiar]
        if kin is not None:
            kin += [familiar[url] for url in batch.urls if url in familiar]
        if urls:
            place = _Place(batch, parent, depth, familiar)
            fresh = self._unknown(urls, place, out, kin)
            if fresh:
                self._add_links(fresh, place, out, kin)

    def _unknown(
        self, urls: list[str], place: _Place, out: Admitted, kin: list[int] | None
    ) -> dict[int, str]:
        """Return which links nobody knew, by fingerprint; improve the others."""
        batch, _, depth, familiar = place
        of_url, get = self._fingerprints.of_url, self.seen.get
        rank, plain = label_note(batch.label_rank), batch.label is None
        fresh: dict[int, str] = {}
        waiting = self._by_links
        for url in urls:
            key = of_url(url)
            word = get(key)
            if not word:
                fresh.setdefault(key, url)
                continue
            if kin is not None:
                kin.append(word >> 24)
            if waiting and word >> 24 in waiting:
                found = FoundAgain(word >> 24, depth, place.parent, batch.label, batch.label_rank)
                self._find_again(found, key, out)
            elif depth >= (word >> 8 & 0xFFFF) and (plain or rank == word & 0xFF):
                if len(url) <= LONGEST:
                    familiar[url] = word >> 24
            else:
                self._improve(word, key, depth, batch.label_rank, batch.label, out)
        return fresh

    def _add_links(
        self, fresh: dict[int, str], place: _Place, out: Admitted, kin: list[int] | None
    ) -> None:
        """Make rows of links that nobody knew."""
        batch, parent, depth, familiar = place
        rank = label_note(batch.label_rank)
        known = self._history(list(fresh)) if self._history else None
        state, reason = self._state_at(depth, None)
        put, add, note = self.seen.put, out.rows.append, pack(0, depth, rank)
        plain = state == State.PENDING and batch.label is None
        rest = (False, reason, 0, batch.label, batch.label_rank)
        for key, url in fresh.items():
            row = self._row_for(key, known, out) if known else self._new_row()
            put(key, row << 24 | note)
            if len(url) <= LONGEST:
                familiar[url] = row
            if plain:
                add(NewRow(row, key, host_key(url), state, depth, url, parent, True))
            else:
                add(NewRow(row, key, host_key(url), state, depth, url, parent, *rest))
            if kin is not None:
                kin.append(row)

    def _admit_request(
        self, request: NewRequest, parent: int, depth: int, out: Admitted, kin: list[int] | None
    ) -> int:
        key = self._fingerprints.of(request, parent)
        word = self.seen.get(key)
        if word:
            if kin is not None:
                kin.append(word >> 24)
            _note_listed(request, word >> 24, out)
            found = FoundAgain(
                word >> 24, depth, parent, request.label, request.label_rank, request.rank,
                request.payload,
            )  # fmt: skip
            if request.is_start and self._refreshes:
                self._by_links.discard(found.row)
                out.starts.append(found)
            if found.row in self._by_links:
                self._find_again(found, key, out)
            else:
                self._improve(word, key, depth, request.label_rank, request.label, out)
            return word >> 24
        known = self._history([key]) if self._history else {}
        row = self._row_for(key, known, out)
        _note_listed(request, row, out)
        self.seen.put(key, pack(row, depth, label_note(request.label_rank)))
        state, reason = self._state_at(depth, request.skip)
        new = NewRow(
            row, key, host_key(request.url), state, depth, request.url, parent,
            reason=reason, rank=request.rank, label=request.label, label_rank=request.label_rank,
            method=None if request.method == "GET" else request.method, body=request.body or None,
            payload=request.payload, is_start=request.is_start,
        )  # fmt: skip
        out.rows.append(new)
        if kin is not None:
            kin.append(row)
        return row

    def _find_again(self, found: FoundAgain, key: int, out: Admitted) -> None:
        """Let a row that waited for a link be as the first one that finds it says."""
        self._by_links.discard(found.row)
        self.seen.put(key, pack(found.row, found.depth, label_note(found.label_rank)))
        self._familiar.forget()
        out.found_again.append(found)

    def wait_no_more(self) -> None:
        """Note that no row waits for a link any more."""
        self._by_links.clear()

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
        if self._max_depth is not None and skip in (None, SkipReason.DEPTH):
            # Judged here even if it was judged before: its page may have moved up since.
            skip = None if self.within(depth) else SkipReason.DEPTH
        return (State.PENDING, None) if skip is None else (State.SKIPPED, skip)

    def _improve(
        self, word: int, key: int, depth: int, label_rank: int, label: str | None, out: Admitted
    ) -> None:
        row, held_depth, held_rank = unpack(word)
        rank = label_note(label_rank)
        if label is not None and held_rank < rank:
            out.label_conflicts += 1
        if depth >= held_depth and rank >= held_rank:
            return
        self.seen.put(key, pack(row, min(depth, held_depth), min(rank, held_rank)))
        if rank < held_rank:
            self._familiar.forget()
            out.improved.append(Improvement(row, depth, label_rank, label))
        else:
            out.improved.append(Improvement(row, depth, 0, None))

    def found_at(self, key: int, depth: int) -> bool:
        """Note that a known row was found at a depth; False if that is no improvement."""
        row, held_depth, held_rank = unpack(self.seen.get(key))
        if depth >= held_depth:
            return False
        self.seen.put(key, pack(row, depth, held_rank))
        return True

    def within(self, depth: int) -> bool:
        """Tell whether requests of a depth are fetched."""
        return self._max_depth is None or depth <= self._max_depth
