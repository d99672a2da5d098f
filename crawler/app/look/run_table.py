"""Runs as a table for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from crawler.app.look.run_list import RunOfList
from crawler.app.look.run_words import exit_words, go_on_words, state_of, when, why_words
from crawler.observe.console import safe
from crawler.observe.quantities import took

_HEAD = ("STARTED", "JOB", "RUN", "END", "TOOK", "PAGES", "ITEMS", "CHANGE", "FAILED")
_RIGHT = ("TOOK", "PAGES", "ITEMS", "CHANGE", "FAILED")
_NONE = "-"
_LOOK = "← look here"
_COLOURS = {
    "ok": "32", "running": "36", "skipped": "33", "interrupted": "33", "failed": "31",
    "crashed": "31", "refused": "31", "missed": "31",
}  # fmt: skip
#: Characters of a line where nothing says how wide it may be.
_WIDEST = 2_000


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """How a table is to look.

    Attributes:
        now: Wall-clock second.
        one_job: All runs are of one job, whose name need not stand there.
        colour: A terminal shows it.
        width: Columns of the terminal; None for none.
    """

    now: float
    one_job: bool
    colour: bool = False
    width: int | None = None


def run_table(runs: Sequence[RunOfList], look: Look) -> Iterator[str]:
    """Yield a head and a line for each run; how one goes on stands below it."""
    hidden = ("JOB",) if look.one_job else ()
    names = [name for name in _HEAD if name not in hidden]
    rows = [_cells(run, look) for run in runs]
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in names}
    yield _joined(dict(zip(names, names, strict=True)), widths) + "  WHY"
    for run, row in zip(runs, rows, strict=True):
        line = _joined(row, widths)
        if look.colour:
            padded = row["END"].ljust(widths["END"])
            tinted = f"\x1b[{_COLOURS[state_of(run)]}m{padded}\x1b[0m"
            line = line.replace(padded, tinted, 1)
        yield from _with_why(line, run, look, len(_joined(row, widths)))
        onward = go_on_words(run)
        if onward is not None:
            yield safe(f"    {onward}", _WIDEST)


def _cells(run: RunOfList, look: Look) -> dict[str, str]:
    last, counts = run.last, run.counts
    return {
        "STARTED": when(run.started, look.now),
        "JOB": safe(run.job, 40),
        "RUN": safe(last.run or _NONE, 40) if last is not None else _NONE,
        "END": exit_words(run),
        "TOOK": _took(run, look.now),
        "PAGES": f"{counts.pages:,}" if counts is not None else _NONE,
        "ITEMS": f"{counts.items:,}" if counts is not None else _NONE,
        "CHANGE": _change(run.change),
        "FAILED": f"{counts.failed:,}" if counts is not None else _NONE,
    }


def _took(run: RunOfList, now: float) -> str:
    last = run.last
    if last is None or last.standing in ("skipped", "refused"):
        return _NONE
    if last.standing == "running":
        return took((run.took or 0.0) + max(0.0, now - last.started))
    if run.took is None:
        return _NONE
    return ("≥ " if last.standing == "crashed" else "") + took(run.took)


def _change(change: float | None) -> str:
    if change is None:
        return _NONE
    return "=" if abs(change) < 0.005 else f"{change:+.0%}"


def _joined(row: dict[str, str], widths: dict[str, int]) -> str:
    cells = [
        row[name].rjust(width) if name in _RIGHT else row[name].ljust(width)
        for name, width in widths.items()
    ]
    return "  ".join(cells)


def _with_why(line: str, run: RunOfList, look: Look, taken: int) -> Iterator[str]:
    """Yield a line with why it came so; below it, where the terminal is too narrow."""
    mark = f"  {_LOOK}" if run.look else ""
    words = safe(why_words(run, look.now), _WIDEST)
    fits = look.width is None or taken + len(mark) + 2 + len(words) <= look.width
    yield f"{line}{mark}{f'  {words}' if words and fits else ''}".rstrip()
    if not fits:
        yield f"    {words}"
