"""Writes what `python -m scripts.bench` measured: tables, charts, and docs/benchmarks.md.

Only the part of the page between two marks is written; what stands around it is kept.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scripts.bench.measured import Cost
from scripts.bench.paired import Run, counted, median_of, ratio
from scripts.bench.programs import PROGRAMS
from scripts.bench.worksets import OFFERS

_BEGIN = "<!-- side by side: written by python -m scripts.bench -->"
_END = "<!-- side by side: end -->"
_OURS = "crawler"
_NONE = "-"
_SECTION = re.compile(r"<!-- set: (?P<name>\w+) -->\n(?P<text>.*?)\n?(?=<!-- set: |\Z)", re.DOTALL)
_PAGE = f"""\
# Benchmarks

What a crawl costs, beside what else one might use. `crawler bench` says in twenty seconds what a
page costs on your machine.

{_BEGIN}
{_END}
"""
_HEAD = (
    "program", "runs", "pages/s", "wall s", "CPU s", "CPU ms a page", "peak MiB",
    "CPU, crawler = 1", "wall, crawler = 1",
)  # fmt: skip

#: What stands above the tables.
_HOW = Path(__file__).with_name("side_by_side.md")


@dataclass(frozen=True, slots=True)
class Missing:
    """What could not be measured, and why."""

    title: str
    why: str


@dataclass(frozen=True, slots=True)
class Measured:
    """All runs over one set of pages."""

    name: str
    title: str
    what: str
    pages: int
    links: int
    runs: list[Run]

    @property
    def programs(self) -> list[str]:
        """The programs that had a turn."""
        return [name for name in PROGRAMS if any(run.program == name for run in self.runs)]


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under which it was measured.

    Attributes:
        versions: Of each program.
        missing: What is left out.
        minutes: That all of it took.
        others: Cores that other programs used before.
    """

    versions: Mapping[str, str]
    missing: Sequence[Missing]
    minutes: float
    others: float


def row_of(run: Run) -> str:
    """Return a line about one run."""
    if run.cost is None:
        return f"  {run.program:12} does not count: {run.why_not}"
    cost = run.cost
    return (
        f"  {run.program:12}{cost.seconds:9.2f} s{cost.cpu:9.2f} CPU s{cost.peak_mib:8.1f} MiB"
        f"  ({len(cost.peaks_mib)} processes)"
    )


def table(measured: Measured) -> str:
    """Return the table of a set in Markdown."""
    lines = [f"| {' | '.join(_HEAD)} |", f"| --- |{' ---: |' * (len(_HEAD) - 1)}"]
    lines += [f"| {' | '.join(cells)} |" for cells in _rows(measured)]
    return "\n".join(lines)


def _rows(measured: Measured) -> Iterator[tuple[str, ...]]:
    for name in measured.programs:
        title, cost = PROGRAMS[name].title, median_of(measured.runs, name)
        if cost is None:
            yield (title, "0", *(_NONE for _ in _HEAD[2:]))
            continue
        runs = sum(1 for _ in counted(measured.runs, name))
        yield (
            title, str(runs), f"{measured.pages / cost.seconds:,.0f}", f"{cost.seconds:.2f}",
            f"{cost.cpu:.2f}", f"{cost.cpu / measured.pages * 1000:.2f}", _memory(cost),
            _times(measured, name, "cpu"), _times(measured, name, "seconds"),
        )  # fmt: skip


def _memory(cost: Cost) -> str:
    peaks = cost.peaks_mib
    return f"{cost.peak_mib:.0f}" + (f" ({sum(peaks):.0f})" if len(peaks) > 1 else "")


def _times(measured: Measured, name: str, figure: str) -> str:
    def of(cost: Cost) -> float:
        return cost.cpu if figure == "cpu" else cost.seconds

    found = ratio(measured.runs, name, _OURS, of)
    return _NONE if found is None else f"{found:.2f}"


def write_page(docs: Path, measured: Sequence[Measured], conditions: Conditions) -> None:
    """Write the page and its charts; sets that were not measured now keep what stands there.

    Args:
        docs: The folder of the documents.
        measured: The sets.
        conditions: Under which they were measured.
    """
    charts = docs / "benchmarks"
    charts.mkdir(parents=True, exist_ok=True)
    path = docs / "benchmarks.md"
    text = path.read_text(encoding="utf-8") if path.exists() else _PAGE
    before, _, rest = text.partition(_BEGIN)
    body, _, after = rest.partition(_END)
    sections = {found["name"]: found["text"] for found in _SECTION.finditer(body)}
    for one in measured:
        sections[one.name] = _section(one)
        _chart(charts / f"{one.name}.svg", one)
    parts = [_how(conditions), _programs(conditions.versions, conditions.missing)]
    parts += [f"<!-- set: {name} -->\n{sections[name]}" for name in OFFERS if name in sections]
    body = "\n".join(parts)
    path.write_text(f"{before}{_BEGIN}\n{body}{_END}{after or chr(10)}", encoding="utf-8")
    print(f"\nwritten: {path}")


def _how(conditions: Conditions) -> str:
    return _HOW.read_text(encoding="utf-8").format(
        minutes=conditions.minutes, cores=os.cpu_count(), cpu=_cpu_name(), memory=_memory_gib(),
        system=f"{platform.system()} {platform.release().partition('-')[0]}",
        python=platform.python_version(), others=conditions.others, priority=_priority(),
    )  # fmt: skip


def _programs(versions: Mapping[str, str], missing: Sequence[Missing]) -> str:
    lines = ["| program | version | what |", "| --- | --- | --- |"]
    lines += [
        f"| {PROGRAMS[name].title} | {version} | {PROGRAMS[name].what} |"
        for name, version in versions.items()
    ]
    lines += [f"\nLeft out: {one.title}: {one.why}." for one in missing]
    return "\n".join(lines) + "\n"


def _section(one: Measured) -> str:
    faults = {f"{PROGRAMS[run.program].title}: {run.why_not}" for run in one.runs if run.why_not}
    said = "".join(f"\nNot counted: {fault.splitlines()[0]}.\n" for fault in sorted(faults))
    return (
        f"### {one.title}\n\n{one.what[0].upper()}{one.what[1:]}: {one.pages:,} pages,"
        f" {one.links:,} links.\n\n{table(one)}\n{said}\n"
        f"![CPU a page of each program, {one.title}](benchmarks/{one.name}.svg)\n"
    )


def _chart(path: Path, one: Measured) -> None:
    from scripts.lessons.chart import bars, draw

    medians = {name: median_of(one.runs, name) for name in one.programs}
    values = {
        PROGRAMS[name].title: cost.cpu / one.pages * 1000
        for name, cost in medians.items()
        if cost is not None
    }
    if values:
        title = f"{one.title}: CPU ms a page, all processes"
        draw(path, title, partial(bars, values=values, form="%.2f"))


def _cpu_name() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.machine()
    found = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def _priority() -> str:
    """Say it if the bench, and with it all that it starts, goes before other programs."""
    ahead = {os.SCHED_RR, os.SCHED_FIFO} if sys.platform == "linux" else set()
    if not ahead or os.sched_getscheduler(0) not in ahead:
        return ""
    return ", and stood back: clients and servers had real-time priority (`chrt -r`)"


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
