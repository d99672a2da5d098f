"""What the workers of a run have to work with."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from crawler.app.job.job_paths import JobPaths
from crawler.app.job.spider_set import SpiderSet
from crawler.app.run.backend import Backend
from crawler.app.run.stalls import Stalls
from crawler.config.load import LoadedJob
from crawler.engine.crawl import Crawl
from crawler.engine.tally import Tally
from crawler.interfaces import BodyStore, Fetcher, FileErrands, FileStore, Opened
from crawler.observe.recorder import Recorder
from crawler.policy.retry import RetryPolicy
from crawler.policy.scope import Scope
from crawler.policy.traps import Traps
from crawler.spider.page_parser import PageParser

if TYPE_CHECKING:
    from crawler.app.run.patience import Patience
    from crawler.workers.process.forked_process import ForkedProcess


class Workplace(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to work with.

    Attributes:
        gate: The crawl's semaphore.
        stalls: Is told of callbacks that keep a loop.
        loop: Name of the event loop.
        files: Where files go; None for a job without.
        patient: Fetches files; the same as `fetcher` for a job without.
        patience: Waits for what all files need; None for a job without.
        errands: Fetches files that items name; None where the answers are the files.
        bodies: Keeps what pages were read from; None for a job that does not.
        spares: Worker processes that are there already.
    """

    loaded: LoadedJob
    paths: JobPaths
    spiders: SpiderSet
    opened: Opened
    tally: Tally
    scope: Scope
    traps: Traps
    parser: PageParser
    fetcher: Fetcher
    retry: RetryPolicy
    crawl: Crawl
    backend: Backend
    gate: asyncio.Semaphore
    stalls: Stalls
    recorder: Recorder
    loop: str
    patient: Fetcher
    files: FileStore | None = None
    patience: Patience | None = None
    bodies: BodyStore | None = None
    errands: FileErrands | None = None
    spares: Sequence[ForkedProcess] = ()
