"""Runs the crawler and the bare loop in turns over the same small web, each in a process."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from crawler.errors import CrawlerError

CONNECTIONS = 16

_SERVER = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    " from crawler.practice.small_sites_server import main; main(int(sys.argv[2]))"
)
_CRAWLER = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1));"
    " from crawler.cli.main import main; sys.exit(main())"
)
_BARE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1));"
    " from crawler.practice.bare_loop import main; main()"
)
_CONFIG = """\
version: 1
name: bench
start: ["{url}"]
fetch:
  concurrency: {connections}
  per_host: {{concurrency: {connections}, delay: 0s, adaptive: false}}
run: {{backend: {backend}, workers: {workers}}}
"""


class BenchError(CrawlerError):
    """A run of the bench went wrong; says which, and how."""


class Web(msgspec.Struct, frozen=True):
    """The web that is crawled.

    Attributes:
        port: Of its server, on 127.0.0.1.
        pages: How many it has.
        links: On all of them together.
        bytes: Of all of them together.
    """

    port: int
    pages: int
    links: int
    bytes: int

    @property
    def url(self) -> str:
        """Return the page from which every other can be reached."""
        return f"http://127.0.0.1:{self.port}/0/0.html"


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of one program cost.

    Attributes:
        seconds: Wall time, start-up included.
        cpu: CPU seconds of the process and of all that it waited for.
        limited_by: See `Summary`; empty for the bare loop.
        durability: Share of the CPU that keeping the crawl safe had; 0 for the bare loop.
    """

    seconds: float
    cpu: float
    limited_by: dict[str, float] = {}
    durability: float = 0.0


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What the bench found.

    Attributes:
        web: What was crawled.
        ours: Runs of the crawler.
        bare: Runs of the bare loop, turn by turn.
    """

    web: Web
    ours: list[Turn]
    bare: list[Turn]

    def cpu_ratio(self) -> float:
        """Return the median over the turns of how many times the bare loop's CPU we take."""
        pairs = zip(self.ours, self.bare, strict=True)
        return statistics.median(ours.cpu / bare.cpu for ours, bare in pairs)

    def durability(self) -> float:
        """Return the median share of the crawler's CPU that keeping the crawl safe had."""
        return statistics.median(turn.durability for turn in self.ours)

    def limited_by(self) -> tuple[str, float]:
        """Return what limited the crawler most, and its median share of the time."""
        shares = {
            cause: statistics.median(turn.limited_by.get(cause, 0.0) for turn in self.ours)
            for cause in self.ours[0].limited_by
        }
        return max(shares.items(), key=lambda one: one[1], default=("", 0.0))


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be measured.

    Attributes:
        rounds: Turns of both programs.
        sites: Of the web; about two pages each.
        backend: `run.backend` of the crawler.
        workers: `run.workers`.
    """

    rounds: int = 3
    sites: int = 2_000
    backend: str = "asyncio"
    workers: int = 1


def bench(wanted: Wanted, told: Callable[[str], object]) -> Result:
    """Measure.

    Args:
        wanted: What.
        told: Is given a line about each step.

    Raises:
        BenchError: A run failed, or did not find what there is.
    """
    with _served(wanted.sites) as web:
        result = Result(web=web, ours=[], bare=[])
        for turn in range(wanted.rounds):
            told(f"turn {turn + 1} of {wanted.rounds}")
            with tempfile.TemporaryDirectory(prefix="crawler-bench-") as name:
                result.ours.append(_ours(web, wanted, Path(name)))
            with tempfile.TemporaryDirectory(prefix="crawler-bench-") as name:
                result.bare.append(_bare(web, Path(name)))
        return result


@contextlib.contextmanager
def _served(sites: int) -> Iterator[Web]:
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER, json.dumps(sys.path), str(sites)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        start_new_session=True,  # a Ctrl-C is not meant for it
    ) as process:  # fmt: skip
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise BenchError("the server of the bench did not start")
        yield msgspec.json.decode(line, type=Web)  # leaving the block ends its standard input


def _ours(web: Web, wanted: Wanted, folder: Path) -> Turn:
    config = folder / "bench.yaml"
    text = _CONFIG.format(
        url=web.url, connections=CONNECTIONS, backend=wanted.backend, workers=wanted.workers
    )
    config.write_text(text, encoding="utf-8")
    turn = _timed(_CRAWLER, ["run", str(config), "-q"], folder)
    (output,) = (folder / "data" / "bench").glob("*.jsonl")
    _check("the crawler", web, output)
    (report,) = (folder / "reports" / "bench").glob("*/summary.json")
    summary: dict[str, Any] = json.loads(report.read_bytes())
    return msgspec.structs.replace(
        turn, limited_by=summary["limited_by"], durability=summary["durability"]["cpu_share"]
    )


def _bare(web: Web, folder: Path) -> Turn:
    output = folder / "bare.jsonl"
    words = [web.url, str(output), "--concurrency", str(CONNECTIONS)]
    turn = _timed(_BARE, words, folder)
    _check("the bare loop", web, output)
    return turn


def _timed(program: str, words: Sequence[str], folder: Path) -> Turn:
    command = [sys.executable, "-c", program, json.dumps(sys.path), *words]
    began = time.perf_counter()
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.terminate()  # it may be that only we were interrupted
            process.wait()
            raise
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        text = (folder / "said").read_text(encoding="utf-8", errors="replace").strip()
        raise BenchError(f"a run of the bench ended with exit code {process.returncode}:\n{text}")
    return Turn(seconds=seconds, cpu=usage.ru_utime + usage.ru_stime)


def _check(who: str, web: Web, output: Path) -> None:
    with output.open("rb") as lines:
        pages = [json.loads(line) for line in lines]
    found = len({page["url"] for page in pages}), sum(page["links"] for page in pages)
    if found != (web.pages, web.links) or len(pages) != web.pages:
        raise BenchError(
            f"{who} found {found[0]} pages with {found[1]} links in {len(pages)} lines;"
            f" there are {web.pages} with {web.links}, so that its figures say nothing"
        )
