"""What an incremental job remembers pages by, and when it visits them again."""

from __future__ import annotations

from crawler.config.models.incremental import RevisitOverrideSettings, RevisitSettings
from crawler.config.models.job import Job
from crawler.globs import compile_patterns
from crawler.page_memory import Overdue, Visited
from crawler.policy.revisit import Override, RevisitPolicy, Revisits


def revisits_of(job: Job) -> Revisits:
    """Return when pages are visited again; in a job that is not incremental, in each run."""
    if job.incremental is None:
        return Revisits(RevisitPolicy())
    settings = job.incremental.revisit
    return Revisits(
        _policy(settings),
        [
            Override(compile_patterns((one.match,)), _policy(settings, one))
            for one in settings.overrides
        ],
    )


def _policy(usual: RevisitSettings, other: RevisitOverrideSettings | None = None) -> RevisitPolicy:
    values = usual.model_dump(exclude={"overrides"})
    if other is not None:
        values |= other.model_dump(exclude={"match"}, exclude_none=True)
    return RevisitPolicy(**values)


def overdue_of(job: Job, now: float) -> Overdue | None:
    """Return what says which pages are due; None in a job that is not incremental."""
    if job.incremental is None:
        return None
    of = revisits_of(job).of

    def overdue(url: str, visited: Visited) -> int:
        return of(url).overdue(visited, now)

    return overdue
