from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from crawler.config.schema import json_schema


def nodes(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, dict):
        yield value
        for below in value.values():
            yield from nodes(below)
    elif isinstance(value, list):
        for below in value:
            yield from nodes(below)


def test_it_is_plain_json_of_draft_7() -> None:
    schema = json_schema()

    assert json.loads(json.dumps(schema)) == schema
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert not any("$defs" in node or "prefixItems" in node for node in nodes(schema))


def test_every_reference_leads_somewhere_and_stands_alone() -> None:
    schema = json_schema()

    references = [node for node in nodes(schema) if "$ref" in node]

    assert references
    for node in references:
        assert len(node) == 1
        assert str(node["$ref"]).removeprefix("#/definitions/") in schema["definitions"]


def test_every_key_has_a_description_and_a_default_or_is_required() -> None:
    schema = json_schema()

    for section in [schema, *schema["definitions"].values()]:
        required = section.get("required", [])
        for key, value in section["properties"].items():
            assert value["description"], key
            assert "default" in value or key in required or key == "start", key


def test_start_is_a_list_or_a_map_and_keys_of_ones_own_are_allowed() -> None:
    schema = json_schema()

    assert [form.get("type", "map") for form in schema["properties"]["start"]["anyOf"]] == [
        "array",
        "map",
    ]
    assert schema["additionalProperties"] is False
    assert schema["patternProperties"] == {"^x-": {}}


@pytest.mark.parametrize(
    ("value", "good"), [("20s", True), ("1.5h", True), ("${T}", True), ("20", False)]
)
def test_a_duration_needs_its_unit_in_the_editor_too(value: str, good: bool) -> None:
    timeout = json_schema()["definitions"]["FetchSettings"]["properties"]["timeout"]

    assert timeout["default"] == "20s"
    assert bool(re.search(timeout["pattern"], value)) is good


def test_short_forms_stand_beside_the_long_ones() -> None:
    definitions = json_schema()["definitions"]
    rule, field = definitions["ExtractSettings"], definitions["FieldSettings"]
    step = field["properties"]["then"]["items"]["anyOf"]

    assert rule["properties"]["each"]["anyOf"][0]["anyOf"][0] == {"type": "string"}
    assert {"text", "split", "count"} <= set(step[0]["enum"])
    assert not {"regex", "map", "python"} & set(step[0]["enum"])
    assert step[1] == {"$ref": "#/definitions/StepSettings"}
    field_of_schema = json_schema()["properties"]["schemas"]["additionalProperties"]
    assert field_of_schema["additionalProperties"]["anyOf"][0] == {"type": "string"}
    sitemap = definitions["StartSettings"]["properties"]["sitemap"]
    assert [form["type"] for form in sitemap["anyOf"]] == ["string", "array"]


def test_a_step_of_the_long_form_has_one_key() -> None:
    step = json_schema()["definitions"]["StepSettings"]

    assert (step["minProperties"], step["maxProperties"]) == (1, 1)
    assert step["additionalProperties"] is False


def test_the_key_try_has_its_own_name() -> None:
    rule = json_schema()["definitions"]["ExtractSettings"]

    assert "try" in rule["properties"]
    assert "structured" not in rule["properties"]
