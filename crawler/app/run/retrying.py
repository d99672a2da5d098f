"""`crawler retry`: a run that asks again for what the last one gave up, and for nothing else."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence

import msgspec

from crawler.app.job.settings_change import changes
from crawler.app.run.carry_over import carry_over
from crawler.config.load import LoadedJob
from crawler.engine.item_tally import ItemTally
from crawler.engine.tally import Earlier, Starts, Tally, decode_tally, encode_tally
from crawler.errors import ConfigError, CrawlerError
from crawler.interfaces import FrontierStore, GivenUp, LastRun, Recovered, RunStart
from crawler.messages import NewRequest
from crawler.outcome import ErrorClass
from crawler.sinks.file_output import FileOutput


class NothingToRetry(CrawlerError):
    """There is nothing to be done, and that is all right; the message says why."""


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """How a retry begins.

    Attributes:
        changed: Settings that changed since the last run.
    """

    start: RunStart
    changed: Sequence[str]


async def plan_retry(
    loaded: LoadedJob,
    store: FrontierStore,
    recovered: Recovered,
    classes: frozenset[str] | None,
    go_on: str,
) -> tuple[LastRun, list[GivenUp]]:
    """Return the run whose requests are retried, and which of them.

    Args:
        loaded: The job.
        store: Its store, opened.
        recovered: What the last process left.
        classes: Error classes to retry; None for all.
        go_on: The command that goes on with an interrupted run.

    Raises:
        ConfigError: The last run was interrupted, or there is none.
        NothingToRetry: It gave nothing up, or nothing of these classes.
    """
    name = loaded.job.name
    if recovered.run_id is not None:
        raise ConfigError(
            f"run {recovered.run_id} of job {name} has not come to its end; go on with it first:"
            f" {go_on}"
        )
    last = recovered.last
    if last is None:
        raise no_run_to_retry(loaded)
    given_up = await store.given_up()
    chosen = [one for one in given_up if classes is None or one.reason in classes]
    if not given_up:
        raise NothingToRetry(f"nothing to retry: run {last.run_id} of {name} gave nothing up")
    if not chosen:
        raise NothingToRetry(
            f"nothing to retry: run {last.run_id} of {name} gave up {_by_class(given_up)}, and"
            f" nothing of class {', '.join(sorted(classes or ()))}"
        )
    return last, chosen


def no_run_to_retry(loaded: LoadedJob) -> ConfigError:
    """Return the error of a job that has no run yet."""
    off = loaded.job.run.durability == "off"
    why = "; with run.durability: off nothing is kept" if off else ""
    return ConfigError(f"job {loaded.job.name} has no run of which something could be retried{why}")


def begin_retry(
    last: LastRun, chosen: Sequence[GivenUp], outputs: Iterable[FileOutput], start: RunStart
) -> Retry:
    """Make ready what a retry begins with.

    Args:
        last: The run that is retried.
        chosen: What of it.
        outputs: Files that the job writes.
        start: How any run would begin.

    Raises:
        ConfigError: An output cannot be added to.
        OutputError: It cannot be written.
    """
    before = decode_tally(last.tally)
    grave, light = changes(last.settings, start.settings)
    marks = carry_over(outputs, last, whole=not before.cut_short)
    tally = encode_tally(_tally_after(before, last, chosen))
    return Retry(
        start=msgspec.structs.replace(start, marks=marks, tally=tally), changed=[*grave, *light]
    )


def _tally_after(before: Tally, last: LastRun, chosen: Sequence[GivenUp]) -> Tally:
    """Return the counters of a run in which the chosen requests have not ended yet."""
    starts, held = before.starts, before.earlier or Earlier()
    again = [one for one in chosen if one.is_start]
    # A start whose callback raised was reached; see `Tally.count_page`.
    raised = sum(one.count for one in again if one.reason == ErrorClass.CALLBACK)
    unreached = sum(one.count for one in again) - raised
    given = starts.reached + starts.unreached + starts.forbidden + starts.other
    broken = sum(one.count for one in chosen if not one.is_start and one.status in (404, 410))
    return Tally(
        starts=Starts(
            given=given, reached=max(0, starts.reached - raised),
            unreached=max(0, starts.unreached - unreached), forbidden=starts.forbidden,
            other=starts.other,
        ),
        start_items=before.start_items, broken_links=max(0, before.broken_links - broken),
        joined_hosts=before.joined_hosts,
        earlier=Earlier(
            run=last.run_id, retried=sum(one.count for one in chosen),
            pages=last.done, items=_summed(held.items, before.items),
        ),
    )  # fmt: skip


def _summed(*parts: dict[str, ItemTally]) -> dict[str, ItemTally]:
    """Add up items that were written, by kind."""
    whole: dict[str, ItemTally] = {}
    for part in parts:
        for name, kind in part.items():
            held = whole.setdefault(name, ItemTally())
            held.out += kind.out
            for field, full in kind.filled.items():
                held.filled[field] = held.filled.get(field, 0) + full
    return whole


def _by_class(given_up: Iterable[GivenUp]) -> str:
    counts: dict[str, int] = {}
    for one in given_up:
        counts[one.reason] = counts.get(one.reason, 0) + one.count
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))


async def no_starts() -> AsyncGenerator[NewRequest, None]:
    """Give no start request: all that a retry begins with is in the store."""
    nothing: tuple[NewRequest, ...] = ()
    for request in nothing:
        yield request
