"""The manifest of a job whose answers are files: one line for each input, whatever became of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing
from typing import Any

from crawler.messages import NewRequest
from crawler.outcome import ItemRecord, PageOutcome, SkipReason, State
from crawler.spider.page_parser import Started
from crawler.spider.payload import Payload, decode
from crawler.spider.start_entry import BadStart

#: Kind of the items that are lines.
FILE_ITEM = "File"
#: The fields of a line, in order; the columns of the list follow.
FILE_FIELDS = (
    "url", "status", "path", "sha256", "bytes", "type", "width", "height", "duplicate_of", "http",
    "error", "reason", "final_url",
)  # fmt: skip
#: Those that are no texts.
FILE_TYPES = {"bytes": "int", "width": "int", "height": "int", "http": "int"}


def file_line(outcome: PageOutcome) -> ItemRecord | None:
    """Return the line of an input; None when its end is not known yet.

    Args:
        outcome: Settled: no further try is due unless it is pending.

    Raises:
        CallbackError: What its row carries cannot be read.
    """
    if outcome.state == State.PENDING:
        return None
    payload = decode(outcome.request.payload)
    if payload.source:
        return None
    reason, why = outcome.file_fault or outcome.reason, outcome.error
    if outcome.reason == SkipReason.REDIRECTED:
        hop = next(iter(outcome.requests), None)
        if hop is not None and hop.skip is None:
            return None  # the hop is what the input has become
        reason = SkipReason.REDIRECTED if hop is None else hop.skip
    line = _line(_first(payload, outcome.request.url))
    line |= {"http": outcome.status, "status": _status(outcome)}
    if outcome.state != State.DONE:
        line |= {"error": reason, "reason": why}
    if payload.hops:
        line["final_url"] = outcome.request.url
    file = outcome.file
    if file is not None:
        line |= {
            "path": file.path, "sha256": file.sha256, "bytes": file.size,
            "type": file.media_type or None, "width": file.width, "height": file.height,
            "duplicate_of": file.duplicate_of,
        }  # fmt: skip
        line |= {name: value for name, value in file.fields.items() if name not in FILE_FIELDS}
    return ItemRecord(FILE_ITEM, _with_columns(line, payload.kept))


async def with_lines(started: AsyncIterator[Started]) -> AsyncIterator[Started]:
    """Yield what a crawl begins with, and the lines of inputs that nothing is fetched for."""
    async with AsyncExitStack() as stack:
        if isinstance(started, AsyncGenerator):
            await stack.enter_async_context(aclosing(started))
        async for one in started:
            yield one
            line = _line_of_start(one)
            if line is not None:
                yield line


def _line_of_start(one: Started) -> ItemRecord | None:
    if isinstance(one, BadStart):
        line = _line(one.url) | {"status": "failed", "error": "url", "reason": one.why}
        return ItemRecord(FILE_ITEM, _with_columns(line, one.kept))
    if isinstance(one, NewRequest) and one.skip is not None:
        line = _line(one.url) | {"status": "skipped", "error": one.skip}
        return ItemRecord(FILE_ITEM, _with_columns(line, decode(one.payload).kept))
    return None


def _status(outcome: PageOutcome) -> str:
    if outcome.state == State.SKIPPED:
        return "skipped"
    file = outcome.file
    if outcome.state != State.DONE or file is None:
        return "failed"
    if file.kept:
        return "kept"
    return "stored" if file.duplicate_of is None else "duplicate"


def _first(payload: Payload, url: str) -> str:
    return payload.hops[0] if payload.hops else url


def _line(url: str | None) -> dict[str, Any]:
    return dict.fromkeys(FILE_FIELDS) | {"url": url}


def _with_columns(line: dict[str, Any], kept: Mapping[str, str]) -> dict[str, Any]:
    """Return a line with the columns of its input; fields of its own win."""
    return line | {name: value for name, value in kept.items() if name not in line}
