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
    attempt: Callable[[RequestT, bool], Awaitable[AnswerT]],
) -> Callable[[RequestT], Awaitable[AnswerT]]:
    """Wrap a fetch so that a connection closed under it is no failure (RFC 9112 §9.3.1).

    Args:
        attempt: Called with a request and whether the connection must be a fresh one.

    Returns:
        A callable that lets `attempt` run again, at once and at most once, when it raises a
        FetchError of kind conn_reuse. Nothing is charged for that, and nothing else is retried.
    """
    again: Callable[[RequestT, list[FetchError]], Awaitable[AnswerT]] | None = None

    async def fetch(request: RequestT) -> AnswerT:
        nonlocal again
        try:
            return await attempt(request, False)
        except FetchError as error:
            if not _is_reuse(error):
                raise
            first = error
        # backoff takes over from the first failure, so that the common case does not pay for it.
        again = again or _retrying(attempt)
        return await again(request, [first])

    return fetch


def _retrying(
    attempt: Callable[[RequestT, bool], Awaitable[AnswerT]],
) -> Callable[[RequestT, list[FetchError]], Awaitable[AnswerT]]:
    import backoff

    async def from_failure(request: RequestT, failures: list[FetchError]) -> AnswerT:
        if failures:
            raise failures.pop()
        return await attempt(request, True)

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
