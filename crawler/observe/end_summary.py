"""The end of a run in at most twelve lines; the last one is the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from crawler.observe.change_lines import change_lines
from crawler.observe.console import safe
from crawler.observe.details import Details
from crawler.observe.incremental_lines import incremental_lines
from crawler.observe.past import comparison, field_fills
from crawler.observe.quantities import share, took
from crawler.observe.summary import Summary
from crawler.observe.trouble_lines import trouble_lines

_LINES = 12
#: Characters of a line; samples in it are cut far shorter, each on its own.
_WIDEST = 2_000
_KINDS = 2
_FILES = 3
_FIELDS = 4

#: Ends that a limit brought about, and where it stands.
_LIMITS = {
    "stop": "by crawler stop",
    "max_pages": "limit scope.max_pages reached",
    "max_runtime": "limit scope.max_runtime reached",
    "limit": "limit --limit reached",
    "memory_limit": "run.memory_limit left no room",
    "no_name_server": "no name server answered",
    "no_room": "no room on the disk",
    "paused": "schedule.max_runtime; the next run goes on",
}
#: Flags that mean something of a page was left out.
_LOSSES = {
    "links_capped": "pages with more links than are taken",
    "markup_cut": "pages with more tags than are read",
    "long_tag": "pages with tags cut short",
}


class _Line(msgspec.Struct, frozen=True):
    """One line; where there are too many, those of the highest rank go first, from the last on."""

    rank: int
    text: str


def end_lines(summary: Summary, details: Details) -> list[str]:
    """Return the lines that are printed when a run has ended."""
    lines = list(_lines(summary, details))
    while len(lines) > _LINES:
        worst = max(line.rank for line in lines)
        last = max(place for place, line in enumerate(lines) if line.rank == worst)
        del lines[last]
    # Names of fields and hosts may come from a site as well as from the config.
    return [safe(line.text, _WIDEST) for line in lines]


def verdict(summary: Summary) -> str:
    """Return what became of the run, with its exit code."""
    words = {0: "OK", 3: "NOT GOOD", 4: "NOTHING REACHED", 130: "INTERRUPTED", 143: "INTERRUPTED"}
    return f"{words.get(summary.exit, 'FAILED')} (exit {summary.exit})"


def ending(summary: Summary) -> str:
    """Return how and when the run came to its end."""
    reason = summary.reason
    how = "stopped" if summary.stopped else "finished"
    why = "" if reason == "finished" else f" ({_LIMITS.get(reason, reason)})"
    return f"{summary.job} {how} after {took(summary.duration_s)}{why}"


def losses(summary: Summary, details: Details) -> list[str]:
    """Return what is no failure, but should not pass in silence."""
    flags = summary.flags
    found = [f"{flags[name]:,} {what}" for name, what in _LOSSES.items() if name in flags]
    if details.notes:
        more = details.notes_count - 1
        found.append(details.notes[0] + (f" (and {more:,} more in run.log)" if more > 0 else ""))
    return found


def _lines(summary: Summary, details: Details) -> Iterator[_Line]:
    yield _Line(0, ending(summary))
    yield _Line(0, pages_line(summary.books))
    if summary.retry_of is not None:
        what = "1 request" if summary.retried == 1 else f"{summary.retried:,} requests"
        text = f"{what} given up by run {summary.retry_of}; its pages are counted in, its items not"
        yield _Line(2, f"  retry   {text}")
    yield from (_Line(1, line) for line in incremental_lines(summary.incremental))
    yield from (_Line(1, line) for line in change_lines(summary.items, summary.changes))
    yield from _items(summary)
    yield from _fields(summary, details)
    yield from _quarantine(summary, details)
    yield from (_Line(3 if place else 1, f"  rule    {miss}") for place, miss in _misses(details))
    yield from _starts(summary, details)
    yield from _errors(summary, details)
    yield from (_Line(3 if place else 1, line) for place, line in enumerate(trouble_lines(summary)))
    odd = losses(summary, details)
    if odd:
        yield _Line(4, f"  odd     {', '.join(odd)}")
    yield from _offsite(summary)
    yield _Line(5, _speed(summary))
    files = output_files(summary, details)
    more = [f"{len(files) - _FILES} more"] if len(files) > _FILES else []
    files = [*files[:_FILES], *more, short(details.report)]
    yield _Line(2, f"  files   {' · '.join(files)}")
    for place, reason in enumerate(summary.checks):
        yield _Line(min(place, 6), f"  check   {reason}")
    compared = comparison(summary, details.past)
    yield _Line(0, verdict(summary) + (f". {compared}" if compared else ""))


def pages_line(books: Mapping[str, Any]) -> str:
    """Return what became of the requests of a run, out of the books of its summary."""
    bad = books["failed"] + books["dead"]
    skipped = sum(books["skipped"].values())
    part = f" ({share(bad / (books['done'] + bad))})" if bad else ""
    line = f"  pages   {books['done']:,} ok · {bad:,} failed{part} · {skipped:,} skipped"
    if skipped:
        reasons = sorted(books["skipped"].items(), key=lambda pair: -pair[1])[:3]
        line += f" ({', '.join(f'{name} {count:,}' for name, count in reasons)})"
    return line + (f" · {books['pending']:,} left" if books["pending"] else "")


def _items(summary: Summary) -> Iterator[_Line]:
    kinds = list(summary.items.items())
    for place, (name, kind) in enumerate(kinds[:_KINDS]):
        more = len(kinds) - _KINDS if place == _KINDS - 1 else 0
        others = f"; {more} more kinds in summary.json" if more > 0 else ""
        yield _Line(place, f"  items   {kind['out']:,} {name}{others}")


def _fields(summary: Summary, details: Details) -> Iterator[_Line]:
    fills = [fill for fill in field_fills(summary, details.past) if fill.share < 1 or fill.dropped]
    if fills:
        look = "   ← look here" if any(fill.dropped for fill in fills) else ""
        more = f" · {len(fills) - _FIELDS} more with gaps" if len(fills) > _FIELDS else ""
        texts = " · ".join(fill.text() for fill in fills[:_FIELDS])
        yield _Line(1 if look else 2, f"  fields  {texts}{more}{look}")


def _quarantine(summary: Summary, details: Details) -> Iterator[_Line]:
    count = sum(kind.get("quarantined", 0) for kind in summary.items.values())
    if not count:
        return
    items = "1 item" if count == 1 else f"{count:,} items"
    line = f"  broken  {items} in quarantine"
    worst = max(summary.problems, key=lambda place: summary.problems[place], default=None)
    if worst is not None:
        line += f"; most by {worst} ({summary.problems[worst]:,})"
        if worst in details.problems:
            line += f": {details.problems[worst]}"
    yield _Line(1, line + (f" → {short(details.quarantine)}" if details.quarantine else ""))


def _misses(details: Details) -> Iterator[tuple[int, str]]:
    misses = details.misses
    shown = misses[:2]
    for place, miss in enumerate(shown):
        last = place == len(shown) - 1 and len(misses) > len(shown)
        more = f" ({len(misses) - len(shown)} more of them in report.html)" if last else ""
        yield place, miss + more


def _starts(summary: Summary, details: Details) -> Iterator[_Line]:
    count = summary.bad_starts
    if count:
        entries = "1 entry" if count == 1 else f"{count:,} entries"
        sample = f": {details.bad_starts[0]}" if details.bad_starts else ""
        yield _Line(2, f"  starts  {entries} that nothing can be fetched for{sample}")


def _errors(summary: Summary, details: Details) -> Iterator[_Line]:
    worst = sorted(summary.errors.items(), key=lambda pair: -pair[1])[:4]
    if not worst:
        return
    yield _Line(1, "  errors  " + ", ".join(f"{name} {count:,}" for name, count in worst))
    samples = details.errors
    example = next((samples[name] for name, _ in worst if name in samples), None)
    # Where the checks quote a failure already, another one would be noise.
    if example is not None and not any(example in reason for reason in summary.checks):
        yield _Line(3, f"          such as {example}")


def _offsite(summary: Summary) -> Iterator[_Line]:
    links = summary.offsite["links"]
    if links:
        hosts = list(summary.offsite["hosts"])
        more = f" and {len(hosts) - 2} more" if len(hosts) > 2 else ""
        count = "1 link" if links == 1 else f"{links:,} links"
        yield _Line(5, f"  offsite {count} out of scope: {', '.join(hosts[:2])}{more}")


def _speed(summary: Summary) -> str:
    causes = summary.limited_by
    slow = max(causes, key=lambda cause: causes[cause], default="")
    part = f", limited by {slow} {causes[slow]:.0%} of the time" if slow else ""
    rest = [f"; paused for {took(summary.paused_s)}"] if summary.paused_s >= 1 else []
    held = summary.memory.get("held_s", 0.0)
    if held >= 1:
        rest.append(f"; held back by run.memory_limit for {took(held)}")
    waited = summary.durability.get("wait_s", 0.0)
    if waited >= 1:
        rest.append(f"; waited {took(waited)} for what was found to be written")
    times = int(summary.stuck.get("times", 0))
    if times:
        longest = took(summary.stuck["longest_s"])
        rest.append(f"; nothing moved {times} times, for {longest} at most: see run.log")
    return (
        f"  speed   {summary.pages_per_s:.1f} pages/s{part}; {cost(summary)},"
        f" peak memory {summary.peak_rss_bytes / 1e6:.0f} MB{''.join(rest)}"
    )


def cost(summary: Summary) -> str:
    """Return what a run took of the processor, by page, and what part of it durability had."""
    each = summary.cpu_ms_per_page
    parts = [f"{each:,.{0 if each >= 10 else 2}f} ms a page"] if each else []
    share_of_it = summary.durability.get("cpu_share", 0.0)
    if share_of_it:
        parts.append(f"{share_of_it:.0%} for durability")
    text = f"{summary.cpu_s:.1f} CPU s"
    return f"{text} ({', '.join(parts)})" if parts else text


def output_files(summary: Summary, details: Details) -> list[str]:
    """Return where the items are; of a file that is kept aside, also where they are not."""
    yet = " yet" if summary.stopped else ""
    return [
        f"{short(path)} (not in {details.not_in[path].name}{yet})"
        if path in details.not_in
        else short(path)
        for path in details.outputs
    ]


def short(path: Path) -> str:
    """Return a path as it is seen from the current directory."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
