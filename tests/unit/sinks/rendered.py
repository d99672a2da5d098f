"""Outputs that are made at the end, for tests: made, ended up to a step, read back."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pyarrow import parquet

from crawler.interfaces import Mark
from crawler.sinks.file_output import FileOutput
from crawler.sinks.rendered_sink import RenderedSink

NAMES = ["out.csv", "out.csv.gz", "out.jsonl.gz", "out.parquet"]
MODES = ["new", "append", "replace"]
#: Between any two of these a kill may come; "settled" ends a run.
STEPS = ["open", "rendered", "announced", "swapped", "finished", "settled"]


def sink(path: Path, mode: str = "new", job: str = "shop", **more: Any) -> RenderedSink:
    return RenderedSink(FileOutput(name="out", path=path, mode=mode, job=job, **more))


def opened(
    path: Path, mode: str = "new", job: str = "shop", mark: Mark | None = None, **more: Any
) -> RenderedSink:
    made = sink(path, mode, job, **more)
    made.open(mark)
    return made


def put(out: RenderedSink, items: Sequence[dict[str, Any]]) -> Mark:
    out.append([json.dumps(item, separators=(",", ":")).encode() for item in items])
    return out._journal.mark


def end(out: RenderedSink, step: str = "settled") -> None:
    """Come to a good end, or only up to a step, and die there."""
    if step in ("finished", "settled"):
        out.finish(good=True)
    else:
        out._journal.flush_to_disk()
        aside = out._render() if step != "open" else None
        if aside is not None and step in ("announced", "swapped"):
            out._announce(aside)
        if aside is not None and step == "swapped":
            out._swap_in(aside)
    if step == "settled":
        out.settle()
    out.close()


def whole_run(
    path: Path, mode: str, items: Sequence[dict[str, Any]], job: str = "shop", **more: Any
) -> None:
    out = opened(path, mode, job, **more)
    put(out, items)
    end(out)


def text_of(path: Path) -> str:
    raw = path.read_bytes()
    return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()


def items_of(path: Path) -> list[dict[str, Any]]:
    """Read an output back; a cell that is empty is a field that is not there."""
    if path.suffix == ".parquet":
        rows = parquet.read_table(path).to_pylist()
        return [{name: cell for name, cell in row.items() if cell is not None} for row in rows]
    text = text_of(path)
    if ".jsonl" in path.name:
        return [json.loads(line) for line in text.splitlines()]
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert all(None not in row and None not in row.values() for row in rows)
    return [{name: cell for name, cell in row.items() if cell} for row in rows]


def hidden(path: Path) -> list[str]:
    return sorted(one.name for one in path.parent.iterdir() if one.name.startswith("."))
