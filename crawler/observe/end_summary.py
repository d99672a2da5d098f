"""The end of a run in at most twelve lines; the last one is the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from crawler.observe.summary import Summary

_LINES = 12
_KINDS = 2


def end_lines(
    summary: Summary, outputs: Sequence[Path], report: Path, examples: Mapping[str, str]
) -> list[str]:
    """Return the lines that are printed when a run has ended.

    Args:
        summary: The run.
        outputs: Files with items.
        report: The folder of its report.
        examples: A failure of each error class.
    """
    books = summary.books
    bad = books["failed"] + books["dead"]
    took = _took(summary.duration_s)
    lines = [f"{summary.job} ended after {took} ({summary.reason})", _pages(summary, bad)]
    for name, kind in list(summary.items.items())[:_KINDS]:
        lines.append(f"  items   {kind['out']:,} {name}{_gaps(kind)}")
    if len(summary.items) > _KINDS:
        lines[-1] += f"; {len(summary.items) - _KINDS} more kinds in summary.json"
    lines += _errors(summary, examples)
    lines += _odd(summary)
    if summary.offsite["links"]:
        hosts = list(summary.offsite["hosts"])
        more = f" and {len(hosts) - 2} more" if len(hosts) > 2 else ""
        names = ", ".join(hosts[:2])
        lines.append(f"  offsite {summary.offsite['links']:,} links out of scope: {names}{more}")
    slow = max(summary.limited_by, key=lambda cause: summary.limited_by[cause], default="")
    share = f", limited by {slow} {summary.limited_by[slow]:.0%} of the time" if slow else ""
    lines.append(
        f"  speed   {summary.pages_per_s:.1f} pages/s{share}; {summary.cpu_s:.1f} CPU s,"
        f" peak memory {summary.peak_rss_bytes / 1e6:.0f} MB"
    )
    lines.append(f"  files   {' · '.join(_short(path) for path in [*outputs[:2], report])}")
    lines += [f"  check   {reason}" for reason in summary.checks[: _LINES - 1 - len(lines)]]
    lines.append(f"{_verdict(summary.exit)} (exit {summary.exit})")
    return lines


def _pages(summary: Summary, bad: int) -> str:
    books = summary.books
    skipped = sum(books["skipped"].values())
    line = f"  pages   {books['done']:,} ok · {bad:,} failed · {skipped:,} skipped"
    if skipped:
        reasons = sorted(books["skipped"].items(), key=lambda pair: -pair[1])[:3]
        line += f" ({', '.join(f'{name} {count:,}' for name, count in reasons)})"
    return line + (f" · {books['pending']:,} left" if books["pending"] else "")


#: Flags that mean something of a page was left out.
_LOSSES = {
    "links_capped": "pages with more links than are taken",
    "odd_markup": "pages read by the second parser",
    "long_tag": "pages with tags cut short",
}


def _odd(summary: Summary) -> list[str]:
    found = [
        f"{summary.flags[name]:,} {what}" for name, what in _LOSSES.items() if name in summary.flags
    ]
    return [f"  odd     {', '.join(found)}"] if found else []


def _errors(summary: Summary, examples: Mapping[str, str]) -> list[str]:
    worst = sorted(summary.errors.items(), key=lambda pair: -pair[1])[:4]
    if not worst:
        return []
    lines = ["  errors  " + ", ".join(f"{name} {count:,}" for name, count in worst)]
    example = next((examples[name] for name, _ in worst if name in examples), None)
    # Where the checks quote a failure already, another one would be noise.
    if example is not None and not any(example in reason for reason in summary.checks):
        lines.append(f"          such as {example}")
    return lines


def _gaps(kind: dict[str, object]) -> str:
    fill = kind["fill"]
    if not isinstance(fill, dict):
        return ""
    gaps = sorted((share, name) for name, share in fill.items() if share < 1)[:3]
    return f"; filled: {', '.join(f'{name} {share:.0%}' for share, name in gaps)}" if gaps else ""


def _took(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)} min {rest:02.0f} s" if minutes else f"{seconds:.1f} s"


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _verdict(code: int) -> str:
    if code == 0:
        return "OK"
    return {3: "NOT GOOD", 4: "NOTHING REACHED", 130: "INTERRUPTED", 143: "INTERRUPTED"}.get(
        code, "FAILED"
    )
