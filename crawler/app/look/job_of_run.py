"""The config of the job that a word means: its config itself, its name, or one of its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from crawler.app.job.job_paths import JobPaths
from crawler.app.job.known_jobs import config_of
from crawler.app.look.found_run import find_run
from crawler.config.load import LoadedJob, load_job
from crawler.errors import ConfigError


def job_of(
    base: Path, word: str, overrides: Sequence[str], environ: Mapping[str, str]
) -> LoadedJob:
    """Return the job, as its config is today.

    Args:
        base: Base of state, data and reports, absolute.
        word: A config; else what names a run, see `find_run`.
        overrides: Changes of settings, as `--set` takes them.
        environ: For the config.

    Raises:
        ConfigError: There is no such job or run, the config of its last run is not there any more,
            or is that of another job by now.
        StateError: The job's state, or the history, cannot be read.
    """
    path = Path(word)
    if word.endswith((".yaml", ".yml")) or _is_file(path):
        return load_job(path, overrides=list(overrides), environ=environ)
    found = find_run(base, word)
    name = found.paths.name
    if not found.paths.database.is_file():
        raise ConfigError(
            f"run {found.run_id} of job '{name}' kept no state, or it is not there any more"
        )
    path = config_of(base, name)
    loaded = load_job(path, overrides=list(overrides), environ=environ)
    if loaded.job.name != name:
        raise ConfigError(
            f"job '{name}' was last run with {path}, which is that of job '{loaded.job.name}' now;"
            " name the config that is meant"
        )
    return loaded


def _is_file(path: Path) -> bool:
    """Tell whether it is a file; what is too long for a name is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def refuse_without_bodies(loaded: LoadedJob, base: Path) -> None:
    """Refuse to read the pages of a job anew of which nothing is kept.

    Raises:
        ConfigError: It keeps no bodies, or has none yet.
    """
    job = loaded.job
    if job.incremental is None or job.incremental.bodies is None:
        raise ConfigError(
            f"job {job.name} keeps no bodies; with `incremental: {{bodies: {{}}}}` it does from"
            " its next run on"
        )
    folder = JobPaths(base, job.name).bodies
    if not folder.is_dir() or next(folder.rglob("*.body"), None) is None:
        raise ConfigError(
            f"job {job.name} has kept no body yet that could be read anew; its next run does"
        )
