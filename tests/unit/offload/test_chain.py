from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from crawler.offload.chain import Result, Step, transform
from crawler.offload.steps import SIMHASH


def halves(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**record, "half": number} for number in (1, 2)]


def second_only(record: dict[str, Any]) -> dict[str, Any] | None:
    return record if record["half"] == 2 else None


def leaves(_: object) -> None:
    sys.exit(3)


def interrupts(_: object) -> None:
    raise KeyboardInterrupt


def gives_text(_: object) -> str:
    return "text"


def gives_pair(record: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return (record, record)


def gives_code(_: object) -> dict[str, Any]:
    return {"code": len}


def steps(*names: str) -> list[Step]:
    here = Path(__file__).resolve()
    return [
        Step(place=f"transform.steps.{number}", function=f"{here}:{name}", of="", to="")
        for number, name in enumerate(names)
    ]


def run(*names: str) -> Result:
    return transform({"steps": steps(*names), "record": {"n": 1}})


def test_every_step_sees_all_that_the_one_before_made() -> None:
    assert run("halves", "second_only") == Result(
        records=[{"n": 1, "half": 2}], place="", reason=""
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("leaves", "SystemExit: 3 (offload/test_chain.py:"),
        ("interrupts", "KeyboardInterrupt (offload/test_chain.py:"),
        ("gives_text", "a step returns a dict, a list of dicts, or None; this one gave str"),
        ("gives_pair", "this one gave tuple"),
        ("gives_code", "field 'code' holds a builtin_function_or_method"),
    ],
)
def test_a_step_that_goes_wrong_is_named_and_says_why(name: str, said: str) -> None:
    result = run("halves", name)

    assert result["records"] == []
    assert result["place"] == "transform.steps.1"
    assert said in result["reason"]


def test_a_step_over_one_field_leaves_the_others_and_stands_a_gap() -> None:
    step = Step(place="transform.steps.0", function=SIMHASH, of="text", to="hash")

    made = transform({"steps": [step], "record": {"text": "some words", "n": 1}})
    gap = transform({"steps": [step], "record": {"n": 2}})

    assert made["records"] == [{"text": "some words", "n": 1, "hash": made["records"][0]["hash"]}]
    assert len(made["records"][0]["hash"]) == 16
    assert gap["records"] == [{"n": 2, "hash": None}]
