"""Every key of a config as a comment, with its default and what it is for; from the models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from crawler.config.models.access import HttpsOrigin, Origin
from crawler.config.models.job import Job
from crawler.config.models.steps import StepSettings

_INDENT = "  "
_COLUMN = 34
#: Keys that are set above the list.
_SET = ("version", "name")
#: What stands for the keys of a map, unless it is NAME.
_NAMES = dict.fromkeys((Origin, HttpsOrigin), "https://HOST")
_HEAD = """\
# Every key and its default. To set one, remove the first # of its line, and of the lines that it
# stands below; a key is to be there only once. NAME is a name of your own, HOST one of a server.
#
"""


def every_key() -> str:
    """Return all keys, each line a comment that is YAML once its `#` is removed."""
    blocks = []
    for name, field in Job.model_fields.items():
        if name not in _SET:
            lines = _key(field.alias or name, field, "", (Job,))
            blocks.append("".join(f"#{line}\n" for line in lines))
    return _HEAD + "#\n".join(blocks)


def _key(
    name: str, field: FieldInfo, indent: str, above: tuple[type[BaseModel], ...]
) -> Iterator[str]:
    """Yield a key and what stands below it; `above` are the models that it stands in."""
    model, ways = _below(field.annotation)
    if model is None or model in above:
        yield _line(f"{indent}{name}: {_default(field)}", field)
        return
    yield _line(f"{indent}{name}:", field)
    indent += _INDENT
    for way in ways:
        if way != "list":
            yield f"{indent}{way}:"
            indent += _INDENT
    dashes = 0
    if ways[-1:] == ["list"]:
        # Of steps each is an entry; of other lists all keys are of one.
        dashes = len(model.model_fields) if model is StepSettings else 1
        indent += _INDENT
    for key, below in model.model_fields.items():
        for number, line in enumerate(_key(below.alias or key, below, indent, (*above, model))):
            dash = dashes > 0 and number == 0
            yield f"{indent[:-2]}- {line[len(indent) :]}" if dash else line
        dashes -= 1


def _below(annotation: object) -> tuple[type[BaseModel] | None, list[str]]:
    """Return the model of a section, or of the entries of lists and maps, and which these are.

    Of each list it has "list", of each map what stands for one of its keys.
    """
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, []
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (tuple, dict):
        model, ways = _below(arguments[0 if origin is tuple else 1])
        way = "list" if origin is tuple else _NAMES.get(arguments[0], "NAME")
        return model, [way, *ways]
    found = (_below(one) for one in arguments)
    return next((pair for pair in found if pair[0] is not None), (None, []))


def _line(text: str, field: FieldInfo) -> str:
    said = " ".join((field.description or "").split())
    return f"{text.rstrip():<{_COLUMN}}  # {said}" if said else text.rstrip()


def _default(field: FieldInfo) -> str:
    """Return a default in the notation of a file; nothing for keys that have none."""
    value = field.default
    if value is None or value is PydanticUndefined:
        return ""
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
