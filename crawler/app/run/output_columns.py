"""The columns that a table of a job's items has in any case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crawler.config.models.job import Job
from crawler.config.models.typed_values import item_type
from crawler.spider.file_lines import FILE_FIELDS, FILE_TYPES

_ADDED = {"none": (), "url": ("_url", "_id")}
_PROVENANCE = {"_at": "float", "_depth": "int"}
_FULL = ("_url", "_id", "_job", "_run", "_at", "_depth", "_from")


def columns_of(job: Job, provenance: str) -> tuple[str, ...]:
    """Return fields that the config names, kind by kind in its order, kept columns, provenance.

    A schema decides about the order of its kind's fields; without one the rule does. Nothing is
    known of what a class yields without a schema, so that its first items decide.
    """
    named = dict.fromkeys(field for kind in _kinds(job) for field in kind)
    if not named:
        return ()
    named |= dict.fromkeys(job.start.keep_columns)
    return (*named, *_ADDED.get(provenance, _FULL))


def types_of(job: Job) -> tuple[tuple[str, str], ...]:
    """Return what is known of the type of each column, as schemas write types.

    A field that two kinds have with two types has none; a record in an item is its JSON text.
    """
    found: dict[str, set[str]] = {}
    for kind in _typed_kinds(job):
        for name, written in kind.items():
            found.setdefault(name, set()).add(written)
    return tuple((name, min(said)) for name, said in found.items() if len(said) == 1)


def _typed_kinds(job: Job) -> Iterator[Mapping[str, str]]:
    yield _PROVENANCE
    if job.lists_files:
        yield FILE_TYPES
    for fields in job.schemas.values():
        yield {name: one.type for name, one in fields.items()}


def _kinds(job: Job) -> Iterator[list[str]]:
    if job.lists_files:
        yield list(FILE_FIELDS)
    for rule in job.extract:
        yield list(job.schemas.get(rule.item) or rule.fields or ())
    if job.spider is None:
        return
    # A schema that is a part of another is the kind of no item.
    parts = {item_type(one.type)[0] for kind in job.schemas.values() for one in kind.values()}
    for name, fields in job.schemas.items():
        if name not in parts:
            yield list(fields)
