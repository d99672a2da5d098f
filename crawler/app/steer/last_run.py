"""What the last run of a job came to, out of what it left in its report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from crawler.app.job.job_paths import JobPaths
from crawler.damage import UNREADABLE
from crawler.observe.console import safe
from crawler.observe.end_summary import short
from crawler.observe.summary import is_stopped

#: Bytes of a summary that are read: it lies where anybody may put a file.
_MOST = 4 << 20
_PAGES = (("done", "ok"), ("failed", "failed"), ("dead", "given up"), ("pending", "left"))


class LastRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run that has ended, or was ended.

    Attributes:
        report: Its folder.
        summary: Its `summary.json`; None if it wrote none, as after a kill.
        resumable: It was interrupted, and the next run goes on with it.
    """

    report: Path
    summary: dict[str, Any] | None
    resumable: bool

    def lines(self) -> list[str]:
        """Return what there is to say of it."""
        found, run = self.summary, self.report.name
        if found is None:
            how = "was ended without a word (killed, or the power failed)"
            return [f"the last run, {run}, {how}; the next one goes on with it"]
        how = "was interrupted" if self.resumable else "ended"
        books, items = _map(found.get("books")), _map(found.get("items"))
        written = sum(_counts({name: _map(one).get("out") for name, one in items.items()}))
        ending = f"with exit {found.get('exit')} ({found.get('reason')})"
        pages = [f"{books.get(name)} {word}" for name, word in _PAGES]
        pages.insert(3, f"{sum(_counts(books.get('skipped')))} skipped")
        lines = [
            f"the last run, {run}, {how} {found.get('ended')} {ending}",
            f"  pages   {' · '.join(pages)}",
            f"  items   {written}",
        ]
        lines += [f"  check   {reason}" for reason in found.get("checks") or []]
        return [safe(line) for line in (*lines, f"  report  {short(self.report)}")]


def last_run(paths: JobPaths) -> LastRun | None:
    """Return the last run of a job; None if none has left a report."""
    report = paths.newest_report()
    if report is None:
        return None
    found = _read(report / "summary.json")
    code, reason = (found or {}).get("exit"), (found or {}).get("reason")
    return LastRun(
        report=report, summary=found,
        resumable=found is None or (isinstance(code, int) and is_stopped(code, str(reason))),
    )  # fmt: skip


def _read(path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_MOST), type=dict[str, Any])
    except (OSError, *UNREADABLE):
        return None


def _map(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _counts(value: object) -> list[int]:
    return [one for one in _map(value).values() if isinstance(one, int)]
