"""The effective config as a YAML text for the report of a run, secrets masked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import yaml

from crawler.config.dialect import resolve
from crawler.config.hidden_lines import MASK, without_user
from crawler.config.load import LoadedJob
from crawler.config.nodes import Path, Plain, dotted

#: Characters of a secret at least: what is shorter stands in any text by chance.
_SHORTEST = 4

if TYPE_CHECKING:
    from yaml import SafeDumper as Emitting
else:
    # libyaml writes the same in a third of the time; a PyYAML may have been built without it.
    Emitting = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(Emitting):
    """Quotes every text that our own dialect would read as something else."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = None if resolve(value) == value else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def effective_yaml(loaded: LoadedJob) -> str:
    """Return a config that means what this run does: merged, defaults written out.

    Values from the environment, of headers and of cookies, and user names within URLs are
    replaced by `***`; keys without a value are left out.
    """
    return yaml.dump(
        shown_values(loaded),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
        indent=2,
    )


def shown_values(loaded: LoadedJob) -> Plain:
    """Return the effective settings as plain data that anybody may see; see `effective_yaml`."""
    return _shown(dict(loaded.values), (), loaded.secrets)


def _shown(value: Plain, path: Path, secrets: frozenset[str]) -> Plain:
    if isinstance(value, dict):
        return {
            name: _shown(below, (*path, name), secrets)
            for name, below in value.items()
            if below is not None
        }
    if isinstance(value, list):
        return [_shown(item, (*path, index), secrets) for index, item in enumerate(value)]
    if dotted(path) in secrets:
        return MASK
    if isinstance(value, str):
        # Variables are put in already: what is left of a "$" stands for itself.
        return without_user(value).replace("$", "$$")
    return value


def without_secrets(loaded: LoadedJob) -> Callable[[str], str]:
    """Return what takes the secrets of a job out of a text that is sent to people.

    An error may quote them: the address that was asked for, an answer that repeats a header.
    """
    found = {str(value) for value in _secret_values(dict(loaded.values), (), loaded.secrets)}
    # The longest first: one may be a part of another.
    texts = sorted((one for one in found if len(one) >= _SHORTEST), key=len, reverse=True)

    def clean(text: str) -> str:
        for secret in texts:
            text = text.replace(secret, MASK)
        return without_user(text)

    return clean


def _secret_values(value: Plain, path: Path, secrets: frozenset[str]) -> Iterator[Plain]:
    if isinstance(value, dict):
        for name, below in value.items():
            yield from _secret_values(below, (*path, name), secrets)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _secret_values(item, (*path, index), secrets)
    elif value is not None and dotted(path) in secrets:
        yield value
