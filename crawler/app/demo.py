"""`crawler demo`: the practice site, crawled or just served."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Mapping
from importlib.resources import as_file, files

from crawler.app.job.job_paths import JobPaths
from crawler.app.job.practice_site import serve_practice_site
from crawler.app.run.options import RunOptions
from crawler.app.run.run_job import run_job
from crawler.app.run.streams import Streams
from crawler.config.load import LoadedJob, load_job
from crawler.interfaces import Clock

#: The job that is run, beside the package's own code.
_JOB = "demo.yaml"


def demo_job(environ: Mapping[str, str]) -> LoadedJob:
    """Return the job that comes with the package."""
    with as_file(files("crawler.practice") / _JOB) as path:
        return load_job(path, environ=environ)


def run_demo(loaded: LoadedJob, wanted: RunOptions, streams: Streams, clock: Clock) -> int:
    """Crawl the practice site, say where the report is and what to do next."""
    code = run_job(loaded, wanted, streams, clock)
    folder = JobPaths(wanted.base.absolute(), loaded.job.name).newest_report()
    if folder is not None:
        streams.stderr.write(
            f"\nThe report of this run: {(folder / 'report.html').as_uri()}\n"
            f"Next: {wanted.program} new shop --url https://...  writes a config for your site\n"
        )
    return code


async def serve(
    paths: JobPaths, port: int, day: datetime.date | None, streams: Streams, clock: Clock
) -> None:
    """Serve the practice site until cancelled."""
    site = await serve_practice_site(paths, clock, port=port, day=day)
    try:
        streams.stdout.write(f"{site.url}\n".encode())
        streams.stdout.flush()
        streams.stderr.write("The practice site; Ctrl-C ends it.\n")
        await asyncio.Event().wait()
    finally:
        await site.close()
