"""Waits between tries, and the short retry inside one fetch. The only module importing backoff.

Page-level retries wait in the frontier; they take their numbers from `waits`. What is retried
here is retried at once, within the same turn: it may hold a permit, so it may not sleep.
"""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable, Generator
from typing import TypeVar

from crawler.errors import FetchError
from crawler.outcome import ErrorClass

RequestT = TypeVar("RequestT")
AnswerT = TypeVar("AnswerT")


def waits(base: float, factor: float, max_wait: float) -> Generator[float, None, None]:
    """Yield the seconds to wait before each further try, without end and without jitter.

    Args:
        base: First wait, above 0.
        factor: Each wait is this many times the one before; 1 and more.
        max_wait: No wait is longer.
    """
    import backoff

    sequence = backoff.expo(base=factor, factor=base, max_value=max_wait)
    next(sequence)  # backoff's generators begin with an empty turn, for its own decorator
    for wait in sequence:
        yield float(wait)


def retry_once_on_reuse(
    again: Callable[[RequestT], Awaitable[AnswerT]],
) -> Callable[[RequestT, FetchError], Awaitable[AnswerT]]:
    """Make a connection that was closed under a fetch no failure (RFC 9112 §9.3.1).

    Args:
        again: Fetches over a connection of its own.

    Returns:
        What to call with a request and the error of its first try. It lets `again` run, at once
        and at most once, when that error is a conn_reuse, which is charged to nobody; any other
        error is raised as it is. The first try stays with the caller, so as to cost nothing.
    """
    retrying: Callable[[RequestT, list[FetchError]], Awaitable[AnswerT]] | None = None

    async def go_on(request: RequestT, first: FetchError) -> AnswerT:
        nonlocal retrying
        if not _is_reuse(first):
            raise first
        retrying = retrying or _retrying(again)
        return await retrying(request, [first])

    return go_on


def _retrying(
    again: Callable[[RequestT], Awaitable[AnswerT]],
) -> Callable[[RequestT, list[FetchError]], Awaitable[AnswerT]]:
    import backoff

    async def from_failure(request: RequestT, failures: list[FetchError]) -> AnswerT:
        # backoff takes over as if the first try had been its own.
        if failures:
            raise failures.pop()
        return await again(request)

    with warnings.catch_warnings():
        # backoff asks asyncio.iscoroutinefunction, which Python 3.14 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        decorate = backoff.on_exception(
            backoff.constant,
            FetchError,
            max_tries=2,
            giveup=lambda error: not _is_reuse(error),
            interval=0,
            jitter=None,
            logger=None,  # it would log every retry at INFO, to stderr
        )
        return decorate(from_failure)


def _is_reuse(error: Exception) -> bool:
    return isinstance(error, FetchError) and error.kind == ErrorClass.REUSE
