"""What is told of a run beside its summary: where things are, and samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from crawler.observe.past import PastRun


class HostCount(msgspec.Struct, kw_only=True):
    """Requests of one host."""

    name: str
    known: int = 0
    done: int = 0
    wrong: int = 0
    bytes: int = 0


class SlowPage(msgspec.Struct, frozen=True, order=True):
    """One of the pages that took longest."""

    ms: int
    url: str


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What the end of a run is told with.

    Attributes:
        outputs: Files with items, as things stand.
        not_in: By such a file, the output that its items did not get into, or did not yet.
        report: The folder of its report.
        errors: A failure of each error class: its URL and why.
        problems: By kind and field, one item in quarantine: its value, the reason, its page.
        quarantine: Their file; None for none.
        bad_starts: The first entries that nothing could be fetched for, each with its place.
        notes: The first lines about what is no failure.
        notes_count: All of them.
        misses: Sentences about rules that found nothing.
        past: Good runs before, the last one first.
        hosts: Those with most requests, the largest first.
        slowest: Pages that took longest, the slowest first.
    """

    outputs: Sequence[Path]
    report: Path
    not_in: Mapping[Path, Path] = msgspec.field(default_factory=dict)
    errors: Mapping[str, str] = msgspec.field(default_factory=dict)
    problems: Mapping[str, str] = msgspec.field(default_factory=dict)
    quarantine: Path | None = None
    bad_starts: Sequence[str] = ()
    notes: Sequence[str] = ()
    notes_count: int = 0
    misses: Sequence[str] = ()
    past: Sequence[PastRun] = ()
    hosts: Sequence[HostCount] = ()
    slowest: Sequence[SlowPage] = ()
