"""Pauses a run when its time is over: `schedule.max_runtime`."""

from __future__ import annotations

from collections.abc import Callable

from crawler.config.models.job import Job
from crawler.engine.crawl import Crawl
from crawler.engine.limits import PAUSED
from crawler.errors import ConfigError
from crawler.interfaces import Clock
from crawler.observe.quantities import took

#: Seconds that requests in flight get, as much as `fetch.deadline` allows by default.
GRACE = 120.0


def refuse_lost_pause(job: Job) -> None:
    """Refuse a pause after which nothing could go on.

    Raises:
        ConfigError: The job keeps no state.
    """
    if job.run.durability == "off" and job.schedule.max_runtime is not None:
        raise ConfigError(
            "schedule.max_runtime pauses a run for the next one to go on with, and with"
            " run.durability: off nothing is kept; scope.max_runtime ends a run"
        )


class RunPause:
    """Ends a crawl after a time, so that the next run goes on with it.

    Args:
        crawl: It.
        seconds: From when it began.
        begun: Monotonic second at which that was.
        clock: The time.
        tell: Is told that the pause begins.
    """

    def __init__(
        self, crawl: Crawl, seconds: float, begun: float, clock: Clock, tell: Callable[[str], None]
    ) -> None:
        self._crawl = crawl
        self._seconds = seconds
        self._begun = begun
        self._clock = clock
        self._tell = tell

    async def run(self) -> None:
        """Wait for the time, then stop the crawl; cancelled when it ends before that."""
        await self._clock.sleep(max(0.0, self._begun + self._seconds - self._clock.monotonic()))
        self._tell(f"pausing after {took(self._seconds)} (schedule.max_runtime)")
        self._crawl.stop(PAUSED)
        await self._clock.sleep(GRACE)
        self._crawl.quit_now()
