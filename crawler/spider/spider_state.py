"""`Spider.state`: the user's own dict, committed with the page that changed it."""

from __future__ import annotations

from crawler.spider.plain_codec import dump, load
from crawler.spider.spider import Spider


class SpiderState:
    """Watches one spider's `state`.

    Args:
        spider: Whose.
        stored: What an earlier process of the run committed, None for nothing.
    """

    def __init__(self, spider: Spider, stored: bytes | None) -> None:
        self._spider = spider
        self._last = stored
        if stored is not None:
            spider.state = load(stored)

    def changed(self) -> bytes | None:
        """Return the state, encoded, if it is another than the last time; else None.

        Raises:
            CallbackError: It holds what cannot be kept; says under which key.
        """
        if not self._spider.state and self._last is None:
            return None
        encoded = dump(self._spider.state, "state")
        if encoded == self._last:
            return None
        self._last = encoded
        return encoded
