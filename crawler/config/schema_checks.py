"""What must fit together between schemas, extract rules and checks."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.config.models.typed_values import item_type
from crawler.config.nodes import MapNode, Place, ScalarNode
from crawler.config.rule_checks import gives_list
from crawler.config.rule_tree import FieldAt, is_true, present, rules_in, scalars
from crawler.config.suggest import did_you_mean
from crawler.errors import Problem

#: What the items have that each page gives without any rule.
PAGE_FIELDS = ("url", "status", "title", "depth", "content_type", "bytes", "links")

_Schemas = dict[str, MapNode]


def check_schemas(root: MapNode) -> Iterator[Problem]:
    """Yield what is wrong between the schemas of a job and its rules."""
    schemas = _schemas(root)
    yield from _circles(schemas)
    for rule in rules_in(root):
        name = str(rule.item.value) if rule.item else ""
        if rule.item and name in schemas:
            fields = list(rule.fields())
            yield from _check_fields(fields, name, schemas)
            yield from _check_filled(fields, rule.path, rule.item.place, name, schemas)
    yield from _check_names(root, schemas)
    yield from _check_fill(root, schemas)


def _schemas(root: MapNode) -> _Schemas:
    node = root.get("schemas")
    entries = node.entries if isinstance(node, MapNode) else {}
    return {name: e.value for name, e in entries.items() if isinstance(e.value, MapNode)}


def _type_of(schema: MapNode, field: str) -> ScalarNode | None:
    settings = schema.get(field)
    node = settings.get("type") if isinstance(settings, MapNode) else None
    return node if isinstance(node, ScalarNode) else None


def _kind(node: ScalarNode | None) -> tuple[str, bool]:
    """Return a type, and whether a list of it is meant."""
    return item_type(str(node.value) if node else "")


def _circles(schemas: _Schemas) -> Iterator[Problem]:
    """Yield each circle of schemas once, where it closes: records cannot be in themselves."""
    done: set[str] = set()

    def walk(name: str, way: tuple[str, ...]) -> Iterator[Problem]:
        for field in schemas[name].entries:
            node = _type_of(schemas[name], field)
            below, _ = _kind(node)
            if node is None or below not in schemas:
                continue
            if below in way:
                circle = " -> ".join((*way[way.index(below) :], below))
                message = f"schemas.{name}.{field}: the schemas go in a circle: {circle}"
                yield node.place.problem(message)
            elif below not in done:
                yield from walk(below, (*way, below))
        done.add(name)

    for name in schemas:
        if name not in done:
            yield from walk(name, (name,))


def _check_fields(fields: list[FieldAt], name: str, schemas: _Schemas) -> Iterator[Problem]:
    schema = schemas[name]
    for field in fields:
        if field.name not in schema.entries:
            known = list(schema.entries)
            hint = did_you_mean(field.name, known) or f"its fields are {', '.join(known)}"
            message = f"{field.path}: the schema {name} has no field '{field.name}'"
            yield field.key.problem(message, hint)
            continue
        kind, many = _kind(_type_of(schema, field.name))
        if gives_list(field) and not many and kind:
            hint = f"write type: list[{kind}], or take the first"
            yield field.key.problem(f"{field.path}: gives a list, the schema says {kind}", hint)
        inner = field.fields()
        if inner and kind in schemas:
            yield from _check_fields(inner, kind, schemas)
        elif inner and kind:
            message = f"{field.path}: gives records, the schema says {kind}"
            yield field.key.problem(message, "name another schema as its type")


def _check_filled(
    fields: list[FieldAt], path: str, place: Place, name: str, schemas: _Schemas
) -> Iterator[Problem]:
    """A required field that is never given would send every item to quarantine.

    Structured data fills only fields that the rule has.
    """
    schema = schemas[name]
    given = {field.name for field in fields}
    missing = [
        field
        for field, entry in schema.entries.items()
        if field not in given
        and isinstance(entry.value, MapNode)
        and not is_true(entry.value, "optional")
        and not present(entry.value, "default")
    ]
    if missing:
        names = ", ".join(f"'{field}'" for field in missing)
        message = f"{path}: nothing fills {names}, which the schema {name} requires"
        yield place.problem(message, "add a field, or say optional: true in the schema")
    for field in fields:
        kind, _ = _kind(_type_of(schema, field.name))
        below = field.fields()
        if below and kind in schemas:
            yield from _check_filled(below, field.path, field.key, kind, schemas)


def _check_names(root: MapNode, schemas: _Schemas) -> Iterator[Problem]:
    """An item without a schema is fine, unless a schema waits for a name much like it."""
    items = {str(rule.item.value) for rule in rules_in(root) if rule.item}
    inner = {_kind(_type_of(s, field))[0] for s in schemas.values() for field in s.entries}
    idle = [name for name in schemas if name not in items | inner]
    if root.get("spider") is not None:
        return
    for rule in rules_in(root):
        if rule.item and str(rule.item.value) not in schemas:
            hint = did_you_mean(str(rule.item.value), idle)
            if hint:
                message = f"{rule.path}.item: there is no schema '{rule.item.written}'"
                yield rule.item.place.problem(message, hint)


def _check_fill(root: MapNode, schemas: _Schemas) -> Iterator[Problem]:
    checks = root.get("checks")
    shares = checks.get("min_fill") if isinstance(checks, MapNode) else None
    if root.get("spider") is not None or not isinstance(shares, MapNode):
        return
    known = list(_fields_of_items(root, schemas))
    for field, entry in shares.entries.items():
        if field not in known:
            hint = did_you_mean(field, known) or f"fields are {', '.join(known)}"
            message = f"checks.min_fill.{field}: no item has a field '{field}'"
            yield entry.key.problem(message, hint)


def _fields_of_items(root: MapNode, schemas: _Schemas) -> dict[str, None]:
    """Return the names that the fields of items can have, each once."""
    rules = list(rules_in(root))
    names = [] if rules else list(PAGE_FIELDS)
    for rule in rules:
        names.extend(field.name for field in rule.fields())
        schema = schemas.get(str(rule.item.value)) if rule.item else None
        names.extend(schema.entries if schema else ())
    start = root.get("start")
    columns = start.get("keep_columns") if isinstance(start, MapNode) else None
    names.extend(str(column.value) for column in scalars(columns))
    return dict.fromkeys(names)
