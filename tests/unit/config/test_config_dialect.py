from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.config.dialect import resolve


@pytest.mark.parametrize(
    "text",
    [
        "no", "on", "yes", "off", "NO", "12:30", "13:30:00", "017", "08", "0x1F", "0o17", ".inf",
        ".nan", "2026-11-22", "1_", "_1", "1__0", "+", "-", ".", "1e999", "tRue", "5%", "20s", "=",
    ],
)  # fmt: skip
def test_what_yaml_1_1_would_convert_stays_text(text: str) -> None:
    assert resolve(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
        ("2_000", 2000), ("-7", -7), ("+7", 7), ("0", 0), ("1.5", 1.5), ("1e3", 1000.0),
        (".5", 0.5),
    ],
)  # fmt: skip
def test_core_types_are_recognised(text: str, value: object) -> None:
    resolved = resolve(text)

    assert resolved == value
    assert type(resolved) is type(value)


@given(st.integers(-(10**20), 10**20))
def test_every_decimal_number_is_read_as_written(number: int) -> None:
    assert resolve(str(number)) == number
    assert resolve(f"{number:_}") == number


@given(st.text(max_size=60))
def test_no_text_is_refused_and_none_becomes_infinite(text: str) -> None:
    value = resolve(text)

    assert not isinstance(value, float) or math.isfinite(value)
