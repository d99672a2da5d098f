"""Jobs that were run under a base directory, found by name."""

from __future__ import annotations

from pathlib import Path

from crawler.app.job.job_paths import JobPaths
from crawler.config.suggest import did_you_mean
from crawler.errors import ConfigError
from crawler.storage.run_look import RunLook


def job_names(base: Path) -> list[str]:
    """Return the names of all jobs that left state or reports, sorted."""
    names = {
        entry.name
        for folder in (base / "state", base / "reports")
        if folder.is_dir()
        for entry in folder.iterdir()
        if entry.is_dir()
    }
    return sorted(names)


def unknown_job(base: Path, name: str) -> ConfigError:
    """Return the error of a name that no job under a base has."""
    known = job_names(base)
    hint = did_you_mean(name, known) or (
        f"there are {', '.join(known[:8])}"
        if known
        else "no job was run there; --dir names another"
    )
    return ConfigError(f"no job '{name}' under {base}; {hint}")


def config_of(base: Path, name: str) -> Path:
    """Return the config with which a job was last run.

    Raises:
        ConfigError: There is no such job, or its config is not where it was.
        StateError: The job's state cannot be read.
    """
    paths = JobPaths(base, name)
    if "/" in name or name in ("", ".", "..") or not paths.database.is_file():
        raise unknown_job(base, name)
    with RunLook(paths.database) as look:
        config = look.config
    if not config:
        raise ConfigError(
            f"the state of job '{name}' does not say with which config it was run; name the config"
            " instead of the job"
        )
    path = Path(config)
    if not path.is_file():
        raise ConfigError(
            f"job '{name}' was last run with {path}, which is not there any more; name the config"
            " instead of the job"
        )
    return path
