"""What is on the screen while a crawl goes on: five lines, or one."""

from __future__ import annotations

from collections.abc import Iterable

from crawler.observe.console import safe
from crawler.observe.pace import Eta, Pace
from crawler.observe.quantities import about, clock_text, share, size
from crawler.observe.snapshot import Snapshot

_ERRORS = 3
_GAP = "   "
KEYS = "[p]ause  [s]top  [e]rrors"
PAUSED_KEYS = "[p] go on  [s]top  [e]rrors"
_NAMES = {"cpu": "CPU"}


def progress_lines(snapshot: Snapshot, pace: Pace, width: int, *, keys: bool) -> list[str]:
    """Return five lines that fit a width; what has no room is left out, least wanted first.

    Args:
        snapshot: Where the crawl stands.
        pace: Has seen it and those before.
        width: Columns.
        keys: The keys can be pressed.
    """
    return [
        _fit(_head(snapshot, pace), width),
        "  " + _fit(_ends(snapshot, pace), width - 2),
        "  " + _fit(_queue(snapshot), width - 2),
        "  " + _fit(_limit(snapshot), width - 2),
        "  " + _fit(_errors(snapshot, keys=keys), width - 2),
    ]


def status_line(snapshot: Snapshot, pace: Pace) -> str:
    """Return one plain line that says the most of it, for logs and for terminals without more."""
    head = _head(snapshot, pace)
    wrong = f"failed {snapshot.wrong:,}"
    flight = f"in flight {snapshot.in_flight}"
    parts = [*head, wrong, f"items {snapshot.items:,}", flight]
    cause = _cause(snapshot)
    if cause:
        parts.append(f"limited by {cause}")
    return "  ".join(parts)


def _head(snapshot: Snapshot, pace: Pace) -> list[str]:
    books = snapshot.books
    parts = [
        f"{snapshot.job}  {snapshot.state} {clock_text(snapshot.elapsed)}",
        f"{snapshot.ended:,} of {books.known:,} known",
        f"{pace.rate:.1f}/s (avg {pace.average:.1f})",
    ]
    eta = pace.eta(snapshot)
    return parts if eta is None else [*parts, eta_text(eta)]


def eta_text(eta: Eta) -> str:
    """Return when it will be over, with how sure that is."""
    return f"ETA {eta.bound} {about(eta.seconds)}" if eta.bound else f"ETA {about(eta.seconds)}"


def _ends(snapshot: Snapshot, pace: Pace) -> list[str]:
    books = snapshot.books
    parts = [f"ok {books.done:,}", f"failed {snapshot.wrong:,}"]
    parts += [f"skipped {sum(books.skipped.values()):,}", f"items {snapshot.items:,}"]
    if snapshot.quarantined:
        parts.append(f"in quarantine {snapshot.quarantined:,}")
    return [*parts, f"{size(snapshot.bytes)}, {size(pace.bytes_rate)}/s"]


def _queue(snapshot: Snapshot) -> list[str]:
    waiting = max(0, snapshot.queued - snapshot.ready)
    limit = "" if snapshot.memory_limit is None else f" of {size(snapshot.memory_limit)}"
    return [
        f"queue {snapshot.queued:,}: ready {snapshot.ready:,}, waiting {waiting:,}",
        f"in flight {snapshot.in_flight}/{snapshot.concurrency}",
        f"memory {size(snapshot.memory)}{limit}{' (short)' if snapshot.short_of_memory else ''}",
    ]


def _cause(snapshot: Snapshot) -> str:
    """Name what kept the crawl from going faster lately; "" while that is not known."""
    shares = snapshot.limited_by
    if snapshot.state == "paused" or not shares:
        return ""
    cause = max(shares, key=lambda name: shares[name])
    return f"{_NAMES.get(cause, cause)} {share(shares[cause])}"


def _limit(snapshot: Snapshot) -> list[str]:
    cause = _cause(snapshot)
    if not cause:
        return [
            "paused: nothing is sent" if snapshot.state == "paused" else "limited by: not yet known"
        ]
    parts = [f"limited by {cause}"]
    host = snapshot.slowest
    if cause.startswith("politeness") and host is not None:
        more = "+" if host.more else ""
        parts += [safe(host.name), f"queue {host.queued:,}{more}", f"delay {host.delay:.3g} s"]
    return parts


def _errors(snapshot: Snapshot, *, keys: bool) -> list[str]:
    worst = sorted(snapshot.errors.items(), key=lambda pair: -pair[1])[:_ERRORS]
    said = " · ".join(f"{safe(name)} {count:,}" for name, count in worst)
    parts = [f"errors {said or 'none'}"]
    if keys:
        # Whoever watches needs to know the keys more than the third error.
        parts.append(PAUSED_KEYS if snapshot.state == "paused" else KEYS)
    return parts


def _fit(parts: Iterable[str], width: int) -> str:
    """Join what fits; the first part is cut if need be."""
    line = ""
    for part in parts:
        longer = f"{line}{_GAP}{part}" if line else part
        if len(longer) > width:
            break
        line = longer
    return line or next(iter(parts))[: max(0, width - 1)] + "…"
