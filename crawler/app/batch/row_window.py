"""Rows that are under way: what may be written now, and from where to go on after a kill."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from crawler.app.batch.rows import Place, Row
from crawler.offload.offloaded import Done, Offloaded


@dataclass(slots=True, eq=False)
class Entry:
    """One row under way; `answer` is None until it has come."""

    row: Row
    answer: Offloaded | None = None


class RowWindow:
    """The rows between the first whose answer is still out and the last that was read.

    Args:
        place: All rows before it are written.
        beyond: Numbers of rows behind it that are written as well.
        ordered: Answers are written in the order of the rows.
    """

    def __init__(self, place: Place, beyond: frozenset[int], *, ordered: bool) -> None:
        self.place = place
        self._written = set(beyond)
        self._ordered = ordered
        self._entries: deque[Entry] = deque()
        self.held = 0

    def __len__(self) -> int:
        return len(self._entries)

    def open(self, row: Row) -> Entry | None:
        """Let a row in; None if it is written already."""
        entry = Entry(row)
        self._entries.append(entry)
        if row.number not in self._written:
            return entry
        entry.answer = Done(None, 0)
        self._advance()
        return None

    def settle(self, entry: Entry, answer: Offloaded) -> list[Entry]:
        """Take in an answer; return the rows that are to be written now."""
        entry.answer = answer
        if not self._ordered:
            self._written.add(entry.row.number)
            self._advance()
            return [entry]
        self.held += _size(answer)
        ready = self._advance()
        self.held -= sum(_size(one.answer) for one in ready)
        return ready

    def _advance(self) -> list[Entry]:
        passed = []
        while self._entries and self._entries[0].answer is not None:
            entry = self._entries.popleft()
            self.place = entry.row.end
            self._written.discard(entry.row.number)
            passed.append(entry)
        return passed

    @property
    def beyond(self) -> list[int]:
        """Numbers of the rows behind `place` that are written; none if order is kept."""
        return sorted(self._written)


def _size(answer: Offloaded | None) -> int:
    return answer.size if isinstance(answer, Done) else 0
