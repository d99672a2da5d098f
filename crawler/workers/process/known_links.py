"""Links that need not cross to the parent again, because this worker has sent them before.

On most sites nearly every link of a page is one of the same few hundred. The parent knows them,
and would only look them up once more. This is a filter and not a memory: it begins anew when it is
full. What it forgets is sent again, which costs a little and changes nothing.
"""

from __future__ import annotations

from crawler.frontier.familiar_links import LONGEST, FamiliarLinks
from crawler.outcome import LinkBatch


class KnownLinks:
    """The filter of one worker."""

    def __init__(self) -> None:
        self._sent = FamiliarLinks()

    def unsent(self, batch: LinkBatch, depth: int) -> LinkBatch | None:
        """Return what of a batch the parent is to hear of; None for nothing.

        A link goes once for each depth and label: a better one of them changes its row.

        Args:
            batch: Links of one page.
            depth: Of the rows they would become.
        """
        sent = self._sent.at(depth, batch.label_rank)
        urls = [url for url in batch.urls if url not in sent]
        if not urls:
            return None
        sent.update((url, 0) for url in urls if len(url) <= LONGEST)
        if len(urls) == len(batch.urls):
            return batch
        return LinkBatch(urls, batch.label, batch.label_rank)
