"""A pause of the crawl: asked for by key or from another terminal, said and logged either way."""

from __future__ import annotations

from collections.abc import Callable

from crawler.engine.crawl import Crawl


class Pausing:
    """Pauses a crawl and lets it go on.

    Args:
        crawl: The crawl.
        tell: Says a line on the screen and in the log.
    """

    def __init__(self, crawl: Crawl, tell: Callable[[str], None]) -> None:
        self._crawl = crawl
        self._tell = tell

    @property
    def paused(self) -> bool:
        """Nothing is sent out."""
        return self._crawl.paused

    @property
    def in_flight(self) -> int:
        """Requests that still come to their end."""
        return self._crawl.in_flight

    def pause(self, how: str) -> None:
        """Send nothing more out; `how` says what goes on again, or who asked."""
        if self.paused:
            return
        self._crawl.pause()
        flying = self.in_flight
        rest = f": {flying} in flight still come to their end" if flying else ""
        self._tell(f"paused{rest}; {how}")

    def go_on(self, how: str = "") -> None:
        """Send again."""
        if not self.paused:
            return
        self._crawl.go_on()
        self._tell(f"going on; {how}" if how else "going on")
