"""A crawl that is killed and started again, so often as it is told to."""

from __future__ import annotations

import time
from pathlib import Path

from scripts.soak.killed_process import kill_group, said, start
from scripts.soak.seeded_job import Wish, write_job
from scripts.soak.site_process import SiteProcess

#: Of each process: the requests at the site after which it dies, and for how many seconds longer
#: it may live.
Lives = list[tuple[int, float]]


def live(site: SiteProcess, folder: Path, wish: Wish, lives: Lives) -> list[float]:
    """Let the processes of a job live and die; return the monotonic second at which each began.

    Raises:
        RuntimeError: One ended by itself.
    """
    write_job(folder, site.starts(), wish)
    starts = []
    for requests, seconds in lives:
        starts.append(time.monotonic())
        process, wanted = start(folder), site.answered + requests
        while site.answered < wanted and process.poll() is None:
            time.sleep(0.002)
        time.sleep(seconds)
        code = process.poll()
        if code is not None:
            raise RuntimeError(f"start {len(starts)} ended with {code}: {said(folder)}")
        kill_group(process)
    return starts
