"""The JSON Schema of a job file, for editors (`crawler schema`)."""

from __future__ import annotations

from pydantic.json_schema import JsonSchemaValue

from crawler.config.models.job import Job

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
    # Anchors are kept under keys of the user's own.
    schema["patternProperties"] = {"^x-": {}}
    tidy = _tidy(schema)
    return {"$schema": _DRAFT, **tidy} if isinstance(tidy, dict) else {}


def _tidy(node: object) -> object:
    """Remove titles, and wrap references: draft 7 ignores whatever stands beside one."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidy = {key: _tidy(value) for key, value in node.items() if not _is_title(key, value)}
    if "$ref" in tidy and len(tidy) > 1:
        tidy["allOf"] = [{"$ref": tidy.pop("$ref")}]
    return tidy


def _is_title(key: str, value: object) -> bool:
    return key == "title" and isinstance(value, str)
