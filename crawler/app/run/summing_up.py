"""The summary of a run out of its books, its tally and the cost of the process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from crawler.app.job.job_paths import rfc3339
from crawler.app.run.process_figures import peak_rss_bytes
from crawler.app.run.stuck_words import Stuck
from crawler.config.models.job import Job
from crawler.engine.bottleneck import Bottleneck
from crawler.engine.item_tally import ItemTally
from crawler.engine.tally import RuleTally, Tally
from crawler.interfaces import Books, Opened
from crawler.observe.summary import RuleCounts, Summary, books_of
from crawler.policy.changes import KINDS


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How the process ended its part of a run.

    Attributes:
        exit_code: As the process is going to give it.
        reason: In a word.
        checks: What the run was found wanting in.
        seconds: That this process crawled.
        crawled: Of them, those since worker processes were there.
        busy: Seconds of `crawled` for which the processor was the limit.
        cpu: CPU seconds of the whole process tree, its start included.
        writing_cpu: Those of them that went into keeping the crawl safe.
        outputs: Where the items are.
        wall: The time now.
        loop: Name of the event loop.
        lag: How late it was, see `Summary.loop_lag_s`.
        stuck: How often and how long nothing moved.
        workers: Processes that fetched and parsed.
        workers_rss: Peak bytes of each, where they are processes of their own.
        memory: See `Summary.memory`.
        unreached: Pages of an incremental job that were due and are still to be visited.
    """

    exit_code: int
    reason: str
    checks: tuple[str, ...]
    seconds: float
    crawled: float
    busy: float
    cpu: float
    writing_cpu: float
    outputs: tuple[str, ...]
    wall: float
    loop: str
    lag: dict[str, float]
    stuck: Stuck
    workers: int = 1
    workers_rss: Sequence[int] = ()
    memory: dict[str, float] = {}
    unreached: int = 0


def sum_up(
    job: Job, opened: Opened, books: Books, tally: Tally, bottleneck: Bottleneck, ending: Ending
) -> Summary:
    """Return what `summary.json` says; earlier processes of the run are counted in."""
    worked = tally.worked + ending.seconds
    fetched = books.done - tally.pages_before
    cpu = tally.cpu + ending.cpu
    told = tally.settlement is not None
    hosts = {host: {"count": o.count, "sample": o.sample} for host, o in tally.offsite.items()}
    return Summary(
        job=job.name, run=opened.run_id, started=rfc3339(opened.started),
        ended=rfc3339(ending.wall), exit=ending.exit_code, reason=ending.reason,
        resumed=opened.resumed, backend=job.run.backend, workers=ending.workers,
        loop=ending.loop, books=books_of(books),
        items={name: item_counts(kind, told=told) for name, kind in tally.items.items()},
        http=dict(sorted(tally.http.items())), errors=tally.errors,
        flags=tally.flags,
        offsite={"links": tally.offsite_links, "hosts": hosts},
        nofollow_links=tally.nofollow_links, label_conflicts=tally.label_conflicts,
        bytes=tally.wire_bytes, duration_s=round(worked, 3),
        pages_per_s=round(fetched / worked, 2) if worked else 0.0,
        limited_by=bottleneck.shares(ending.crawled, ending.busy), peak_rss_bytes=peak_rss_bytes(),
        workers_peak_rss_bytes=list(ending.workers_rss), memory=ending.memory,
        cpu_s=round(cpu, 3), cpu_ms_per_page=round(1000 * cpu / fetched, 3) if fetched > 0 else 0.0,
        durability=_durability(job.run.durability, bottleneck, ending), loop_lag_s=ending.lag,
        checks=list(ending.checks),
        rules={place: _rule_counts(rule) for place, rule in tally.rules.items()},
        paused_s=round(bottleneck.paused, 1), stuck=msgspec.to_builtins(ending.stuck),
        given_up=tally.given_up, refusing=tally.refusing, traps=_traps(tally),
        problems=tally.problems, bad_starts=tally.bad_starts, source_files=tally.source_files,
        outputs=list(ending.outputs),
        retry_of=tally.earlier.run if tally.earlier is not None else None,
        retried=tally.earlier.retried if tally.earlier is not None else 0,
        incremental=_incremental(job, opened, tally, ending),
        changes=_changes(tally),
    )  # fmt: skip


def _incremental(job: Job, opened: Opened, tally: Tally, ending: Ending) -> dict[str, Any]:
    if job.incremental is None:
        return {}
    return {
        "mode": "refresh" if opened.refresh else "fresh", "same": tally.same,
        "reread": tally.reread, "due": opened.due, "not_reached": ending.unreached,
        "wrong_304": tally.wrong_304,
    }  # fmt: skip


def _durability(mode: str, bottleneck: Bottleneck, ending: Ending) -> dict[str, Any]:
    cpu, waited = ending.writing_cpu, bottleneck.output
    return {
        "mode": mode, "cpu_s": round(cpu, 3), "wait_s": round(waited, 3),
        "cpu_share": round(cpu / ending.cpu, 4) if ending.cpu else 0.0,
        "wait_share": round(waited / ending.crawled, 4) if ending.crawled else 0.0,
    }  # fmt: skip


def _traps(tally: Tally) -> dict[str, dict[str, Any]]:
    return {
        name: {"pages": one.pages, "cut": one.cut, "example": one.example}
        for name, one in tally.traps.items()
        if one.is_cut
    }


def _changes(tally: Tally) -> dict[str, Any]:
    settlement = tally.settlement
    if settlement is None:
        return {}
    mass, doubles = settlement.mass, tally.doubles
    return {
        "known": settlement.live, "visited": mass.visited, "changed": mass.changed,
        "missing": settlement.missing, "alike": mass.alike,
        "drift": [msgspec.to_builtins(one) for one in mass.drift],
        "doubles": doubles.count, "double_keys": doubles.samples,
        "restless": dict(sorted(tally.restless.items(), key=lambda pair: -pair[1])),
    }  # fmt: skip


def item_counts(kind: ItemTally, *, told: bool = False) -> dict[str, Any]:
    """Return the items of a kind as they stand in the summary.

    Args:
        kind: The items.
        told: What changed was told of, so that events have numbers, too.
    """
    counts: dict[str, Any] = {
        name: getattr(kind, "in_" if name == "in" else name)
        for name in ("in", "fanned", "out", "dropped", "quarantined", "waiting")
    }
    # Of items written: one in quarantine says nothing of what the others have.
    fill = {name: fill_share(full, kind.out) for name, full in kind.filled.items()}
    if told:
        counts |= {name: getattr(kind, name) for name in KINDS}
    return {**counts, "fill": fill}


def fill_share(full: int, total: int) -> float:
    """Return a share as it is written down: 1.0 only if nothing is missing, 0.0 only if all is."""
    if full in (0, total):
        return 1.0 if full else 0.0
    return min(0.9999, max(0.0001, round(full / total, 4)))


def _rule_counts(rule: RuleTally) -> RuleCounts:
    return RuleCounts(
        pages=rule.pages, found=rule.found, empty=rule.empty, missing=rule.missing,
        sample=rule.sample,
    )  # fmt: skip
