"""What a job comes to: its effective values, where each is from, and which must not be shown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from crawler.config.anatomy import fields_of, item_section_of, section_of
from crawler.config.models.job import Job
from crawler.config.nodes import MapNode, Path, Plain, ScalarNode, dotted, leaves, plain

#: Keys of `args` whose values are taken for secrets, whatever their origin.
_SECRET_NAME = re.compile(r"passw|secret|token|api_?key|credential", re.IGNORECASE)
#: Sections whose every value is taken for a secret.
_SECRET_SECTIONS = (("fetch", "headers"), ("fetch", "cookies"), ("fetch", "auth"))
#: Keys below `notify` whose values are: whoever knows an address may speak in our name.
NOTIFY_SECRETS = frozenset(("healthcheck", "webhook", "url", "secret", "user", "password", "proxy"))


def values_of(root: MapNode) -> dict[str, Plain]:
    """Return the settings as plain data, with the default of every key that is not set."""
    values = plain(root)
    return _completed(Job, values if isinstance(values, dict) else {})


def origins_of(root: MapNode, values: dict[str, Plain]) -> dict[str, str]:
    """Return where each effective value comes from, by its dotted path; a list is one value."""
    known = dict(_origins(root, ()))
    return {dotted(path): known.get(path, "default") for path in _paths(values, ())}


def secrets_of(root: MapNode) -> frozenset[str]:
    """Return the dotted paths of values not to be shown.

    These are the values in which a variable stands, those of headers, cookies and `auth`, proxies
    with a user, arguments with a name like `password`, and whatever proves us to who is told.
    """
    return frozenset(dotted(path) for path, node in leaves(root) if _is_secret(path, node))


def is_secret_place(path: Path) -> bool:
    """Tell whether whatever stands at a path is taken for a secret."""
    if path[:1] == ("notify",):
        return next(step for step in reversed(path) if isinstance(step, str)) in NOTIFY_SECRETS
    return path[:2] in _SECRET_SECTIONS


def _is_secret(path: Path, node: object) -> bool:
    if isinstance(node, ScalarNode) and node.from_environment:
        return True
    if is_secret_place(path):
        return True
    if path[:2] == ("fetch", "proxies") and isinstance(node, ScalarNode) and "@" in node.written:
        return True
    return path[:1] == ("args",) and any(_SECRET_NAME.search(str(step)) for step in path[1:])


def _completed(section: type[BaseModel], values: dict[str, Plain]) -> dict[str, Plain]:
    """Return the values of a section in the order of its model, defaults filled in."""
    complete: dict[str, Plain] = {}
    for name, field in fields_of(section).items():
        below = section_of(field.annotation)
        given = values.get(name)
        if below is not None and (name in values or field.default is not None):
            complete[name] = _completed(below, given if isinstance(given, dict) else {})
        elif name in values:
            complete[name] = given
        elif name != "extends" and field.default is not PydanticUndefined:
            complete[name] = _default(field)
    return complete


def _default(field: FieldInfo) -> Plain:
    """Return a key's default in the notation of a file."""
    item = item_section_of(field.annotation)
    if isinstance(field.default, list) and item is not None:
        return [_completed(item, {}) for _ in field.default]
    if isinstance(field.default, tuple):
        return list(field.default)
    return {} if field.default == {} else field.default


def _origins(node: MapNode, path: Path) -> Iterator[tuple[Path, str]]:
    for name, entry in node.entries.items():
        if isinstance(entry.value, MapNode) and entry.value.entries:
            yield from _origins(entry.value, (*path, name))
        else:
            # The key, not the value: an alias stands where its anchor is.
            yield (*path, name), entry.key.origin


def _paths(values: Plain, path: Path) -> Iterator[Path]:
    if isinstance(values, dict) and values:
        for name, value in values.items():
            yield from _paths(value, (*path, name))
    else:
        yield path
