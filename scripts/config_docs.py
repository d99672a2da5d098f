"""Writes docs/config.md from the models: `python -m scripts.config_docs`.

The prose stands in scripts/config_reference.md; tables, steps and lists of names are put in where
that says `<!-- table: Model -->`. A test fails when the document is not what this gives.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from crawler.config.anatomy import fields_of, item_section_of, section_of
from crawler.config.condition import FAMILIES, NAMES, UNITS
from crawler.config.models.access import (
    AuthSettings,
    BasicSettings,
    ClientCertSettings,
    ProxySettings,
    SecretHeaderSettings,
    TlsSettings,
)
from crawler.config.models.fetch import FetchSettings
from crawler.config.models.files import FilesSettings
from crawler.config.models.incremental import (
    BodiesSettings,
    IncrementalSettings,
    RevisitOverrideSettings,
    RevisitSettings,
)
from crawler.config.models.items import (
    ChecksSettings,
    ExtractSettings,
    FieldSettings,
    OutputSettings,
)
from crawler.config.models.job import Job, RunSettings
from crawler.config.models.notify import MailSettings, NotifySettings, WebhookSettings
from crawler.config.models.schedule import ScheduleSettings
from crawler.config.models.schemas import SchemaFieldSettings
from crawler.config.models.scope import FollowSettings, ScopeSettings, StartSettings
from crawler.config.models.steps import EITHER, FORMS, StepSettings
from crawler.config.models.transform import ResizeSettings, TransformSettings, TransformStepSettings
from crawler.config.rule_checks import PLACEHOLDERS
from crawler.config.schema import json_schema
from crawler.config.schema_checks import PAGE_FIELDS

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "scripts" / "config_reference.md"
DOCUMENT = ROOT / "docs" / "config.md"

_MODELS: tuple[type[BaseModel], ...] = (
    Job, StartSettings, ScopeSettings, FollowSettings, FetchSettings, RunSettings, ExtractSettings,
    FieldSettings, SchemaFieldSettings, FilesSettings, OutputSettings, ChecksSettings,
    ScheduleSettings, NotifySettings, WebhookSettings, MailSettings, AuthSettings, BasicSettings,
    SecretHeaderSettings, ProxySettings, TlsSettings, ClientCertSettings, TransformSettings,
    TransformStepSettings, ResizeSettings, IncrementalSettings, BodiesSettings, RevisitSettings,
    RevisitOverrideSettings,
)  # fmt: skip
#: Models with a table of their own: others are put into the table of what they stand in.
_APART = frozenset((*_MODELS, StepSettings))
_UNITS = {"20s": "duration", "8MiB": "size", "5%": "share"}
_MANY = {"text": "texts", "map": "maps", "share": "shares"}
_WORDS = {"string": "text", "integer": "whole number", "number": "number"}


def main() -> None:
    """Write the document."""
    DOCUMENT.write_text(render(), encoding="utf-8")
    print(f"wrote {DOCUMENT.relative_to(ROOT)}")


def render() -> str:
    """Return the document as it should be."""
    schema = json_schema()
    text = TEMPLATE.read_text(encoding="utf-8")
    for model in _MODELS:
        text = text.replace(f"<!-- table: {model.__name__} -->", _table(model, schema))
    text = text.replace("<!-- steps -->", _steps())
    text = text.replace("<!-- numbers -->", _numbers())
    text = text.replace("<!-- placeholders -->", _names(f"{{{name}}}" for name in PLACEHOLDERS))
    text = text.replace("<!-- page -->", _names(iter(PAGE_FIELDS)))
    path = OutputSettings.model_fields["path"].default
    return text.replace("<!-- default-output -->", f'`[{{path: "{path}"}}]`')


def _table(model: type[BaseModel], schema: dict[str, object]) -> str:
    rows = ["| Key | Value | Default | Means |", "| --- | --- | --- | --- |"]
    rows += [" | ".join(row).join(("| ", " |")) for row in _rows(model, "", schema)]
    return "\n".join(rows)


def _rows(model: type[BaseModel], prefix: str, schema: dict[str, object]) -> Iterator[list[str]]:
    """Yield a row for each key of a section, and of the sections in it."""
    properties = _properties(model, schema)
    for key, field in fields_of(model).items():
        below = section_of(field.annotation)
        if below is not None and below not in _APART and isinstance(field.default, dict):
            yield from _rows(below, f"{prefix}{key}.", schema)
            continue
        default, means = _default(field)
        value = _value(properties[key])
        yield [f"`{prefix}{key}`", value, default, means.replace("|", "\\|")]
        item = item_section_of(field.annotation)
        if item is not None and item not in _APART:
            yield from _rows(item, f"{prefix}{key}[].", schema)


def _properties(model: type[BaseModel], schema: dict[str, object]) -> dict[str, object]:
    definitions = schema["definitions"]
    assert isinstance(definitions, dict)
    section = definitions.get(model.__name__, schema)
    assert isinstance(section, dict)
    properties = section["properties"]
    assert isinstance(properties, dict)
    return properties


def _default(field: FieldInfo) -> tuple[str, str]:
    """Return default and description; where no value is the default, its words say what holds."""
    text = field.description or ""
    means, said, words = text.partition(" Default: ")
    if said:
        return words.rstrip(".").replace("; default", ""), means
    if field.is_required():
        return "required", text
    if field.default in (None, (), {}, PydanticUndefined) or isinstance(field.default, list):
        return "none", text
    value = field.default if isinstance(field.default, str) else json.dumps(field.default)
    return f"`{value}`", text


def _value(node: object) -> str:
    """Say in words what a part of the JSON Schema allows."""
    assert isinstance(node, dict)
    if "enum" in node:
        return _names(str(choice) for choice in node["enum"] if choice is not None)
    if "const" in node:
        return f"`{node['const']}`"
    for several in ("anyOf", "allOf"):
        if several in node:
            parts = dict.fromkeys(_value(part) for part in node[several])
            parts.pop("", None)
            if "number" in parts:
                parts.pop("whole number", None)
            return " or ".join(parts)
    return _simple(node)


def _simple(node: dict[str, object]) -> str:
    examples, kind = node.get("examples"), str(node.get("type", "any" if not node else ""))
    if isinstance(examples, list) and examples[0] in _UNITS:
        return _UNITS[examples[0]]
    if kind == "array":
        return f"list of {_plural(_value(node.get('items', {})))}"
    if kind == "object" or "$ref" in node:
        values = node.get("additionalProperties")
        named = _MANY.get(_value(values), "") if isinstance(values, dict) else ""
        return f"map of {named}" if named else "map"
    if kind == "boolean":
        return "`true`, `false`"
    return {"null": "", "any": "any", "": "any"}.get(kind, _WORDS.get(kind, kind))


def _plural(word: str) -> str:
    # What steps and structured data there are, their own texts say.
    return _MANY.get(word, "names" if word.startswith("`") else "values")


def _steps() -> str:
    rows = ["| Step | Written | Gives |", "| --- | --- | --- |"]
    for name, field in StepSettings.model_fields.items():
        forms = [FORMS[name]] if name in FORMS else []
        if name in EITHER or not forms:
            forms.insert(0, name)
        rows.append(f"| `{name}` | {_names(iter(forms))} | {field.description} |")
    return "\n".join(rows)


def _numbers() -> str:
    rows = ["| Number | Is | Compared with |", "| --- | --- | --- |"]
    rows += [f"| `{name}` | {text} | {UNITS[kind]} |" for name, (kind, text) in NAMES.items()]
    for name, (words, text) in FAMILIES.items():
        which = f"; one of {_names(iter(words))}" if words else ""
        rows.append(f"| `{name}.…` | {text}{which} | {UNITS['number']} |")
    return "\n".join(rows)


def _names(names: Iterator[str]) -> str:
    return re.sub(r", (`[^`]*`)$", r", \1", ", ".join(f"`{name}`" for name in names))


if __name__ == "__main__":
    main()
