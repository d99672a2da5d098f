"""`report.html`: a run on one page, to read and to send on.

One file without script or anything from elsewhere, so that it opens from an e-mail and in ten
years. Every text in it is escaped; what comes from a site is made harmless first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from crawler.errors import OutputError
from crawler.files import replace_file
from crawler.observe.change_lines import change_lines
from crawler.observe.console import safe
from crawler.observe.details import Details
from crawler.observe.end_summary import cost, ending, losses, output_files, short, verdict
from crawler.observe.incremental_lines import incremental_lines
from crawler.observe.past import comparison, field_fills
from crawler.observe.quantities import share, size, took
from crawler.observe.summary import Summary

#: Rows of a table at most, so that the page stays small whatever the run was.
_ROWS = 40
#: Bytes of a text at most, as they stand in the page.
_BYTES = 300
# As html.escape does; that module costs start-up time for its table of every entity there is.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
_STYLE = """
:root{color-scheme:light dark;--line:#8886;--bad:#b00020;--good:#1a7f37;--dim:#666}
@media (prefers-color-scheme:dark){:root{--bad:#ff7b80;--good:#5fd17a;--dim:#aaa}}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.05rem;margin:1.6rem 0 .3rem}
table{border-collapse:collapse;width:100%}
td,th{padding:.2rem .6rem .2rem 0;border-bottom:1px solid var(--line);text-align:left;
vertical-align:top;overflow-wrap:anywhere}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.bad{color:var(--bad)}.good{color:var(--good)}.dim{color:var(--dim)}
.bar{background:linear-gradient(to right,#4a90d955 var(--p),transparent var(--p))}
"""


def report_page(summary: Summary, details: Details) -> str:
    """Return the page."""
    colour = "good" if summary.exit == 0 else "bad"
    compared = comparison(summary, details.past)
    verdict_line = f'<p class="{colour}"><strong>{_text(verdict(summary))}</strong></p>'
    body = [
        f"<h1>{_text(ending(summary))}</h1>",
        verdict_line + (f"<p>{_text(compared)}</p>" if compared else ""),
        _list("What the run was found wanting in", summary.checks),
        _table("Numbers", ("", ""), _numbers(summary)),
        _table("Drift", ("field", "items", "such as"), _drift(summary)),
        _list("Keys that two items have", summary.changes.get("double_keys", ())),
        _table("Items", ("kind", "written", "in quarantine", "dropped"), _items(summary)),
        _fields(summary, details),
        _table("Quarantine", ("field", "items", "such as"), _problems(summary, details)),
        _list("Rules that found nothing", details.misses),
        _table("Errors", ("class", "tries", "such as"), _errors(summary, details)),
        _table("Skipped", ("reason", "requests"), _counts(summary.books["skipped"])),
        _table("Answers", ("status", "answers"), _counts(summary.http)),
        _list("Entries that nothing can be fetched for", details.bad_starts),
        _list("What should not pass in silence", _odd(summary, details)),
        _table("Hosts", ("host", "requests", "ok", "failed", "size"), _hosts(details)),
        _table("Slowest pages", ("page", "ms"), [(page.url, page.ms) for page in details.slowest]),
        _table("Links out of scope", ("host", "links", "such as"), _offsite(summary)),
        _list("Files", _files(summary, details)),
    ]
    title = _text(f"{summary.job} {summary.run}")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
        " style-src 'unsafe-inline'\">"
        f"<style>{_STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )


def write_report_page(path: Path, page: str) -> None:
    """Write the page by rename.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        replace_file(path, page.encode())
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error


Cell = str | int
Rows = Iterable[Sequence[Cell]]


def _numbers(summary: Summary) -> Rows:
    books = summary.books
    yield "run", summary.run + (" (resumed)" if summary.resumed else "")
    yield "from, to", f"{summary.started}, {summary.ended} ({took(summary.duration_s)})"
    yield "pages ok", books["done"]
    yield "failed", books["failed"] + books["dead"]
    yield "skipped", sum(books["skipped"].values())
    yield "left", books["pending"]
    told = change_lines(summary.items, summary.changes)
    for line in (*incremental_lines(summary.incremental), *told):
        name, _, text = line.strip().partition(" ")
        yield name, text.strip()
    yield "received", size(summary.bytes)
    yield "speed", f"{summary.pages_per_s:.1f} pages/s"
    limited = sorted(summary.limited_by.items(), key=lambda pair: -pair[1])
    yield "limited by", ", ".join(f"{cause} {part:.0%}" for cause, part in limited)
    yield "cost", f"{cost(summary)}, peak memory {size(summary.peak_rss_bytes)}"
    safe = summary.durability
    if safe:
        waited = f"nothing sent for {took(safe['wait_s'])} ({safe['wait_share']:.1%} of the time)"
        yield "durability", f"{safe['mode']}: {safe['cpu_s']:.1f} CPU s, {waited}"


def _items(summary: Summary) -> Rows:
    for name, kind in summary.items.items():
        yield name, kind["out"], kind.get("quarantined", 0), kind.get("dropped", 0)


def _drift(summary: Summary) -> Rows:
    for one in summary.changes.get("drift", ()):
        yield one["field"], one["items"], "; ".join(one["examples"])


def _fields(summary: Summary, details: Details) -> str:
    fills = field_fills(summary, details.past)
    rows = []
    for fill in fills[:_ROWS]:
        before = "" if fill.before is None else share(fill.before)
        mark = ' class="bad"' if fill.dropped else ""
        rows.append(
            f'<tr><td class="bar" style="--p:{fill.share:.0%}">{_text(fill.name)}</td>'
            f'<td class="n"><span{mark}>{share(fill.share)}</span></td><td class="n">{before}</td>'
        )
    return _framed("Fields", ("field", "filled", "last run"), rows, len(fills))


def _problems(summary: Summary, details: Details) -> Rows:
    worst = sorted(summary.problems.items(), key=lambda pair: -pair[1])
    return [(place, count, details.problems.get(place, "")) for place, count in worst]


def _errors(summary: Summary, details: Details) -> Rows:
    worst = sorted(summary.errors.items(), key=lambda pair: -pair[1])
    return [(name, count, details.errors.get(name, "")) for name, count in worst]


def _counts(counts: dict[str, int]) -> Rows:
    return sorted(((name, count) for name, count in counts.items() if count), key=lambda r: -r[1])


def _odd(summary: Summary, details: Details) -> list[str]:
    flags = losses(summary, Details(outputs=(), report=details.report))
    unsaid = details.notes_count - len(details.notes)
    more = [f"{unsaid:,} more in run.log"] if unsaid > 0 else []
    return [*flags, *details.notes, *more]


def _hosts(details: Details) -> Rows:
    return [(h.name, h.known, h.done, h.wrong, size(h.bytes)) for h in details.hosts]


def _offsite(summary: Summary) -> Rows:
    hosts = summary.offsite["hosts"].items()
    found = sorted(hosts, key=lambda pair: -int(pair[1]["count"]))
    return [(name, seen["count"], seen["sample"]) for name, seen in found[:20]]


def _files(summary: Summary, details: Details) -> list[str]:
    beside = ("summary.json", "urls.jsonl.gz", "run.log", "config.yaml")
    quarantine = [short(details.quarantine)] if details.quarantine else []
    outputs = output_files(summary, details)
    return [*outputs, *quarantine, *(f"beside this page: {name}" for name in beside)]


# HTML


def _text(text: str) -> str:
    harmless = safe(text)
    escaped = harmless.translate(_ESCAPES)
    while len(escaped.encode()) > _BYTES:
        harmless = harmless[: len(harmless) * 4 // 5].rstrip("…") + "…"
        escaped = harmless.translate(_ESCAPES)
    return escaped


def _table(title: str, head: Sequence[str], rows: Rows) -> str:
    listed = list(rows)
    return _framed(title, head, ["<tr>" + "".join(map(_cell, r)) for r in listed[:_ROWS]],
                   len(listed))  # fmt: skip


def _framed(title: str, head: Sequence[str], rows: Sequence[str], count: int) -> str:
    """Return a table, or nothing if it has no rows; those beyond the most that fit are counted."""
    if not rows:
        return ""
    heads = f"<tr>{_heads(head, rows[0])}</tr>" if any(head) else ""
    left = count - len(rows)
    more = f'<p class="dim">and {left:,} more: see summary.json</p>' if left else ""
    return f"<h2>{_text(title)}</h2><table>{heads}{''.join(rows)}</table>{more}"


def _heads(head: Sequence[str], row: str) -> str:
    """Return the heads of columns, those of numbers where the numbers stand."""
    cells = row.split("<td")[1:]
    classes = [' class="n"' if cell.startswith(' class="n"') else "" for cell in cells]
    return "".join(f"<th{one}>{_text(name)}</th>" for name, one in zip(head, classes, strict=True))


def _cell(cell: Cell) -> str:
    return f'<td class="n">{cell:,}</td>' if isinstance(cell, int) else f"<td>{_text(cell)}</td>"


def _list(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    left = len(lines) - _ROWS
    rows = "".join(f"<li>{_text(line)}</li>" for line in lines[:_ROWS])
    more = f"<li>and {left:,} more</li>" if left > 0 else ""
    return f"<h2>{_text(title)}</h2><ul>{rows}{more}</ul>"
