"""What became of a run, in words and as JSON."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from crawler.app.job.job_paths import rfc3339
from crawler.app.look.run_list import RunOfList
from crawler.observe.summary import is_stopped
from crawler.schedule.past_run import MACHINE_DOWN, PastRun

_EXITS = {
    0: "ok",
    1: "internal error (1)",
    2: "refused (2)",
    3: "check failed (3)",
    4: "nothing reached (4)",
    5: "cannot write (5)",
    6: "stopped for safety (6)",
    75: "skipped (75)",
    130: "interrupted (130)",
    143: "interrupted (143)",
}
#: Reasons that add nothing to an exit code.
_PLAIN = ("finished", "skipped", "refused")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def state_of(run: RunOfList) -> str:
    """Return what became of a run in a word, for programs."""
    last = run.last
    if last is None:
        return "missed"
    if last.standing != "ended":
        return last.standing
    code = last.exit or 0
    if is_stopped(code, last.reason or ""):
        return "interrupted"
    return "failed" if code else "ok"


def exit_words(run: RunOfList) -> str:
    """Return what became of a run, with its exit code where that is not 0."""
    last = run.last
    if last is None:
        return "missed"
    if last.exit is None or last.standing == "running":
        return last.standing
    return _EXITS.get(last.exit, f"exit {last.exit}")


def why_words(run: RunOfList, now: float) -> str:
    """Return what else there is to say of a run in a line; may be empty."""
    parts = [*_why(run, now), *_earlier(run, now)]
    if run.change is not None and run.look and not run.bad:
        parts.insert(0, f"{-run.change:.0%} fewer items than the good run before")
    return "; ".join(parts)


def _why(run: RunOfList, now: float) -> list[str]:
    last, missed = run.last, run.missed
    if missed is not None:
        often = "" if missed.times == 1 else f" ({missed.times:,} times since "
        often += f"{when(missed.first, now)})" if often else ""
        return [f"nothing started it{often}: was the machine off, or cron stopped?"]
    if last is None:
        return []
    if last.standing == "crashed":
        return [crash_words(last, run.seen, now)]
    reason = last.reason or ""
    named = last.standing == "ended" and reason not in _PLAIN and not last.why
    return [last.why or reason] if last.why or named else []


def crash_words(start: PastRun, seen: float | None, now: float) -> str:
    """Return how a start that crashed came to its end."""
    how = "the process vanished: killed, or out of memory"
    if start.reason == MACHINE_DOWN:
        how = "the machine went down"
    seen = seen or start.ended
    return how if seen is None else f"{how}; last sign of life {when(seen, now)}"


def _earlier(run: RunOfList, now: float) -> list[str]:
    before = run.starts[:-1]
    if not before:
        return []
    first, last = before[0], before[-1]
    how = "crashed" if last.standing == "crashed" else f"ended with exit {last.exit}"
    count = "" if len(before) == 1 else f" {len(before)} times, first"
    began = f"started{count} {when(first.started, now)}"
    return [f"{began}, {how}{'' if len(before) == 1 else ' at last'}; then it went on"]


def go_on_words(run: RunOfList) -> str | None:
    """Return how a run goes on that did not come to its end; None for any other."""
    last = run.last
    if last is None or not run.resumable:
        return None
    command = last.go_on or "the command that it was started with"
    if last.go_on and last.folder and Path(last.folder) != Path.cwd():
        command = f"cd {shlex.quote(last.folder)} && {command}"
    return f"the next run goes on with it; at once: {command}"


def when(wall: float, now: float) -> str:
    """Return a time of the past as people say it, in the machine's time zone."""
    at, today = local(wall), local(now)
    clock = f"{at:%H:%M}"
    days = (today.date() - at.date()).days
    if days in (0, 1):
        return f"{('today', 'yesterday')[days]} {clock}"
    if at.year != today.year:
        return f"{at:%Y-%m-%d} {clock}"
    return f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} {clock}"


def local(wall: float) -> datetime:
    """Return a time in the machine's zone."""
    return datetime.fromtimestamp(wall).astimezone()


def run_json(run: RunOfList) -> dict[str, Any]:
    """Return a run for programs; see docs/history.md."""
    last, counts, missed = run.last, run.counts, run.missed
    found: dict[str, Any] = {
        "job": run.job, "run": last.run if last is not None else None, "state": state_of(run),
        "exit": last.exit if last is not None else None,
        "reason": last.reason if last is not None else None,
        "why": last.why if last is not None else "",
        "started": rfc3339(run.starts[0].started if run.starts else run.started),
        "ended": _time(last.ended if last is not None else None), "last_sign": _time(run.seen),
        "duration_s": None if run.took is None else round(run.took, 3),
        "trigger": last.trigger if last is not None else None,
        "pages": None, "items": None, "failed": None, "bytes": None, "peak_rss_bytes": None,
        "items_change": None if run.change is None else round(run.change, 4),
        "look": run.look, "resumable": run.resumable,
        "go_on": last.go_on if last is not None else None,
        "folder": last.folder if last is not None else None,
        "config": last.config if last is not None else None,
        "report": last.report if last is not None else None,
        "starts": [start_json(one) for one in run.starts],
    }  # fmt: skip
    if counts is not None:
        found |= msgspec.to_builtins(counts)
    if missed is not None:
        found |= {"times": missed.times, "first": rfc3339(missed.first)}
    return found


def start_json(start: PastRun) -> dict[str, Any]:
    """Return one start of a run for programs."""
    return {
        "started": rfc3339(start.started), "ended": _time(start.ended),
        "standing": start.standing, "exit": start.exit, "reason": start.reason,
        "trigger": start.trigger, "resumed": start.resumed, "pid": start.pid, "host": start.host,
        "version": start.version,
    }  # fmt: skip


def _time(wall: float | None) -> str | None:
    return None if wall is None else rfc3339(wall)
