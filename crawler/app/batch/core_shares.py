"""How many videos at a time, with how many threads each, so that they do not fight for cores."""

from __future__ import annotations


def core_shares(
    cores: int, jobs: int, workers: int | None, threads: int | None
) -> tuple[int, int]:  # fmt: skip
    """Return workers, and threads for each; together no more than cores, unless both are given.

    One thread each and a worker for every core is the fastest: threads of one encoder wait for
    each other. Only where there are fewer videos than cores do the threads make up for it.

    Args:
        cores: That we may use, 1 or more.
        jobs: Videos that are to be made.
        workers: What is asked for, None for what fits.
        threads: The same of the threads for each.
    """
    if workers is None:
        most = cores if threads is None else max(1, cores // threads)
        workers = max(1, min(most, jobs))
    workers = max(1, min(workers, jobs))
    if threads is None:
        threads = max(1, cores // workers)
    return workers, threads
