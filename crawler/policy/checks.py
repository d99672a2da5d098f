"""Whether a finished run was a good one: its exit code, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

GOOD = 0
INTERNAL_ERROR = 1
CHECK_FAILED = 3
NO_START_REACHED = 4
CANNOT_WRITE = 5
STOPPED_FOR_SAFETY = 6

# Worst first. A signal (128 and its number) beats them all; 2 and 75 end a program before a run.
_SEVERITY = (INTERNAL_ERROR, CANNOT_WRITE, STOPPED_FOR_SAFETY, NO_START_REACHED, CHECK_FAILED)


class Expectations(msgspec.Struct, frozen=True, kw_only=True):
    """What a job's config asks of a run.

    Attributes:
        min_items: Items at least. A run limited to fewer by the user should ask for fewer.
        min_fill: Field to the share of items, 0 to 1, that must have it.
        max_failed: Share of requests, 0 to 1, that may fail.
        allow_empty: No page, or no item, is all right.
        wants_items: There are rules or a spider that should give items.
    """

    min_items: int | None = None
    min_fill: Mapping[str, float] = msgspec.field(default_factory=dict)
    max_failed: float = 0.05
    allow_empty: bool = False
    wants_items: bool = True


class StartTally(msgspec.Struct, frozen=True, kw_only=True):
    """How the start requests of a run ended, each counted once.

    Attributes:
        reached: Got 2xx or 304, or a redirect that led to one, whatever came of the page then.
        unreached: Ended without: failed or dead, robots.txt that gave no answer included.
        forbidden: Left out because robots.txt says so.
        pending: Still to be fetched, as a limit ended the run before.
        other: Left out for another reason: a duplicate, out of scope.
    """

    reached: int = 0
    unreached: int = 0
    forbidden: int = 0
    pending: int = 0
    other: int = 0


class RunTally(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers a run is judged by.

    Attributes:
        done: Requests that were answered with 2xx or 304.
        failed: Requests that failed for good.
        dead: Requests whose retries are spent.
        broken_links: Of `failed`: 404 and 410 of URLs that are no start URL. They say something
            of the site, not of this run.
        items: Items given, those of unchanged pages included.
        fill: Field to the share of items, 0 to 1, that have it, over the kinds of items that know
            the field.
    """

    done: int
    failed: int = 0
    dead: int = 0
    broken_links: int = 0
    items: int = 0
    fill: Mapping[str, float] = msgspec.field(default_factory=dict)
    starts: StartTally = StartTally()

    @property
    def failed_share(self) -> float:
        """Share of requests that failed, 0 to 1; broken links count neither way."""
        bad = self.failed + self.dead - self.broken_links
        ended = self.done + bad
        return bad / ended if ended else 0.0


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a run.

    Attributes:
        exit_code: 0, 3 or 4.
        reasons: One sentence each, without a full stop; empty when all is well.
    """

    exit_code: int
    reasons: tuple[str, ...] = ()


def judge(tally: RunTally, expected: Expectations) -> Judgement:
    """Judge a run that came to its end; one that was interrupted or paused is not judged."""
    failures = list(_failures(tally, expected))
    starts = tally.starts
    if starts.unreached and not (starts.reached or starts.pending):
        reason = f"none of {starts.unreached + starts.forbidden} start URLs could be reached"
        return Judgement(exit_code=NO_START_REACHED, reasons=(reason, *failures))
    return Judgement(exit_code=CHECK_FAILED if failures else GOOD, reasons=tuple(failures))


def combine(codes: Iterable[int]) -> int:
    """Return the exit code that counts when several apply: signals, then 1 > 5 > 6 > 4 > 3."""
    present = set(codes) - {GOOD}
    signals = [code for code in present if code > 128]
    if signals:
        return min(signals)
    for code in _SEVERITY:
        if code in present:
            return code
    return max(present, default=GOOD)


def _gaps(fill: Mapping[str, float], least: Mapping[str, float]) -> Iterable[str]:
    for name, share in least.items():
        if name not in fill:
            yield f"no item has a field {name}, and checks.min_fill.{name} asks for {share:.1%}"
        elif fill[name] < share:
            yield (
                f"{name} is filled in {_below(fill[name], share)} of items, "
                f"less than checks.min_fill.{name}: {share:.1%}"
            )


def _below(share: float, least: float) -> str:
    """Write a share so that it is seen to be less, however little."""
    text = f"{share:.1%}"
    return text if text != f"{least:.1%}" else f"{share:.4%}"


def _failures(tally: RunTally, expected: Expectations) -> Iterable[str]:
    starts = tally.starts
    if starts.forbidden and not (starts.reached or starts.unreached or starts.pending):
        yield f"robots.txt forbids the start URLs ({starts.forbidden})"
    if not expected.allow_empty:
        if not tally.done:
            what = "came to a good end" if tally.failed or tally.dead else "was fetched"
            yield f"no page {what} (checks.allow_empty: true makes that all right)"
        elif expected.wants_items and not tally.items:
            yield "no item was found (checks.allow_empty: true makes that all right)"
    if expected.min_items is not None and tally.items < expected.min_items:
        yield f"{tally.items} items are fewer than checks.min_items: {expected.min_items}"
    # Of no items every share is right; whether there may be none is another check.
    if tally.items:
        yield from _gaps(tally.fill, expected.min_fill)
    if tally.failed_share > expected.max_failed:
        yield (
            f"{tally.failed_share:.1%} of requests failed, "
            f"more than checks.max_failed: {expected.max_failed:.1%}"
        )
