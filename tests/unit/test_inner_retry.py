from __future__ import annotations

import itertools
import logging

import pytest

from crawler.errors import FetchError
from crawler.inner_retry import retry_once_on_reuse, waits
from crawler.outcome import ErrorClass


def error(kind: ErrorClass) -> FetchError:
    return FetchError(kind, "broken", url="http://example.org/")


@pytest.mark.parametrize(
    ("base", "factor", "most", "expected"),
    [
        pytest.param(1.0, 2.0, 60.0, [1, 2, 4, 8, 16, 32, 60, 60], id="doubling-up-to-a-minute"),
        pytest.param(0.5, 3.0, 10.0, [0.5, 1.5, 4.5, 10, 10], id="half-a-second-tripling"),
        pytest.param(5.0, 1.0, 60.0, [5, 5, 5], id="always-the-same"),
        pytest.param(100.0, 2.0, 60.0, [60, 60], id="first-wait-beyond-the-most"),
    ],
)
def test_waits_grow_up_to_the_most(
    base: float, factor: float, most: float, expected: list[float]
) -> None:
    assert list(itertools.islice(waits(base, factor, most), len(expected))) == expected


def test_waits_never_end() -> None:
    assert len(list(itertools.islice(waits(1.0, 2.0, 60.0), 2000))) == 2000


async def test_a_closed_connection_is_tried_once_more() -> None:
    calls: list[str] = []

    async def again(request: str) -> str:
        calls.append(request)
        return "answer"

    go_on = retry_once_on_reuse(again)

    assert await go_on("a", error(ErrorClass.REUSE)) == "answer"
    assert await go_on("b", error(ErrorClass.REUSE)) == "answer"
    assert calls == ["a", "b"]


async def test_another_error_is_raised_as_it_is() -> None:
    async def again(request: str) -> str:
        raise AssertionError("must not be called")

    first = error(ErrorClass.TIMEOUT)
    with pytest.raises(FetchError) as caught:
        await retry_once_on_reuse(again)("a", first)

    assert caught.value is first


@pytest.mark.parametrize("kind", [ErrorClass.REUSE, ErrorClass.TIMEOUT])
async def test_the_second_failure_is_final(
    kind: ErrorClass, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[str] = []

    async def again(request: str) -> str:
        calls.append(request)
        raise error(kind)

    with caplog.at_level(logging.DEBUG), pytest.raises(FetchError) as caught:
        await retry_once_on_reuse(again)("a", error(ErrorClass.REUSE))

    assert caught.value.kind == kind
    assert calls == ["a"]
    assert not caplog.records
