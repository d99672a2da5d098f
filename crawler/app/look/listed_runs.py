"""The runs that a command line asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from crawler.app.job.history import history_of
from crawler.app.job.known_jobs import job_names, unknown_job
from crawler.app.look.asked_for import asked_for
from crawler.app.look.run_list import RunList, RunOfList
from crawler.config.load import load_job


def listed_runs(
    base: Path, word: str | None, most: int, *, failed: bool, now: float,
    environ: Mapping[str, str],
) -> Iterator[RunOfList]:  # fmt: skip
    """Yield runs, the last one first.

    Args:
        base: Base of state, data and reports, absolute.
        word: A job's name or its config; None for all jobs.
        most: How many.
        failed: Only those that were not good.
        now: Wall-clock second.
        environ: For a config.

    Raises:
        ConfigError: There is no such job, or the config is wrong.
        StateError: The history cannot be read.
    """
    history = history_of(base)
    runs = RunList(base, history, now, asked_for)
    if word is None:
        return runs.chosen(runs.of_all(), most, failed=failed)
    name = word
    if word.endswith((".yaml", ".yml")) or ("/" in word and Path(word).is_file()):
        name = load_job(Path(word), overrides=[], environ=environ).job.name
    if name not in job_names(base) and not history.recent(name, 1):
        raise unknown_job(base, name)
    return runs.chosen(runs.of(name), most, failed=failed)
