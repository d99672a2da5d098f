"""Functions by name: how one is written down in one process and found again in another.

A name is `pkg.mod:qualname`, or `path/to/file.py:qualname`.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from crawler.errors import ConfigError

_ASYNC = 0x80 | 0x200  # CO_COROUTINE, CO_ASYNC_GENERATOR
_KNOWN = 64
#: What the name of a module begins with that was loaded from a spider's file.
SPIDER_MODULE = "crawler_spider_"


class NotImportable(Exception):
    """A name leads to no function.

    Attributes:
        what: Why.
        hint: What to do about it, may be empty; the message has both.
    """

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(f"{what}; {hint}" if hint else what)
        self.what = what
        self.hint = hint


def name_of(function: Callable[..., Any] | str) -> str:
    """Return the name under which another process finds a function.

    Args:
        function: One of a module or of the script that is running; or a name, which is only
            looked at for its form.

    Raises:
        ConfigError: It has no such name: a lambda, a function within another, a bound method.
    """
    if isinstance(function, str):
        target, _, qualname = function.rpartition(":")
        if not (target and qualname):
            raise ConfigError(
                f"{function!r} names no function; write pkg.module:function or file.py:function"
            )
        return function
    module, qualname = getattr(function, "__module__", ""), getattr(function, "__qualname__", "")
    if not module or not qualname or "<" in qualname or hasattr(function, "__self__"):
        shown = qualname or type(function).__name__
        raise ConfigError(
            f"{shown} cannot be found by another process; give a function that is defined with"
            " def at the top of a module"
        )
    if module.startswith(SPIDER_MODULE):  # it was loaded from its file, and has no other name
        module = str(Path(sys.modules[module].__file__ or "").absolute())
    return f"{_script() if module == '__main__' else module}:{qualname}"


def _script() -> str:
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return str(spec.name)
    file = getattr(main, "__file__", None)
    if file is None:
        raise ConfigError(
            "a function that was typed at a prompt cannot be found by another process; put it"
            " into a file"
        )
    return str(Path(file).absolute())


@lru_cache(maxsize=_KNOWN)
def find_function(name: str, values: int = 1) -> Callable[[Any], Any]:
    """Import the function of a name; once it was found it stays known.

    Raises:
        NotImportable: It cannot be imported, is not there, or is no plain function.
    """
    target, _, qualname = name.rpartition(":")
    found: object = _module_of(Path(target)) if target.endswith(".py") else _module_named(target)
    for step in qualname.split("."):
        below = getattr(found, step, None)
        if below is None:
            raise NotImportable(f"{target} has no function {qualname}", _near(step, found))
        found = below
    if not callable(found):
        raise NotImportable(f"{qualname} of {target} is no function")
    if getattr(getattr(found, "__code__", None), "co_flags", 0) & _ASYNC:
        raise NotImportable(f"{qualname} of {target} is async", "give a plain function")
    count = "one value" if values == 1 else f"{values} values"
    unfit = _unfit(found, values)
    if unfit:
        raise NotImportable(
            f"{qualname} of {target} cannot be called with {count}: {unfit}",
            f"give a plain function of {count}",
        )
    return found


def _unfit(function: Callable[..., Any], values: int) -> str:
    """Say why a function cannot be called so, as far as can be told without that."""
    import inspect

    try:
        inspect.signature(function).bind(*[None] * values)
    except TypeError as error:
        return str(error)
    except ValueError:
        return ""  # many built-in functions do not say what they take
    return ""


def _near(step: str, found: object) -> str:
    import difflib

    near = difflib.get_close_matches(step, [key for key in vars(found) if key[:1] != "_"], 1)
    return f"did you mean '{near[0]}'?" if near else ""


def search_current_directory() -> None:
    """Let the user's code import what lies in the current directory.

    It comes last: a file there must not stand in for an installed module.
    """
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)


def _module_named(name: str) -> ModuleType:
    search_current_directory()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise NotImportable(f"{name}: {why(error)}") from error
        raise NotImportable(
            f"there is no module {error.name}",
            "install it, run where it lies, or name a file: steps.py:function",
        ) from error
    except (Exception, SystemExit) as error:
        raise NotImportable(f"{name}: {why(error)}") from error


def _module_of(file: Path) -> ModuleType:
    """Import a file; under a name of its own, so that no guard of it takes it for the script."""
    name = f"crawler_offload_{file.stem}_{abs(hash(str(file.resolve()))):x}"
    known = sys.modules.get(name)
    if known is not None:
        return known
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise NotImportable(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except FileNotFoundError as error:
        del sys.modules[name]
        missing = not file.exists()
        raise NotImportable(f"there is no file {file}" if missing else why(error)) from error
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise NotImportable(f"{file}: {why(error)}") from error
    return module


def why(error: BaseException) -> str:
    """Return an exception of foreign code as one line, with the place in that code."""
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg} ({error.filename}:{error.lineno})"
    from crawler.spider.failure import failed

    try:
        return str(failed(error))
    except Exception:  # noqa: BLE001 - the text of a foreign exception is foreign code as well
        return type(error).__name__
