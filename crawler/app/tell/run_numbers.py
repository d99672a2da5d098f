"""The numbers of a run that conditions ask for: see `crawler.config.condition`."""

from __future__ import annotations

from typing import Any

from crawler.observe.summary import Summary


def run_numbers(summary: Summary | None, exit_code: int, failures: int) -> dict[str, float]:
    """Return the numbers by name; what is absent is 0.

    Args:
        summary: Of the run; None for one that did not get so far.
        exit_code: Its exit code.
        failures: Runs in a row that failed, this one included.
    """
    always = {"exit": float(exit_code), "failures": float(failures)}
    if summary is None:
        return always
    books = summary.books
    wrong = books["failed"] + books["dead"]
    asked = books["done"] + wrong
    return {
        **{name: books[name] for name in ("known", "done", "failed", "dead", "pending")},
        "failed_share": wrong / asked if asked else 0.0,
        "skipped": sum(books["skipped"].values()),
        "errors": sum(summary.errors.values()),
        "items": _sum(summary, "out"),
        **{name: _sum(summary, name) for name in ("dropped", "quarantined")},
        **{name: _sum(summary, name) for name in ("new", "changed", "gone")},
        "bytes": summary.bytes, "pages_per_s": summary.pages_per_s,
        "duration": summary.duration_s, "cpu": summary.cpu_s,
        "peak_memory": summary.peak_rss_bytes,
        **_family("items", {name: kind["out"] for name, kind in summary.items.items()}),
        **_family("http", summary.http),
        **_family("errors", summary.errors),
        **_family("skipped", books["skipped"]),
        **always,
    }  # fmt: skip


def _sum(summary: Summary, name: str) -> float:
    # Only items of an incremental job are new, changed or gone.
    return sum(float(kind.get(name, 0)) for kind in summary.items.values())


def _family(family: str, counts: dict[str, Any]) -> dict[str, float]:
    return {f"{family}.{name}": float(count) for name, count in counts.items()}
