"""Looks at a crawl once a second: what is stuck is named, what waits for too long is ended.

What this costs is a few microseconds a second. Figures for `crawler status` come from the same
looks, so that rates are those of the last seconds whenever somebody asks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crawler.app.run.blocked_loop import BlockedLoop
from crawler.app.run.spider_offload import SpiderOffload
from crawler.app.run.stuck_words import Stuck, steps_in_words, stuck_words
from crawler.app.run.watched import Watched
from crawler.engine.watchdog import LIMIT, Watchdog

if TYPE_CHECKING:
    from crawler.app.run.live_figures import LiveFigures

#: Seconds between two looks.
PERIOD = 1.0
#: Seconds until the first figures: a run that is over by then does without what they import.
_PATIENCE = 2.0


class Watch:
    """The watch over one crawl.

    Args:
        watched: The crawl.
        offload: What its spider offloads with; None for nothing.
        tell: Says a line on the screen and in the log, whatever the level.
    """

    def __init__(
        self, watched: Watched, offload: SpiderOffload | None, tell: Callable[[str], None]
    ) -> None:
        self._watched = watched
        self._offload = offload
        self._tell = tell
        self._dog = Watchdog(watched.wired.crawl, watched.clock)
        self._blocked = BlockedLoop(watched.wired, tell, LIMIT)
        self._figures: LiveFigures | None = None
        self._steps = steps_in_words(watched.job)
        self._begun = watched.clock.monotonic()

    @property
    def stuck(self) -> Stuck:
        """What the watchdog counted."""
        return Stuck(
            self._dog.times + self._blocked.times,
            round(max(self._dog.longest, self._blocked.longest), 1),
        )

    async def run(self) -> None:
        """Look until cancelled."""
        clock = self._watched.clock
        with self._blocked:
            while True:
                await clock.sleep(PERIOD)
                self._blocked.beat()
                self._look()
                if clock.monotonic() - self._begun >= _PATIENCE:
                    self._live().look()

    def _look(self) -> None:
        now, callbacks = self._watched.clock.monotonic(), self._watched.wired.callbacks
        still = self._dog.look()
        if still is not None:
            self._tell(stuck_words(still, callbacks, now, self._steps))
        if self._offload is not None and self._offload.busy:
            callbacks.rest()
        callbacks.end_overdue()
        self._give_up_start()

    def _give_up_start(self) -> None:
        """Wait for `start()` no longer than for a callback, if nothing else is left to wait for."""
        still, limit = self._dog.standstill, self._watched.job.run.callback_timeout
        if still is not None and still.cause == "start" and still.seconds >= limit:
            self._watched.wired.crawl.give_up_start(
                f"start() was ended: it gave nothing for {still.seconds:.0f} s"
                " (run.callback_timeout)"
            )

    def figures(self, width: int) -> dict[str, Any]:
        """Return where the crawl stands; see `Live`."""
        still = self._dog.standstill
        now, callbacks = self._watched.clock.monotonic(), self._watched.wired.callbacks
        stuck = None if still is None else stuck_words(still, callbacks, now, self._steps)
        return self._live().figures(width) | {"stuck": stuck}

    def _live(self) -> LiveFigures:
        if self._figures is None:
            from crawler.app.run.live_figures import LiveFigures

            self._figures = LiveFigures(self._watched)
        return self._figures
