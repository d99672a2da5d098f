"""`crawler explain CONFIG`: the effective settings, each with the place it comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from crawler.config.load import LoadedJob

_MASK = "***"


def effective_settings(loaded: LoadedJob, *, every: bool) -> Iterator[tuple[str, Any, str]]:
    """Yield dotted path, value and origin of each setting, secrets masked.

    Args:
        loaded: The job.
        every: Those that have their default, too.
    """
    for path, value in _flat(loaded.values, ""):
        where = loaded.origins.get(path, "default")
        if every or where != "default":
            yield path, _masked(value, path, loaded.secrets), where


def setting_lines(loaded: LoadedJob, *, every: bool) -> Iterator[str]:
    """Yield a line for each setting, in a form that `--set` takes."""
    settings = [
        (f"{path}={written(value)}", where)
        for path, value, where in effective_settings(loaded, every=every)
    ]
    width = min(60, max((len(text) for text, _ in settings), default=0))
    for text, where in settings:
        yield f"{text:<{width}}  # {where}"


def written(value: Any) -> str:
    """Return a value as YAML on one line (JSON is YAML, and text mostly needs no quotes)."""
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif path:
        yield path, value


def _masked(value: Any, path: str, secrets: frozenset[str]) -> Any:
    if path in secrets:
        return _MASK
    if isinstance(value, dict):
        return {key: _masked(one, f"{path}.{key}", secrets) for key, one in value.items()}
    if isinstance(value, list):
        return [_masked(one, f"{path}.{n}", secrets) for n, one in enumerate(value)]
    return value
