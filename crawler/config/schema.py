"""The JSON Schema of a job file, for editors (`crawler schema`)."""

from __future__ import annotations

from pydantic.json_schema import JsonSchemaValue

from crawler.config.models.job import Job
from crawler.config.models.steps import EITHER, FORMS, StepSettings

#: The YAML language server of editors supports draft 7 and older.
_DRAFT = "http://json-schema.org/draft-07/schema#"


def json_schema() -> JsonSchemaValue:
    """Return the schema as plain data: every key with description and default."""
    schema = Job.model_json_schema(mode="validation", ref_template="#/definitions/{model}")
    schema["definitions"] = schema.pop("$defs", {})
    properties = schema["properties"]
    urls = schema["definitions"]["StartSettings"]["properties"]["urls"]
    properties["start"] = {
        "description": properties["start"]["description"],
        "anyOf": [
            {"type": "array", "items": urls["items"]},
            {"$ref": "#/definitions/StartSettings"},
        ],
    }
    for section, key in _ONE_OR_MANY:
        _or_one(schema["definitions"][section]["properties"][key])
    schema["definitions"]["StepSettings"] |= {"minProperties": 1, "maxProperties": 1}
    # Anchors are kept under keys of the user's own.
    schema["patternProperties"] = {"^x-": {}}
    tidy = _tidy(schema)
    return {"$schema": _DRAFT, **tidy} if isinstance(tidy, dict) else {}


#: Lists for which one entry may stand by itself, by section and key.
_ONE_OR_MANY = (("StartSettings", "sitemap"), ("NotifySettings", "webhook"), ("MailSettings", "to"))


def _or_one(node: JsonSchemaValue) -> None:
    """Let an entry of a list stand for a list of it."""
    many = {key: node.pop(key) for key in ("type", "items") if key in node}
    node["anyOf"] = [dict(many["items"]), many]


def _tidy(node: object) -> object:
    """Remove titles, put short forms in, and wrap references that have something beside them.

    Draft 7 ignores whatever stands beside a reference.
    """
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidy = {key: _tidy(value) for key, value in node.items() if not _is_title(key, value)}
    reference = tidy.get("$ref")
    short = _SHORT.get(str(reference).rpartition("/")[2])
    if short is not None:
        del tidy["$ref"]
        return {**tidy, "anyOf": [short, {"$ref": reference}]}
    if reference is not None and len(tidy) > 1:
        tidy["allOf"] = [{"$ref": tidy.pop("$ref")}]
    return tidy


#: What may stand for a whole section, by its model (`crawler.config.short_forms`).
_SHORT = {
    "StepSettings": {
        "enum": [step for step in StepSettings.model_fields if step not in FORMS or step in EITHER]
    },
    "SchemaFieldSettings": {"type": "string"},
    "EachSettings": {"type": "string"},
    "WebhookSettings": {"type": "string"},
}


def _is_title(key: str, value: object) -> bool:
    return key == "title" and isinstance(value, str)
