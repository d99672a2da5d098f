"""Functions that `python` steps of a config name, imported before anything is fetched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crawler.config.load import LoadedJob
from crawler.errors import ConfigError, Problem
from crawler.offload.named_function import NotImportable, find_function


def load_function(loaded: LoadedJob, path: str, name: str) -> Callable[[Any], Any]:
    """Import the function of one step.

    Args:
        loaded: The job.
        path: Dotted path of the step's key, for errors and for files relative to the config.
        name: `pkg.mod:func`, a module that is installed or in the current directory; or
            `steps.py:func`, a file relative to the config in which it stands.

    Raises:
        ConfigError: It cannot be imported, is not there, or is no function.
    """
    target, _, function = name.rpartition(":")
    place = str(loaded.beside(path, target).absolute()) if target.endswith(".py") else target
    try:
        found = find_function(f"{place}:{function}")
    except NotImportable as error:
        # As the user wrote it, not as we looked for it.
        what = error.what.replace(place, target) if "no file" not in error.what else error.what
        raise ConfigError(problem_at(loaded, path, what, error.hint)) from error
    return found


def problem_at(loaded: LoadedJob, path: str, why: str, hint: str = "") -> Problem:
    """Return a problem that stands at a key of the config, by its dotted path."""
    source, colon, line = loaded.places.get(path, "").rpartition(":")
    message = f"{path}: {why}"
    if not colon:
        return Problem(message=message, source=str(loaded.path), hint=hint)
    return Problem(message=message, source=source, line=int(line), hint=hint)
