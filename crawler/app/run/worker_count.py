"""How many processes fetch and parse."""

from __future__ import annotations

from crawler.app.run.process_figures import usable_cpus
from crawler.config.load import LoadedJob
from crawler.errors import ConfigError
from crawler.spider.spider import Spider


def worker_count(loaded: LoadedJob, spider: Spider | None) -> int:
    """Return how many processes fetch and parse.

    Args:
        loaded: The job.
        spider: Of its class; None for one of the config's rules.

    Raises:
        ConfigError: There are to be several, and the class cannot be had in any of them.
    """
    wanted = loaded.job.run.workers
    if wanted == "auto":
        if loaded.job.run.backend == "threads" or loaded.job.files is not None:
            return 1
        if not (spider is None or spider.stateless):
            return 1
        wanted = usable_cpus()
    if wanted > 1 and not loaded.path.is_file():
        raise ConfigError(
            "run.workers: worker processes read the job from a file; write a config, or leave it 1"
        )
    return wanted


def early_count(loaded: LoadedJob) -> int:
    """Return how many processes there will be as far as the config says so; 1 for not known yet.

    It does not when the class is asked, and may when the job cannot have several after all.
    """
    run = loaded.job.run
    if run.backend == "threads" or loaded.job.files is not None or not loaded.path.is_file():
        return 1
    if run.workers != "auto":
        return run.workers
    return 1 if loaded.spider is not None else usable_cpus()
