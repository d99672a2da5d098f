"""`crawler show`: what a run was, did and left, from what it wrote. Read-only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from crawler.app.job.history import history_of
from crawler.app.job.job_paths import rfc3339
from crawler.app.look.found_run import FoundRun
from crawler.app.look.run_rows import GIVEN_UP, SKIPPED, count_reasons, run_rows
from crawler.app.look.run_words import start_json
from crawler.app.run.summing_up import item_counts
from crawler.damage import UNREADABLE
from crawler.engine.tally import decode_tally
from crawler.errors import StateError
from crawler.interfaces import LedgerLine
from crawler.observe.console import safe
from crawler.observe.end_summary import pages_line
from crawler.observe.summary import books_of, is_stopped
from crawler.schedule.past_run import PastRun
from crawler.storage.job_lock import holder_of
from crawler.storage.run_look import RunLook

#: Bytes of a summary at most: it lies where anybody may put a file.
_MAX_BYTES = 4 << 20
#: Characters of a line.
_WIDEST = 2_000


class RunFacts(msgspec.Struct, kw_only=True):
    """What is known of a run; the fields of `summary.json` that have its names mean the same.

    Attributes:
        standing: "finished", "interrupted" (resumable, in good order), "going on", or "killed"
            (resumable, nothing was said).
        exit: None for a run that has not ended.
        given_up: Requests that failed or are dead, by error class.
        report: Folder of the report.
        config: The config it was run with, None when that is not known.
        starts: Every start of it, out of the history, the first one first; see docs/history.md.
        counts: Of a run whose report is gone: what the history says that it gave.
    """

    job: str
    run: str
    standing: str
    exit: int | None = None
    reason: str | None = None
    started: str | None = None
    ended: str | None = None
    retry_of: str | None = None
    books: dict[str, Any] = msgspec.field(default_factory=dict)
    given_up: dict[str, int] = msgspec.field(default_factory=dict)
    items: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    errors: dict[str, int] = msgspec.field(default_factory=dict)
    checks: list[str] = msgspec.field(default_factory=list)
    outputs: list[str] = msgspec.field(default_factory=list)
    report: str = ""
    config: str | None = None
    http: dict[str, int] = msgspec.field(default_factory=dict)
    bytes: int | None = None
    duration_s: float | None = None
    pages_per_s: float | None = None
    cpu_s: float | None = None
    peak_rss_bytes: int | None = None
    starts: list[dict[str, Any]] = msgspec.field(default_factory=list)
    counts: dict[str, Any] | None = None


class _Written(msgspec.Struct):
    """The part of a `summary.json` that is shown."""

    exit: int
    reason: str
    started: str
    ended: str
    books: dict[str, Any]
    items: dict[str, dict[str, Any]]
    errors: dict[str, int]
    checks: list[str] = msgspec.field(default_factory=list)
    outputs: list[str] = msgspec.field(default_factory=list)
    retry_of: str | None = None
    http: dict[str, int] = msgspec.field(default_factory=dict)
    bytes: int | None = None
    duration_s: float | None = None
    pages_per_s: float | None = None
    cpu_s: float | None = None
    peak_rss_bytes: int | None = None


def run_facts(found: FoundRun) -> RunFacts:
    """Gather what is known of a run.

    Raises:
        StateError: It cannot be read.
    """
    facts = RunFacts(
        job=found.paths.name, run=found.run_id, standing="finished", report=str(found.report)
    )
    written = _written(found)
    if found.in_state:
        _add_state(facts, found, live=written is None)
    starts = _starts(found)
    facts.starts = [start_json(start) for start in starts]
    if written is None and not found.in_state:
        if not starts:
            raise StateError(f"nothing is known of run {found.run_id}: it left no summary.json")
        _add_record(facts, starts)
    if written is not None and facts.standing in ("finished", "interrupted"):
        for name in _Written.__struct_fields__:
            setattr(facts, name, getattr(written, name))
        if not found.in_state and is_stopped(written.exit, written.reason):
            facts.standing = "interrupted"
    if facts.books.get("failed") or facts.books.get("dead"):
        facts.given_up = count_reasons(found, GIVEN_UP)
    return facts


def _starts(found: FoundRun) -> list[PastRun]:
    try:
        return history_of(found.paths.base).starts_of(found.run_id)
    except StateError:
        return []  # what else is known is shown all the same


def _add_record(facts: RunFacts, starts: list[PastRun]) -> None:
    """Take over what the history says of a run that has left nothing else."""
    last = starts[-1]
    facts.standing = "killed" if last.standing == "crashed" else "finished"
    facts.exit, facts.reason = last.exit, last.reason
    facts.started, facts.config = rfc3339(starts[0].started), last.config
    facts.ended = None if last.ended is None else rfc3339(last.ended)
    facts.counts = {} if last.counts is None else msgspec.to_builtins(last.counts)


def _add_state(facts: RunFacts, found: FoundRun, *, live: bool) -> None:
    """Take over what the job's database says of the run."""
    with RunLook(found.paths.database) as look:
        facts.config, facts.standing = look.config, look.standing
        if look.standing == "open":
            held = holder_of(found.paths.lock) is not None
            facts.standing = "going on" if held else "killed"
        if look.standing != "open" and not live:
            return
        tally = decode_tally(look.tally)
        facts.started, facts.retry_of = rfc3339(look.started), look.retry_of
        facts.books, facts.errors = books_of(look.books), tally.errors
        facts.items = {name: item_counts(kind) for name, kind in tally.items.items()}
        facts.outputs = [mark.path for mark in look.marks if mark.sink != "quarantine"]


def _written(found: FoundRun) -> _Written | None:
    path = found.report / "summary.json"
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_MAX_BYTES), type=_Written)
    except FileNotFoundError:
        return None
    except (OSError, *UNREADABLE) as error:
        raise StateError(f"{path} cannot be read: {error}") from error


def fact_lines(facts: RunFacts, list_failed: str) -> Iterator[str]:
    """Yield a run in lines for people.

    Args:
        facts: The run.
        list_failed: The command that lists what was given up.
    """
    lines = [f"{facts.job} run {facts.run}: {standing_words(facts)}", *_lines(facts, list_failed)]
    yield from (safe(line, _WIDEST) for line in lines)


def standing_words(facts: RunFacts) -> str:
    """Return what became of a run: its standing, its exit code, and why it ended."""
    words = facts.standing
    if facts.exit is not None:
        words += f", exit {facts.exit}"
    if facts.reason not in (None, "finished"):
        words += f" ({facts.reason})"
    return words


def _lines(facts: RunFacts, list_failed: str) -> Iterator[str]:
    ended = f", ended {facts.ended}" if facts.ended else ""
    yield f"  time    began {facts.started}{ended}"
    if facts.retry_of:
        yield f"  retry   of what run {facts.retry_of} gave up"
    if len(facts.starts) > 1:
        yield from (f"  start   {_start_text(start)}" for start in facts.starts)
    if facts.counts is not None:
        told = ", ".join(f"{count:,} {name}" for name, count in facts.counts.items() if count)
        yield f"  gave    {told or 'nothing'}; its report is gone, this is out of the history"
        return
    yield pages_line(facts.books)
    for name, kind in facts.items.items():
        yield f"  items   {kind['out']:,} {name}"
    if facts.errors:
        yield f"  errors  {_counts(facts.errors)}"
    if facts.given_up:
        yield f"  gave up {_counts(facts.given_up)}; each: {list_failed}"
    for reason in facts.checks:
        yield f"  check   {reason}"
    for path in facts.outputs:
        yield f"  items in {path}"
    yield f"  report  {facts.report}"
    if facts.config:
        yield f"  config  {facts.config}"


def _start_text(start: dict[str, Any]) -> str:
    how = start["standing"] if start["exit"] is None else f"exit {start['exit']}"
    why = f" ({start['reason']})" if start["reason"] not in (None, "finished") else ""
    who = f"pid {start['pid']} on {start['host']}"
    return f"{start['started']} by {start['trigger']}, {who}: {how}{why}"


def _counts(counts: dict[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {count:,}" for name, count in ordered)


def failed_lines(found: FoundRun) -> Iterator[str]:
    """Yield a line for each request that was given up: class, tries, URL, error, referrer."""
    for line in run_rows(found, GIVEN_UP):
        tries = "1 try" if line.attempts == 1 else f"{line.attempts} tries"
        error = f": {line.error}" if line.error else ""
        yield safe(f"{line.reason or '-':<18} {tries:<8} {line.url}{error}{_from(line)}", _WIDEST)


def skipped_lines(found: FoundRun) -> Iterator[str]:
    """Yield each request that was skipped, by reason, the most frequent one first."""
    for reason, count in count_reasons(found, SKIPPED).items():
        yield safe(f"{reason}: {count:,}")
        for line in run_rows(found, SKIPPED, reason):
            yield safe(f"  {line.url}{_from(line)}", _WIDEST)


def _from(line: LedgerLine) -> str:
    return f", found on {line.referrer}" if line.referrer else ""
