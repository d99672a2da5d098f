"""What must fit together within an extract rule: sources, steps, placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from crawler.config.named_files import named_file, similar_file
from crawler.config.nodes import Entry, MapNode, ScalarNode
from crawler.config.rule_tree import FieldAt, RuleAt, is_true, present, rules_in, scalars
from crawler.config.suggest import did_you_mean
from crawler.errors import Problem

#: What `{...}` in a `value` stands for; `crawler.spider` fills it in.
PLACEHOLDERS = (
    "url", "final_url", "canonical_url", "status", "depth", "label", "parent_url", "content_type",
    "bytes",
)  # fmt: skip
#: Steps over a list, which give a single value.
_OF_LISTS = ("first", "last", "join", "count")


def check_rules(root: MapNode, job_file: Path) -> Iterator[Problem]:
    """Yield what is wrong within the rules of a job."""
    start = root.get("start")
    columns = start.get("keep_columns") if isinstance(start, MapNode) else None
    known = (*PLACEHOLDERS, *(str(column.value) for column in scalars(columns)))
    for rule in rules_in(root):
        yield from _check_try(rule)
        for field, within in _all_fields(rule.fields(), rule.each):
            # Structured data is asked for the fields of the item alone, not for those of records.
            whole = rule.structured and field.path.count(".fields.") == 1
            yield from _check_source(field, within, structured=whole)
            yield from _check_steps(field)
            yield from _check_value(field, known)
            yield from _check_files(field, job_file)


def _check_try(rule: RuleAt) -> Iterator[Problem]:
    if rule.structured and rule.each:
        message = f"{rule.path}.try: structured data is that of the whole page, each of its parts"
        yield rule.node.entries["try"].key.problem(
            message, "use try or each, in rules of their own"
        )


def gives_list(field: FieldAt) -> bool | None:
    """Tell whether a field gives a list; None when its own function decides."""
    many: bool | None = is_true(field.node, "all")
    for _, name, _ in field.steps():
        if name == "python":
            many = None
        elif name == "split":
            many = True
        elif name in _OF_LISTS:
            many = False
    return many


def _all_fields(fields: Iterator[FieldAt], within: str) -> Iterator[tuple[FieldAt, str]]:
    """Yield fields and those of their records, with the kind of selector they stand in."""
    for field in fields:
        yield field, within
        yield from _all_fields(iter(field.fields()), field.inside or within)


def _check_source(field: FieldAt, within: str, *, structured: bool) -> Iterator[Problem]:
    sources = field.sources
    itself = within or structured or present(field.node, "fields")
    if len(sources) > 1 or not (sources or itself):
        message = f"{field.path}: a field needs exactly one of css, xpath, jmes, value"
        yield field.key.problem(message)
        return
    source = next(iter(sources), "")
    if source == "value":
        yield from _check_fixed(field)
    elif source and within == "text":
        entry = field.node.entries[source]
        message = f"{field.path}.{source}: it is selected within a text, which has nothing in it"
        yield entry.key.problem(
            message, "select the element around it: without ::text, ::attr(), @"
        )
    elif source and within and (source == "jmes") != (within == "jmes"):
        entry = field.node.entries[source]
        what = "a JSON document" if within == "jmes" else "an element of a page"
        hint = "use jmes" if within == "jmes" else "use css or xpath"
        yield entry.key.problem(f"{field.path}.{source}: it is selected within {what}", hint)


def _check_fixed(field: FieldAt) -> Iterator[Problem]:
    for key in ("all", "then", "fields"):
        entry = field.node.entries.get(key)
        if entry is not None and (key != "all" or is_true(field.node, key)):
            message = f"{field.path}.{key}: a value stands as it is"
            yield entry.key.problem(message, f"remove {key}")


def _check_steps(field: FieldAt) -> Iterator[Problem]:
    """A step over a list needs one: the same rule as that of `crawler.spider.steps`."""
    many = is_true(field.node, "all")
    for path, name, entry in field.steps():
        if name in _OF_LISTS and not many:
            message = f"{path.rpartition('.')[0]}: the step '{name}' needs a list"
            yield entry.key.problem(message, "set all: true, or split before it")
        many = name in ("split", "python") or (many and name not in _OF_LISTS)


def _check_value(field: FieldAt, known: tuple[str, ...]) -> Iterator[Problem]:
    node = field.node.get("value")
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
        return
    for name in re.findall(r"\{([^{}]+)\}", node.value):
        if name not in known:
            message = f"{field.path}.value: there is no placeholder {{{name}}}"
            yield node.place.problem(message, did_you_mean(name, known) or _listed(known))


def _listed(known: tuple[str, ...]) -> str:
    return f"known are {', '.join(known)}"


def _check_files(field: FieldAt, job_file: Path) -> Iterator[Problem]:
    for path, name, entry in field.steps():
        if name == "python":
            yield from _check_file(path, entry, job_file)


def _check_file(path: str, entry: Entry, job_file: Path) -> Iterator[Problem]:
    node = entry.value
    name = str(node.value).rpartition(":")[0] if isinstance(node, ScalarNode) else ""
    if not name.endswith(".py"):
        return
    file = named_file(name, node.place, job_file)
    if not file.is_file():
        yield node.place.problem(f"{path}: there is no file {file}", similar_file(file))
