"""The job that a word on the command line means: a name, or the path of its config."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crawler.app.job.job_paths import JobPaths
from crawler.app.job.known_jobs import unknown_job
from crawler.config.load import load_job


def job_named(word: str, base: Path, environ: Mapping[str, str]) -> JobPaths:
    """Return the files of a job that was run.

    Args:
        word: A name, or a config, whose name counts.
        base: Base of state and reports, absolute.
        environ: For a config.

    Raises:
        ConfigError: No such job was run under this base, or the config is wrong.
    """
    name = word
    if word.endswith((".yaml", ".yml")) or ("/" in word and Path(word).is_file()):
        name = load_job(Path(word), overrides=[], environ=environ).job.name
    paths = JobPaths(base, name)
    known = name not in ("", ".", "..") and "/" not in name
    if not known or not (paths.state.is_dir() or paths.newest_report() is not None):
        raise unknown_job(base, name)
    return paths
