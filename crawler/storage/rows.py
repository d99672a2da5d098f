"""Between rows of the database and the structs of the seams."""

from __future__ import annotations

from array import array
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from crawler.interfaces import LedgerLine
from crawler.messages import QueuedRequest, StoredCookie
from crawler.outcome import State
from crawler.page_memory import PageMemory

_SIGN = 1 << 63
_WRAP = 1 << 64


def signed(key: int) -> int:
    """Return an unsigned 64-bit key as SQLite stores it."""
    return key - _WRAP if key >= _SIGN else key


def unsigned(stored: int) -> int:
    """Return a stored key as an unsigned number."""
    return stored + _WRAP if stored < 0 else stored


def queued_from(row: tuple[Any, ...]) -> QueuedRequest:
    """Build a request from a row of `schema.TAKE`, `DUE` or `ONE`."""
    (id_, key, url, host, method, body, rank, depth, label, attempts, fetch_no, parent,
     parent_url, crashes, is_start, payload, urgency) = row[:17]  # fmt: skip
    return QueuedRequest(
        id=id_,
        key=unsigned(key),
        url=url,
        host=host,
        method=method or "GET",
        body=body or b"",
        rank=rank,
        depth=depth,
        label=label,
        attempts=attempts,
        fetch_no=fetch_no + 1,
        parent=parent,
        parent_url=parent_url,
        crashes=crashes,
        is_start=bool(is_start),
        payload=payload,
        urgency=urgency,
        memory=memory_from(row[17:]) if len(row) > 17 else None,
    )


def memory_from(columns: tuple[Any, ...]) -> PageMemory | None:
    """Build a memory from the columns of `schema.TAKE_REMEMBERED`; None if there is none."""
    (etag, last_modified, body_hash, print_, simhash, rules, first_seen, fetched, changed, interval,
     due, visits, wrong_304, misses, gone_since, lastmod, news, run,
     kept) = columns  # fmt: skip
    if not fetched:  # nothing but what a list says of it
        return None
    return PageMemory(
        etag=etag, last_modified=last_modified, body_hash=body_hash, print=print_,
        simhash=None if simhash is None else unsigned(simhash), rules=rules, first_seen=first_seen,
        fetched=fetched, changed=changed, interval=interval, due=due, visits=visits,
        wrong_304=wrong_304, misses=misses, gone_since=gone_since, lastmod=lastmod,
        news=bool(news), run=run, kept=kept,
    )  # fmt: skip


def memory_columns(row: int, memory: PageMemory) -> tuple[Any, ...]:
    """Return what `schema.PUT_MEMORY` takes."""
    return (
        *(row, memory.etag, memory.last_modified, memory.body_hash, memory.print),
        *(None if memory.simhash is None else signed(memory.simhash), memory.gain, memory.rules),
        *(memory.first_seen, memory.fetched, memory.changed, memory.interval, memory.due),
        *(memory.visits, memory.wrong_304, memory.misses, memory.gone_since, memory.lastmod),
        *(memory.news, memory.run, memory.kept),
    )


def cookie_from(row: tuple[Any, ...]) -> StoredCookie:
    """Build a cookie from a row of the cookie table."""
    domain, path, name, value, host_only, secure, expires, created, http_only = row
    return StoredCookie(
        domain, path, name, value, bool(host_only), bool(secure), expires, created, bool(http_only)
    )


@lru_cache(maxsize=64)  # neighbours end within seconds of each other
def time_text(second: int) -> str:
    """Return a wall-clock second as RFC 3339, UTC."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ledger_line(row: tuple[Any, ...]) -> LedgerLine:
    """Build a line from a row of `schema.LEDGER`."""
    url, state, reason, status, attempts, depth, referrer, size, ms, error, ended = row
    return LedgerLine(
        url=url, outcome=State(state).name.lower(), reason=reason, status=status,
        attempts=attempts, depth=depth, referrer=referrer, bytes=size or 0, ms=ms or 0, error=error,
        at=None if ended is None else time_text(ended),
    )  # fmt: skip


def pack_rows(rows: list[int]) -> bytes:
    """Return row ids as little more than their bytes, each once, in order."""
    return array("q", dict.fromkeys(rows)).tobytes()


def unpack_rows(blob: bytes) -> list[int]:
    """Return what `pack_rows` packed; read on the machine that wrote it."""
    return array("q", blob).tolist()
