"""A crawl, as those see it who show it."""

from __future__ import annotations

import msgspec

from crawler.app.run.process_figures import CpuMeter
from crawler.app.run.wiring import Wired
from crawler.config.models.job import Job
from crawler.interfaces import Clock, FrontierStore
from crawler.observe.recorder import Recorder


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to see.

    Attributes:
        run: Its id.
        begun: Monotonic second at which the process began.
    """

    job: Job
    run: str
    wired: Wired
    store: FrontierStore
    recorder: Recorder
    clock: Clock
    meter: CpuMeter
    begun: float
