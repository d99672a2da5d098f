"""Every shape in which a spider may give its requests and items, as one stream."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Iterable, Iterator
from typing import Any

from crawler.errors import CallbackError, CloseSpider, IgnoreRequest
from crawler.items import is_item
from crawler.messages import Request
from crawler.spider.failure import CallbackFailed, failed, standing_in

#: What a spider raises on purpose; everything else is a failure of its code.
_WORDS: tuple[type[Exception], ...] = (CloseSpider, IgnoreRequest, CallbackFailed)


async def each(given: Any) -> AsyncGenerator[object, None]:
    """Yield what a callback gave, one by one, as it comes; None is passed over.

    Args:
        given: None, an item, a request, an iterable of them (a generator, a list), an async
            iterable of them, or an awaitable of any of these.

    Raises:
        CallbackError: It is none of these.
    """
    if isinstance(given, Awaitable):
        given = await given
    if hasattr(given, "__aiter__"):
        # A generator that nobody exhausts is closed now, not whenever it is collected.
        async with contextlib.AsyncExitStack() as stack:
            if hasattr(given, "aclose"):
                await stack.enter_async_context(contextlib.aclosing(given))
            async for one in given:
                if one is not None:
                    yield one
        return
    for one in _many(given):
        if one is not None:
            yield one


def _many(given: Any) -> Iterable[object]:
    if isinstance(given, Request) or given is None or is_item(given):
        return (given,)
    if isinstance(given, Iterable) and not isinstance(given, str | bytes):
        return given
    raise CallbackError(f"expected requests or items, got {type(given).__name__}: {given!r:.80}")


@contextlib.contextmanager
def located(code: object = None, *, passing: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Turn whatever a spider's code raises into `CallbackFailed`; its words pass.

    Args:
        code: The generator that is suspended if the error is not raised by it, but found in what
            it yielded.
        passing: What else is to pass as it is.
    """
    try:
        yield
    except _WORDS + passing:
        raise
    except CallbackError as error:
        raise failed(error, standing_in(code)) from error
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        # A spider that calls sys.exit ends its page, not the crawl beside it. Ctrl-C comes in
        # through the loop's signal handler: a KeyboardInterrupt in here is the spider's own.
        raise failed(error) from error
