"""How a run ended, as it is told: in a line, in a mail, in a document."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

import msgspec

from crawler.app.job.job_paths import rfc3339
from crawler.notify.prometheus import RunFigures
from crawler.notify.webhook import Document
from crawler.observe.console import safe
from crawler.observe.summary import Summary
from crawler.policy.notices import Standing

#: Lines of a mail at most, where the report is included.
_LINES = 20
#: Characters of a line at most.
_WIDEST = 500
#: Characters of a reason in a line with others, and of all of them at most.
_SHORT, _LONGEST = 300, 2_000


class EndOfRun(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a run.

    Attributes:
        run: Its id; None if it did not get so far.
        exit: Exit code.
        standing: How it counts.
        reason: How it came to its end, in a word.
        whys: What it was found wanting in, or the error; none for nothing.
        lines: What the command prints of it.
        summary: What stands in `summary.json`; None for a run that did not get so far.
        report: Folder of its report; None for none.
        started: Wall-clock second, as is `ended`.
        failures: Runs in a row that failed, this one included; of a good one, those before it.
        previous: Exit code of the run before; None for none, or one that crashed.
    """

    job: str
    run: str | None
    exit: int
    standing: Standing
    reason: str
    whys: Sequence[str]
    lines: Sequence[str]
    summary: Summary | None
    report: Path | None
    started: float
    ended: float
    failures: int = 0
    previous: int | None = None


def headline(end: EndOfRun, event: str) -> str:
    """Return what happened, in a line."""
    count = end.failures
    if event == "failure":
        row = f" ({count} failures in a row)" if count > 1 else ""
        why = end.whys[0] if end.whys else end.reason
        more = f" (and {len(end.whys) - 1} more)" if len(end.whys) > 1 else ""
        return safe(f"{end.job} failed (exit {end.exit}){row}: {safe(why, _SHORT)}{more}", _WIDEST)
    gave = _gave(end.summary)
    if event == "recovered":
        return f"{end.job} is good again after {_many(count, 'failure')}{gave}"
    return f"{end.job} ended well{gave}"


def subject(end: EndOfRun, event: str) -> str:
    """Return the subject of a mail."""
    words = {
        "failure": f"failed (exit {end.exit})",
        "recovered": "is good again",
        "success": "ended well",
    }
    return f"[crawler] {end.job} {words[event]}"


def mail_text(end: EndOfRun, event: str) -> str:
    """Return what a mail says: at most as much as `--cron` prints, and where the report is."""
    report = end.report / "report.html" if end.report is not None else None
    # A path may hold bytes that are no text, which nothing can encode.
    where = [f"report: {safe(str(report), _LONGEST)}"] if report is not None else []
    where.append(f"on {socket.gethostname()}, " + (f"run {end.run}" if end.run else "before a run"))
    room = _LINES - len(where) - 2
    lines = [safe(line, _WIDEST) for text in end.lines for line in text.splitlines()]
    if len(lines) > room:
        lines = [*lines[: room - 1], f"({len(lines) - room + 1} more lines)"]
    return "\n".join([headline(end, event), *lines, "", *where]) + "\n"


def document(end: EndOfRun, event: str, when: str | None) -> Document:
    """Return what a webhook is sent."""
    return Document(
        event=event, job=end.job, text=headline(end, event), run=end.run, exit=end.exit,
        reason=end.reason, why=safe("; ".join(end.whys), _LONGEST), failures=end.failures,
        counts=_counts(end.summary),
        books=end.summary.books if end.summary is not None else None,
        started=rfc3339(end.started), ended=rfc3339(end.ended),
        duration_s=_duration(end), host=socket.gethostname(),
        report=safe(str(end.report), _LONGEST) if end.report is not None else None, when=when,
        previous=end.previous,
    )  # fmt: skip


def figures(end: EndOfRun) -> RunFigures:
    """Return what is written for Prometheus."""
    summary = end.summary
    known = RunFigures(
        job=end.job, exit=end.exit, started=end.started, ended=end.ended, duration=_duration(end),
        failures=0 if end.standing == "good" else end.failures,
        succeeded=end.ended if end.standing == "good" else None,
    )  # fmt: skip
    if summary is None:
        return known
    books = summary.books
    pages = {name: books[name] for name in ("done", "failed", "dead", "pending")}
    return msgspec.structs.replace(
        known,
        pages=pages | {"skipped": sum(books["skipped"].values())},
        items={name: kind["out"] for name, kind in summary.items.items()},
        cpu=summary.cpu_s,
        peak_memory=summary.peak_rss_bytes,
    )


def _gave(summary: Summary | None) -> str:
    if summary is None:
        return ""
    counts = _counts(summary)
    return f": {_many(counts['items'], 'item')}, {_many(counts['pages'], 'page')}"


def _many(count: float, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count:,.0f} {what}s"


def _counts(summary: Summary | None) -> dict[str, float]:
    if summary is None:
        return {}
    books, kinds = summary.books, summary.items.values()
    counts: dict[str, float] = {
        "pages": books["done"],
        "failed": books["failed"] + books["dead"],
        "skipped": sum(books["skipped"].values()),
        "items": sum(kind["out"] for kind in kinds),
        "quarantined": sum(kind.get("quarantined", 0) for kind in kinds),
    }
    for name in ("new", "changed", "gone"):  # of an incremental job
        if any(name in kind for kind in kinds):
            counts[name] = sum(kind.get(name, 0) for kind in kinds)
    return counts


def _duration(end: EndOfRun) -> float:
    if end.summary is not None:
        return end.summary.duration_s
    return round(max(0.0, end.ended - end.started), 3)
