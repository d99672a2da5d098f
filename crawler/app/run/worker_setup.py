"""What a worker process is told before its first request."""

from __future__ import annotations

from pathlib import Path

import msgspec
import xxhash

from crawler.config.load import LoadedJob
from crawler.messages import StoredCookie


class WorkerSetup(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker process is told before its first request.

    Attributes:
        config: The job file, which the process reads for itself.
        overrides: Values of `--set`.
        settings: What they came to for the parent, see `settings_hash`.
        practice_url: Address of the practice site; None when it is not served.
        bodies: Folder of the bodies that are kept.
        slots: Where callbacks are noted.
        part: The worker's part of it.
        started: Wall-clock second at which the run began.
        source_files: Lists that lists led to so far.
        joined: Hosts that start URLs redirected to.
        cookies: All that the run was given so far.
        state: The spider's state, encoded.
        log_level: Lowest level of the spider's logger that is kept.
        counts_pages: To the trap guard every page is an item.
    """

    config: str
    overrides: tuple[str, ...]
    settings: int
    practice_url: str | None
    bodies: str
    slots: str
    part: int
    started: float
    source_files: int
    joined: tuple[str, ...]
    cookies: tuple[StoredCookie, ...]
    state: bytes | None
    log_level: int
    counts_pages: bool

    @property
    def path(self) -> Path:
        """The job file."""
        return Path(self.config)


def settings_hash(loaded: LoadedJob) -> int:
    """Return a number that changes with the settings of a job."""
    return xxhash.xxh3_64_intdigest(msgspec.json.encode(loaded.values, order="sorted"))
