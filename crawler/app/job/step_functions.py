"""Functions that `python` steps of a config name, imported before anything is fetched."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from crawler.config.load import LoadedJob
from crawler.config.suggest import did_you_mean
from crawler.errors import ConfigError, Problem
from crawler.spider.failure import failed


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
    try:
        if target.endswith(".py"):
            found: object = _module_of(loaded.beside(path, target))
        else:
            found = _module_named(target)
    except _NoModule as error:
        raise ConfigError(_problem(loaded, path, str(error), error.hint)) from error
    for step in function.split("."):
        below = getattr(found, step, None)
        if below is None:
            hint = did_you_mean(step, [key for key in vars(found) if key[:1] != "_"])
            raise ConfigError(_problem(loaded, path, f"{target} has no function {function}", hint))
        found = below
    if not callable(found):
        raise ConfigError(_problem(loaded, path, f"{function} of {target} is no function"))
    why = _unfit(found)
    if why:
        hint = "a step is a plain function of one value"
        raise ConfigError(_problem(loaded, path, f"{function} of {target} {why}", hint))
    return found


def _unfit(function: Callable[..., Any]) -> str:
    """Say why a function cannot be a step, as far as can be told without calling it."""
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return "is async"
    try:
        inspect.signature(function).bind(None)
    except TypeError as error:
        return f"cannot be called with one value: {error}"
    except ValueError:
        return ""  # many built-in functions do not say what they take
    return ""


class _NoModule(Exception):
    """A module cannot be had."""

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.hint = hint


def _module_named(name: str) -> ModuleType:
    # `crawler` as a command, other than `python -m`, has no current directory on the path. It comes
    # last: a file there must not stand in for an installed module.
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise _NoModule(f"{name}: {failed(error)}") from error
        hint = "install it, run where it lies, or name a file: steps.py:func"
        raise _NoModule(f"there is no module {error.name}", hint) from error
    except (Exception, SystemExit) as error:
        raise _NoModule(f"{name}: {_why(error)}") from error


def _module_of(file: Path) -> ModuleType:
    """Import a file, once for all steps that name it."""
    module_name = f"crawler_steps_{file.stem}_{abs(hash(str(file.resolve()))):x}"
    known = sys.modules.get(module_name)
    if known is not None:
        return known
    spec = importlib.util.spec_from_file_location(module_name, file)
    if spec is None or spec.loader is None:
        raise _NoModule(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[module_name]
        raise _NoModule(f"{file}: {_why(error)}") from error
    return module


def _why(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg} ({error.filename}:{error.lineno})"
    return str(failed(error))


def _problem(loaded: LoadedJob, path: str, why: str, hint: str = "") -> Problem:
    source, colon, line = loaded.places.get(path, "").rpartition(":")
    message = f"{path}: {why}"
    if not colon:
        return Problem(message=message, source=str(loaded.path), hint=hint)
    return Problem(message=message, source=source, line=int(line), hint=hint)
