"""From the numbers of a finished run to its exit code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crawler.config.models.job import Job
from crawler.engine.item_tally import ItemTally
from crawler.engine.tally import Tally
from crawler.interfaces import Books
from crawler.policy.checks import (
    CHECK_FAILED,
    Expectations,
    Judgement,
    RunTally,
    StartTally,
    combine,
    judge,
)


def judge_run(
    job: Job, books: Books, tally: Tally, *, limit: int | None, start_error: str | None
) -> Judgement:
    """Judge a run that came to its end; a retry together with the run that it builds on.

    Args:
        job: The job.
        books: Its requests by state.
        tally: Its other counters.
        limit: Items after which the user ended it, None for no limit.
        start_error: What the spider's `start` raised, None for nothing.
    """
    starts = tally.starts
    ended = starts.reached + starts.unreached + starts.forbidden + starts.other
    least = job.checks.min_items
    if least is not None and limit is not None:
        least = min(least, limit)
    judgement = judge(
        RunTally(
            done=books.done, failed=books.failed, dead=books.dead,
            broken_links=tally.broken_links, items=sum(kind.out for kind in tally.whole_items),
            fill=_fill(job.checks.min_fill, tally.whole_items),
            starts=StartTally(
                reached=starts.reached, unreached=starts.unreached, forbidden=starts.forbidden,
                other=starts.other, pending=max(0, starts.given - ended),
            ),
        ),
        Expectations(
            min_items=least, min_fill=job.checks.min_fill, max_failed=job.checks.max_failed,
            allow_empty=job.checks.allow_empty,
            wants_items=bool(job.extract) or job.spider is None,
        ),
    )  # fmt: skip
    if start_error is None:
        return judgement
    reasons = (f"the spider's start raised {start_error}", *judgement.reasons)
    return Judgement(exit_code=combine((judgement.exit_code, CHECK_FAILED)), reasons=reasons)


def _fill(fields: Iterable[str], kinds: Iterable[ItemTally]) -> Mapping[str, float]:
    """Return the share of items that have a field, over the kinds that know it."""
    fill = {}
    for name in fields:
        known = [kind for kind in kinds if name in kind.filled]
        total = sum(kind.out for kind in known)
        if total:
            fill[name] = sum(kind.filled[name] for kind in known) / total
    return fill
