"""Every key of a config as a comment, with its default and what it is for; from the models."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from crawler.config.anatomy import item_section_of, section_of
from crawler.config.models.job import Job

_INDENT = "  "
_COLUMN = 34
#: Keys that are set above the list.
_SET = ("version", "name")


def every_key() -> str:
    """Return all keys, each line a comment that is YAML once its `#` is removed."""
    lines = [
        "# Every key and its default. Remove the first # of a line, and of those above it that"
    ]
    lines += ["# it belongs to, to set it; a key is to be there only once.", "#"]
    for name, field in Job.model_fields.items():
        if name not in _SET:
            lines += [f"#{line}" for line in _lines(_key(name, field), field, "", (Job,))]
            lines.append("#")
    return "\n".join(lines[:-1]) + "\n"


def _lines(
    name: str, field: FieldInfo, indent: str, above: tuple[type[BaseModel], ...]
) -> Iterator[str]:
    """Yield a key with what stands below it; `above` are the models that it stands in."""
    section = section_of(field.annotation)
    items = None if section else item_section_of(field.annotation)
    below = section or items
    if below is None or below in above:
        yield _line(f"{indent}{name}: {_default(field)}", field)
        return
    yield _line(f"{indent}{name}:", field)
    many = items is not None
    listed = many and not _is_map(field)
    if many and not listed:
        yield f"{indent}{_INDENT}NAME:"
    deeper = indent + _INDENT * (2 if many else 1)
    first = True
    for key, one in below.model_fields.items():
        for line in _lines(_key(key, one), one, deeper, (*above, below)):
            # The first key of a list's entry stands behind the dash.
            yield f"{indent}{_INDENT}- {line[len(deeper) :]}" if listed and first else line
            first = False


def _key(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _is_map(field: FieldInfo) -> bool:
    return str(field.annotation).find("dict[") >= 0


def _line(text: str, field: FieldInfo) -> str:
    said = " ".join((field.description or "").split())
    return f"{text.rstrip():<{_COLUMN}}  # {said}" if said else text.rstrip()


def _default(field: FieldInfo) -> str:
    """Return a default in the notation of a file; nothing for keys that have none."""
    value = field.default
    if value is None or value is PydanticUndefined:
        return ""
    plain = list(value) if isinstance(value, tuple) else value
    return json.dumps(plain, ensure_ascii=False)
