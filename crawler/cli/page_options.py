"""Options that the commands about a single page share, and the job they give."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.app.look.one_page import OnePage
    from crawler.config.load import LoadedJob


def add_page_arguments(parser: argparse.ArgumentParser, *, config: bool) -> None:
    """Take changes to a config, and the config itself as an option if `config` says so."""
    if config:
        parser.add_argument(
            "--config", type=Path, metavar="CONFIG.yaml", help="fetch as this job would"
        )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY.PATH=VALUE",
        help="change a setting; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--dir", type=Path, default=Path(), metavar="PATH",
        help="base of the job's state (default: the current directory)",
    )  # fmt: skip


def job_of(options: argparse.Namespace, url: str) -> LoadedJob:
    """Return the job of `--config`, or one that has every default.

    Raises:
        ConfigError: It cannot be run.
    """
    from crawler.app.job.ad_hoc_job import job_for
    from crawler.config.load import load_job

    if options.config is None:
        return job_for(url, options.set, os.environ)
    return load_job(options.config, overrides=options.set, environ=os.environ)


def with_page(loaded: LoadedJob, base: Path, work: Callable[[OnePage], Awaitable[int]]) -> int:
    """Do something with a job's pages in an event loop of its own; return the exit code."""
    from crawler.app.look.one_page import OnePage
    from crawler.clock import SystemClock
    from crawler.loop import new_loop_factory

    async def doing() -> int:
        async with OnePage(loaded, SystemClock(), base) as page:
            return await work(page)

    factory, _ = new_loop_factory(loaded.job.run.loop)
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(doing())
