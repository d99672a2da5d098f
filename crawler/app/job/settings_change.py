"""Whether an interrupted run may go on under a config that has changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from crawler.config.hidden_lines import MASK, without_user

#: Settings that say which requests there are and what their pages mean.
_MEANING = ("demo", "extract", "follow", "scope", "spider", "args", "start")
#: Of these, the ones that only say when to stop.
_LIMITS = frozenset(("scope.max_pages", "scope.max_runtime"))


def settings_of(
    values: Mapping[str, Any], secrets: frozenset[str], output: str | None = None
) -> bytes:
    """Return the effective settings as kept with a run, secrets left out.

    Args:
        values: Those of the config.
        secrets: Dotted paths of those that are not to be kept.
        output: The path that replaces the outputs, None for none.
    """
    # Whom a run's end is told to says nothing about the run.
    kept = _without({key: one for key, one in values.items() if key != "notify"}, secrets, "")
    if output is not None:
        kept["output"] = output
    return msgspec.json.encode(kept, order="deterministic")


def _without(value: Any, secrets: frozenset[str], path: str) -> Any:
    if path in secrets:
        return MASK
    if isinstance(value, Mapping):
        return {
            key: _without(inner, secrets, f"{path}.{key}" if path else str(key))
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_without(one, secrets, f"{path}.{number}") for number, one in enumerate(value)]
    return without_user(value) if isinstance(value, str) else value


def changes(stored: bytes, settings: bytes) -> tuple[list[str], list[str]]:
    """Return the keys that changed: those that alter the frontier's meaning, and the others."""
    before, after = (_flat(msgspec.json.decode(raw)) for raw in (stored, settings))
    changed = sorted(key for key in before | after if before.get(key) != after.get(key))
    grave = [key for key in changed if key.split(".")[0] in _MEANING and key not in _LIMITS]
    return grave, [key for key in changed if key not in grave]


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {path: value}
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        flat |= _flat(inner, f"{path}.{key}" if path else key)
    return flat
