"""Links that need not cross to the parent again, because this worker has sent them before.

On most sites nearly every link of a page is one of the same few hundred. The parent knows them,
and would only look them up once more. This is a filter and not a memory: a table of fixed size in
which a newer link takes the place of an older one. What it forgets is sent again, which costs a
little and changes nothing.
"""

from __future__ import annotations

from array import array

from crawler.outcome import LinkBatch

_SLOT_BITS = 18
#: Links that are remembered at most: 2 MiB of them.
SLOTS = 1 << _SLOT_BITS
_MASK = SLOTS - 1
_WORD = (1 << 64) - 1
#: Depths and labels beyond these are not told apart, and therefore never left out.
_DEPTHS, _LABELS = 1 << 8, 1 << 8
_NOTE_BITS = 16


class KnownLinks:
    """The filter of one worker."""

    def __init__(self) -> None:
        # A slot: the high bits of a link's hash, then depth and label rank as it was last sent.
        self._table = array("Q", bytes(8 * SLOTS))

    def unsent(self, batch: LinkBatch, depth: int) -> LinkBatch | None:
        """Return what of a batch the parent is to hear of; None for nothing.

        A link goes again when it is found shallower than it was sent, or under another label.

        Args:
            batch: Links of one page.
            depth: Of the rows they would become.
        """
        if depth >= _DEPTHS or batch.label_rank >= _LABELS:
            return batch
        urls = [url for url in batch.urls if self._is_news(url, depth, batch.label_rank)]
        if len(urls) == len(batch.urls):
            return batch
        return LinkBatch(urls, batch.label, batch.label_rank) if urls else None

    def _is_news(self, url: str, depth: int, label_rank: int) -> bool:
        # Python's own hash of a text is kept with the text and seeded per process, so that no
        # site can choose URLs that push each other out.
        mixed = hash(url) & _WORD
        slot = mixed & _MASK
        word = (mixed >> _NOTE_BITS << _NOTE_BITS) | depth << 8 | label_rank
        old = self._table[slot]
        if old >> _NOTE_BITS == word >> _NOTE_BITS and old & 0xFF == label_rank:
            known_depth = old >> 8 & 0xFF
            if known_depth <= depth:
                return False
        self._table[slot] = word
        return True
