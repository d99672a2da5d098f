"""The documents say what is true: their examples load, and the reference leaves no key out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.config.load import load_job
from crawler.config.schema import json_schema
from scripts import config_docs

ROOT = Path(__file__).parents[2]


def yaml_in(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)


def jobs_in(name: str) -> list[str]:
    return [yaml for yaml in yaml_in(name) if re.search("^name:", yaml, re.MULTILINE)]


def keys(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        properties = schema.get("properties")
        if isinstance(properties, dict):
            yield from properties
        for part in schema.values():
            yield from keys(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from keys(part)


@pytest.mark.parametrize("text", jobs_in("README.md"))
def test_a_job_in_the_readme_loads_as_it_stands(text: str, tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(text, encoding="utf-8")

    assert load_job(path, environ={}).job.name


def test_the_readme_shows_a_job() -> None:
    assert jobs_in("README.md")


def test_the_reference_is_what_the_models_say() -> None:
    written = (ROOT / "docs/config.md").read_text(encoding="utf-8")

    assert written == config_docs.render(), "run: python -m scripts.config_docs"
    assert "<!--" not in written, "a mark that scripts/config_docs.py does not know"


@pytest.mark.parametrize("text", yaml_in("docs/config.md"))
def test_an_example_of_the_reference_loads(text: str, tmp_path: Path) -> None:
    if "name: hello" not in text:
        text = f"name: example\n{text}"
    if "start:" not in text:
        text += "start: [https://books.example/]\n"
    (tmp_path / "inputs").mkdir()
    (tmp_path / "inputs/products.csv").write_text("sku,image_url,colour\n", encoding="utf-8")
    (tmp_path / "job.yaml").write_text(text, encoding="utf-8")

    assert load_job(tmp_path / "job.yaml", environ={}).job.name in text


def code_in(name: str) -> str:
    """Return what a document sets in code, in lines and in blocks, without its prose."""
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"^```.*?^```", text, re.DOTALL | re.MULTILINE)
    for block in blocks:
        text = text.replace(block, "")
    return " ".join([*blocks, *re.findall(r"`[^`]+`", text)])


@pytest.mark.parametrize("key", sorted(set(keys(json_schema()))))
def test_every_key_of_the_schema_is_in_the_reference(key: str) -> None:
    assert re.search(rf"\b{key}\b", code_in("docs/config.md"))
