"""What a job with files waits out: a name server that is silent, a disk that is full."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from crawler.app.run.file_store import file_store_of
from crawler.engine.limits import NO_NAMES, NO_ROOM
from crawler.fetch.name_outage import PatientFetcher
from crawler.outage import Outage

if TYPE_CHECKING:
    from crawler.app.job.job_paths import JobPaths
    from crawler.config.models.job import Job
    from crawler.engine.crawl import Crawl
    from crawler.interfaces import Clock, Fetcher, FileWork
    from crawler.media.disk_files import DiskFiles
    from crawler.workers.inline import InlineWorkers

#: Seconds until a name is asked for again, and a disk looked at again; they double each time.
_NAMES, _DISK = 5.0, 1.0


class Patience:
    """What is waited for in a run, and by whom.

    Args:
        job: Has files.
        clock: The time.
        tell: Says a line that is not to be missed.
    """

    def __init__(self, job: Job, clock: Clock, tell: Callable[[str], None]) -> None:
        assert job.files is not None  # else nothing waits
        most = job.files.max_pause
        self._job, self._clock = job, clock
        self._names = Outage(clock, tell, first=_NAMES, most=most)
        self._disk = Outage(clock, tell, first=_DISK, most=most)

    def fetcher(self, inner: Fetcher) -> Fetcher:
        """Return a fetcher that waits while no name server answers; closed with the other."""
        return PatientFetcher(inner, self._names)

    def files(self, paths: JobPaths, work: FileWork | None) -> DiskFiles:
        """Return the store of files, which waits while there is no room; the caller closes it.

        Raises:
            StateError: What is known of the files cannot be read.
        """
        return file_store_of(self._job, paths, work, self._clock, self._disk)

    def begin(self, crawl: Crawl, workers: InlineWorkers) -> None:
        """Wait from now on no longer than this crawl goes on."""
        self._names.ended = self._disk.ended = workers.stopped
        self._names.give_up = lambda: crawl.stop(NO_NAMES)
        self._disk.give_up = lambda: crawl.stop(NO_ROOM)
