"""Links that need not cross to the parent again, because this worker has sent them before.

On most sites nearly every link of a page is one of the same few hundred. The parent knows them,
and would only look them up once more. This is a filter and not a memory: once it is full it begins
anew. What it forgets is sent again, which costs a little and changes nothing.
"""

from __future__ import annotations

from crawler.outcome import LinkBatch

#: Links that are remembered at most: some 6 MiB of them.
MOST = 1 << 16
_NEVER = 1 << 62


class KnownLinks:
    """The filter of one worker.

    Args:
        most: Links that are remembered at most.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._count = 0
        # By label rank: the least depth at which a link was sent, by its hash. Python's own, of 64
        # bits like the frontier's, is seeded per process: no site can choose URLs that collide.
        self._sent: dict[int, dict[int, int]] = {}

    def unsent(self, batch: LinkBatch, depth: int) -> LinkBatch | None:
        """Return what of a batch the parent is to hear of; None for nothing.

        A link goes again when it is found shallower than it was sent, or under another label.

        Args:
            batch: Links of one page.
            depth: Of the rows they would become.
        """
        sent = self._sent.setdefault(batch.label_rank, {})
        sent_at = sent.get
        hashes = map(hash, batch.urls)
        news = [
            (url, key)
            for url, key in zip(batch.urls, hashes, strict=True)
            if sent_at(key, _NEVER) > depth
        ]
        if not news:
            return None
        self._count += len(news)
        if self._count > self._most:
            self._sent = {}
            self._count = 0
        else:
            sent.update((key, depth) for _, key in news)
        if len(news) == len(batch.urls):
            return batch
        return LinkBatch([url for url, _ in news], batch.label, batch.label_rank)
