"""The job that crawls a seeded site, with an output of every kind and mode, and earlier content."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

JOB = "soak"
#: Requests in flight.
CONCURRENCY = 16
FORMS = (".jsonl", ".csv", ".jsonl.gz", ".csv.gz")
MODES = ("new", "append", "replace")
#: What stands in an output of mode "append" or "replace" before the run.
EARLIER = {"name": "earlier", "price": 1, "_url": "http://earlier.example/", "_id": "earlier-1-0"}

_CONFIG = """\
version: 1
name: {job}
start: {starts}
fetch:
  user_agent: {agent}
  concurrency: {concurrency}
  retries: 1
  per_host: {{concurrency: 1, delay: {delay}, adaptive: false}}
run: {{backend: {backend}, durability: {durability}, workers: {workers}}}
schemas: {{Thing: {{name: {{type: str, key: true}}, price: {{type: decimal, ge: 0}}}}}}
extract:
  - item: Thing
    each: li.thing
    fields:
      name: {{css: b, then: [text]}}
      price: {{css: i, then: [text]}}
output:
{outputs}
"""

_TRANSFORM = """\
transform:
  workers: 2
  steps: [{python: "step.py:step"}]
"""

#: Some milliseconds of work; drops some items, makes two of others, cannot do with a few.
_STEP = """\
import zlib


def step(item):
    kind = zlib.crc32(item["name"].encode()) % 20
    item["weight"] = sum(number * number for number in range(8_000)) % 97
    if kind == 0:
        return None
    if kind == 1:
        return [item, {**item, "name": item["name"] + "-twin"}]
    if kind == 2:
        raise ValueError("cannot do with this one")
    return item
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """How the job is to run.

    Attributes:
        backend: `run.backend`.
        transform: Its items go through process slots.
        delay: Between two requests to one host.
        durability: `run.durability`.
        agent: `fetch.user_agent`, by which the site tells jobs apart.
        workers: `run.workers`.
    """

    backend: str = "asyncio"
    transform: bool = False
    delay: str = "0s"
    durability: str = "process"
    agent: str = "soak"
    workers: int = 1


def output_names() -> list[str]:
    """Return every output of the job, relative to its folder."""
    return [output_name(mode, form) for mode in MODES for form in FORMS]


def output_name(mode: str, form: str) -> str:
    """Return the output of a mode and form."""
    return f"data/{mode}{form}"


def write_job(folder: Path, starts: Sequence[str], wish: Wish) -> None:
    """Write the job into a folder, with what its outputs held before."""
    (folder / "data").mkdir(parents=True)
    outputs = [
        f"  - {{path: {output_name(mode, form)}, mode: {mode}}}" for mode in MODES for form in FORMS
    ]
    text = _CONFIG.format(
        job=JOB, starts=json.dumps(list(starts)), agent=wish.agent, concurrency=CONCURRENCY,
        delay=wish.delay, backend=wish.backend, durability=wish.durability, workers=wish.workers,
        outputs="\n".join(outputs),
    )  # fmt: skip
    if wish.transform:
        (folder / "step.py").write_text(_STEP, encoding="utf-8")
        text += _TRANSFORM
    (folder / "soak.yaml").write_text(text, encoding="utf-8")
    for mode in ("append", "replace"):
        for form in FORMS:
            (folder / output_name(mode, form)).write_bytes(_earlier(form))


def _earlier(form: str) -> bytes:
    if form.startswith(".csv"):
        text = io.StringIO()
        # The columns of a run of this job: a file with others is not gone on with.
        writer = csv.DictWriter(text, list(EARLIER), lineterminator="\r\n")
        writer.writeheader()
        writer.writerow(EARLIER)
        data = text.getvalue().encode()
    else:
        data = json.dumps(EARLIER).encode() + b"\n"
    return gzip.compress(data, mtime=0) if form.endswith(".gz") else data
