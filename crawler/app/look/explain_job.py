"""`crawler explain CONFIG`: the effective settings, each with the place it comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from crawler.app.look.url_facts import place_of
from crawler.config.load import LoadedJob
from crawler.config.masked import shown_values


def effective_settings(loaded: LoadedJob, *, every: bool) -> Iterator[tuple[str, Any, str]]:
    """Yield dotted path, value and origin of each setting, secrets masked.

    Args:
        loaded: The job.
        every: Those that have their default, too.
    """
    for path, value in _flat(shown_values(loaded), ""):
        where = place_of(loaded, path)
        if path not in loaded.places and loaded.origins.get(path) == "default":
            where = "default"
        if every or where != "default":
            yield path, value, where


def setting_lines(loaded: LoadedJob, *, every: bool) -> Iterator[str]:
    """Yield a line for each setting."""
    settings = [
        (f"{path}: {written(value)}", where)
        for path, value, where in effective_settings(loaded, every=every)
    ]
    width = min(72, max((len(text) for text, _ in settings), default=0))
    for text, where in settings:
        yield f"{text:<{width}}  # {where}"


def written(value: Any) -> str:
    """Return a value as YAML on one line; JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every leaf; a list of plain values is one."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for number, inner in enumerate(value):
            yield from _flat(inner, f"{path}.{number}")
    elif path:
        yield path, value
