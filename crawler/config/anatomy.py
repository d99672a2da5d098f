"""What the models say about a path of the tree: which keys it may have, which values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from crawler.config.models.job import Job
from crawler.config.nodes import Path


def section_at(path: Path) -> type[BaseModel] | None:
    """Return the model of the map at a path, None if none describes it."""
    return section_of(_annotation_at(path))


def keys_at(path: Path) -> tuple[str, ...]:
    """Return the keys that the map at a path may have."""
    section = section_at(path)
    return tuple(fields_of(section)) if section else ()


def choices_at(path: Path) -> tuple[object, ...]:
    """Return the values a key may have if they can be listed, else nothing."""
    for part in _parts(_annotation_at(path)):
        if get_origin(part) is Literal:
            return get_args(part)
    return ()


def homes_of(key: str) -> list[str]:
    """Return the sections, dotted, that have a key of this name."""
    return [place for place, section in _sections(Job, "") if key in fields_of(section)]


def fields_of(section: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a section by their keys: `try` cannot be the name of one in Python."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def section_of(annotation: object) -> type[BaseModel] | None:
    """Return the model that an annotation is, whatever it is wrapped in; lists do not count."""
    for part in _parts(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None


def item_section_of(annotation: object) -> type[BaseModel] | None:
    """Return the model of a list's items."""
    return section_of(_item(annotation))


def _annotation_at(path: Path) -> object:
    annotation: object = Job
    for step in path:
        section = section_of(annotation)
        if section is not None:
            found = fields_of(section).get(str(step))
            annotation = found.annotation if found else None
        else:
            annotation = _item(annotation)
    return annotation


def _item(annotation: object) -> object:
    """Return the type of a list's items or a dict's values."""
    for part in _parts(annotation):
        if get_origin(part) is tuple:
            return get_args(part)[0]
        if get_origin(part) is dict:
            return get_args(part)[1]
    return None


def _parts(annotation: object) -> Iterator[object]:
    """Yield an annotation and, below unions and Annotated, what it is made of."""
    yield annotation
    if get_origin(annotation) in (tuple, dict, Literal):
        return
    for part in get_args(annotation):
        yield from _parts(part)


def _sections(section: type[BaseModel], place: str) -> Iterator[tuple[str, type[BaseModel]]]:
    yield place, section
    for name, field in fields_of(section).items():
        below = section_of(field.annotation)
        if below is not None:
            yield from _sections(below, f"{place}.{name}".lstrip("."))
