from __future__ import annotations

import json
from collections.abc import Callable
from types import FunctionType

import pytest

from crawler.errors import FetchError
from crawler.messages import Request
from crawler.spider.failure import RequestFailure, failed


def raise_value_error() -> None:
    raise ValueError("no\n  price")


def raise_in_a_library() -> None:
    json.loads("{")


def raise_silently() -> None:
    raise KeyError


def raise_at_length() -> None:
    raise ValueError("x" * 10_000)


def failure_of(code: Callable[[], None]) -> str:
    try:
        code()
    except Exception as error:  # noqa: BLE001 - that is what is tested
        return str(failed(error))
    raise AssertionError("did not raise")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (raise_value_error, "ValueError: no price"),
        (raise_silently, "KeyError"),
        (raise_in_a_library, "JSONDecodeError: Expecting property name enclosed in double quotes"),
    ],
    ids=["message-on-one-line", "no-message", "located-where-the-user-called-the-library"],
)
def test_a_failure_is_one_line_with_file_line_and_function(code: FunctionType, error: str) -> None:
    line = code.__code__.co_firstlineno + 1

    failure = failure_of(code)

    assert failure.startswith(error)
    assert failure.endswith(f" (spider/test_failure.py:{line} in {code.__name__})")


def test_a_long_message_is_cut() -> None:
    assert len(failure_of(raise_at_length)) < 600


def test_a_failure_knows_what_it_is_of() -> None:
    error = FetchError("dns", "x", url="https://e.org/")

    failure = RequestFailure(error, Request("https://e.org/"))

    assert failure.check(KeyError, FetchError) is FetchError
    assert failure.check(KeyError) is None
