"""A file with the figures of a job's last run, for the textfile collector of node_exporter.

One file for each job, replaced by rename, so that a scrape never meets half of one. A job that is
killed leaves the old one: alert on the age of `crawler_last_success_timestamp_seconds`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from crawler.files import replace_file
from crawler.notify.courier import NotTold

#: node_exporter is another user.
_MODE = 0o644
#: Bytes that are read of an old file.
_MAX_OLD = 1 << 20
_SUCCESS = "crawler_last_success_timestamp_seconds"


class RunFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What is written of a run.

    Attributes:
        job: Name of the job.
        exit: Exit code.
        started: Wall-clock second, as is `ended`.
        duration: Seconds that it took, all its processes together.
        failures: Runs in a row that failed, this one included.
        succeeded: Wall-clock second at which the last good run ended; None if it is not known.
        pages: Requests by what became of them; empty for a run that did not get so far.
        items: Items written, by kind.
        cpu: CPU seconds; None where it is not known, as the next.
        peak_memory: Bytes.
    """

    job: str
    exit: int
    started: float
    ended: float
    duration: float
    failures: int
    succeeded: float | None = None
    pages: Mapping[str, int] = {}
    items: Mapping[str, int] = {}
    cpu: float | None = None
    peak_memory: int | None = None


def file_for(folder: Path, job: str) -> Path:
    """Return the file of a job; names of jobs are fit for that."""
    return folder / f"crawler_{job}.prom"


def write_figures(path: Path, figures: RunFigures) -> None:
    """Write the file; the time of the last success stays what it was, if this run is none.

    Raises:
        NotTold: It cannot be written.
    """
    if figures.succeeded is None:
        figures = msgspec.structs.replace(figures, succeeded=last_success(path, figures.job))
    try:
        replace_file(path, exposition(figures).encode("utf-8", "backslashreplace"), _MODE)
    except OSError as error:
        raise NotTold(f"cannot write {path}: {error.strerror}", passing=False) from None


def last_success(path: Path, job: str) -> float | None:
    """Return what a file says of the last good run; None if it says nothing."""
    line = re.compile(rf"^{_SUCCESS}{re.escape(_labels(job=job))} ([0-9.]+)$", re.MULTILINE)
    try:
        with path.open("rb") as file:
            found = line.search(file.read(_MAX_OLD).decode("utf-8", "replace"))
        return float(found[1]) if found is not None else None
    except (OSError, ValueError):
        return None


def exposition(figures: RunFigures) -> str:
    """Return the figures in Prometheus' text format, version 0.0.4."""
    return "".join(
        f"# HELP {name} {text}\n# TYPE {name} gauge\n"
        + "".join(f"{name}{labels} {_number(value)}\n" for labels, value in samples)
        for name, text, samples in _metrics(figures)
        if samples
    )


def _metrics(figures: RunFigures) -> Iterator[tuple[str, str, list[tuple[str, float]]]]:
    def one(value: float | None) -> list[tuple[str, float]]:
        return [] if value is None else [(_labels(job=figures.job), value)]

    def many(label: str, values: Mapping[str, int]) -> list[tuple[str, float]]:
        return [
            (_labels(job=figures.job, **{label: name}), value) for name, value in values.items()
        ]

    last = "crawler_last_run"
    yield f"{last}_exit_code", "Exit code of the last run.", one(figures.exit)
    yield f"{last}_start_timestamp_seconds", "When it began.", one(figures.started)
    yield f"{last}_end_timestamp_seconds", "When it ended.", one(figures.ended)
    yield f"{last}_duration_seconds", "How long it crawled.", one(figures.duration)
    yield f"{last}_pages", "Its requests by outcome.", many("outcome", figures.pages)
    yield f"{last}_items", "Items it has written, by kind.", many("kind", figures.items)
    yield f"{last}_cpu_seconds", "CPU time of all its processes.", one(figures.cpu)
    yield f"{last}_peak_memory_bytes", "Most memory of its process.", one(figures.peak_memory)
    yield _SUCCESS, "When the last good run ended.", one(figures.succeeded)
    yield "crawler_failures_in_a_row", "Runs that failed since then.", one(figures.failures)


def _labels(**labels: str) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.3f}"
