from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import CrawlerError
from crawler.fetch.answer_head import MalformedAnswer
from crawler.urls import UrlError
from scripts.soak.fuzz import MODULES, Property, properties, tried
from scripts.soak.scaling import Slow
from scripts.soak.slow_inputs import inputs


@settings(max_examples=50, database=None)
@given(st.integers(0, 1_000))
def is_small(number: int) -> None:
    assert number < 10


@settings(max_examples=50, database=None)
@given(st.integers(0, 1_000))
def is_whole(number: int) -> None:
    assert number == int(number)


def test_a_property_that_does_not_hold_is_a_failure_in_words() -> None:
    found = tried(Property("here", "is_small", is_small))

    assert len(found.failures) == 1
    assert "number=10" in found.failures[0]


def test_a_property_that_holds_is_counted_and_none() -> None:
    found = tried(Property("here", "is_whole", is_whole))

    assert (found.examples, found.failures) == (50, [])


def test_every_module_has_a_property() -> None:
    found = {one.module for one in properties("")}

    assert found == {module.removeprefix("tests.") for module in MODULES}


@pytest.mark.parametrize("slow", list(inputs()), ids=lambda slow: f"{slow.parser}: {slow.does}")
def test_what_is_made_to_be_slow_is_read_without_an_error_of_another_kind(slow: Slow) -> None:
    with contextlib.suppress(CrawlerError, UrlError, MalformedAnswer):
        slow.read(slow.make(2_000))
