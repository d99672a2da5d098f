"""The programs that are compared: us, and those that run beside us, each in a venv of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from crawler.practice import bare_loop
from scripts.bench.worksets import Workset

HERE = Path(__file__).parent
#: Where venvs of the peers are kept.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crawler-bench"

_CONFIG = """\
version: 1
name: bench
start: [{start}]
scope:
  hosts:
{hosts}
fetch:
  robots: ignore
  private_addresses: allow
  concurrency: {connections}
  per_host: {{concurrency: {connections}, delay: 0s, adaptive: false}}
run: {{workers: {workers}}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One run of a program, to be started.

    Attributes:
        words: Program and arguments.
        output: Returns the JSONL file of pages once it has ended; None if it writes none.
        good: Exit codes of a run that went well.
    """

    words: Sequence[str]
    output: Callable[[], Path] | None
    good: Sequence[int] = (0,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program to be compared.

    Attributes:
        title: For people.
        what: It is, one sentence.
        command: Makes a run of it over a workset, in a folder.
        prepare: Installs what it needs; returns its version.
        slow: It is left to fewer turns.
    """

    title: str
    what: str
    command: Callable[[Workset, Path], Command]
    prepare: Callable[[], str]
    slow: bool = False


class MissingError(Exception):
    """A program cannot be had here; says why."""


def _ours(workers: int, work: Workset, folder: Path) -> Command:
    config = folder / "bench.yaml"
    hosts = "\n".join(f'  - "{host}"' for host in work.hosts)
    text = _CONFIG.format(
        start=work.start, hosts=hosts, connections=work.connections, workers=workers
    )
    config.write_text(text, encoding="utf-8")

    def output() -> Path:
        (found,) = (folder / "data" / "bench").glob("*.jsonl")
        return found

    return Command(words=[sys.executable, "-m", "crawler", str(config), "-q"], output=output)


def _bare(parser: str, join: str, work: Workset, folder: Path) -> Command:
    output = folder / "bare.jsonl"
    words = [sys.executable, "-m", bare_loop.__name__, work.start, str(output)]
    words += ["--parser", parser, "--join", join]
    words += ["--concurrency", str(work.connections)] + ["--any-host"] * work.any_host
    return Command(words=words, output=lambda: output)


def _in_venv(name: str, work: Workset, folder: Path) -> Command:
    output = folder / f"{name}.jsonl"
    words = [
        str(_python(name)), str(HERE / "peers" / f"{name}_peer.py"), work.start, str(output),
        str(work.connections), "any" if work.any_host else "host",
    ]  # fmt: skip
    return Command(words=words, output=lambda: output)


def _wget2(work: Workset, _: Path) -> Command:
    words = [
        "wget2", "-q", "-r", "-l", "inf", "--no-robots", "--no-proxy", "-O", os.devnull,
        f"--max-threads={work.connections}",
    ] + ["--span-hosts"] * work.any_host  # fmt: skip
    # 8: the server answered something with an error, as it should where a link leads nowhere.
    return Command(words=[*words, work.start], output=None, good=(0, 8))


def _python(name: str) -> Path:
    return CACHE / name / "bin" / "python"


def _make_venv(name: str, package: str) -> str:
    distribution = package.split()[0].partition("[")[0]
    asks = f"import importlib.metadata as m; print(m.version({distribution!r}))"
    python = _python(name)
    if not python.exists():
        print(f"making a venv with {package} in {CACHE / name}", flush=True)
        venv.create(CACHE / name, with_pip=True, clear=True)
        done = subprocess.run(
            [python, "-m", "pip", "install", "-q", *package.split()],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            shutil.rmtree(CACHE / name)
            said = (done.stderr.strip().splitlines() or ["pip says nothing"])[-1]
            raise MissingError(f"{package} cannot be installed: {said}")
    answer = subprocess.run([python, "-c", asks], check=False, capture_output=True, text=True)
    if answer.returncode:
        raise MissingError(f"no {distribution} in {CACHE / name}; remove that folder, try again")
    return answer.stdout.strip()


def _wget2_version() -> str:
    if shutil.which("wget2") is None:
        raise MissingError("not installed; Debian's package is wget2")
    said = subprocess.run(["wget2", "--version"], check=True, capture_output=True, text=True)
    return said.stdout.split()[2]


def _our_version() -> str:
    from crawler.version import VERSION

    return VERSION


def _aiohttp_version() -> str:
    import aiohttp

    return f"aiohttp {aiohttp.__version__}"


PROGRAMS = {
    "crawler": Program(
        title="crawler", command=partial(_ours, 1), prepare=_our_version,
        what="one process, `durability: process`",
    ),
    "crawler-2": Program(
        title="crawler, 2 workers", command=partial(_ours, 2), prepare=_our_version,
        what="`run.workers: 2`: the parent and two processes that fetch and parse",
    ),
    "bare": Program(
        title="bare loop", command=partial(_bare, "lexbor", "urljoin"), prepare=_aiohttp_version,
        what="aiohttp, uvloop, lexbor and `urljoin` in 80 lines; keeps nothing, survives nothing",
    ),
    "bare-fast": Program(
        title="bare loop, our parts", prepare=_aiohttp_version,
        command=partial(_bare, "turbohtml", "ada"),
        what="the same on the parser and the URL library that the crawler has",
    ),
    "wget2": Program(
        title="wget2", command=_wget2, prepare=_wget2_version,
        what="in C; follows links, extracts nothing, its pages go to /dev/null",
    ),
    "scrapy": Program(
        title="Scrapy", command=partial(_in_venv, "scrapy"), slow=True,
        prepare=partial(_make_venv, "scrapy", "scrapy"),
        what="a spider with selectors; its queue in memory",
    ),
    "crawlee": Program(
        title="Crawlee", command=partial(_in_venv, "crawlee"), slow=True,
        prepare=partial(_make_venv, "crawlee", "crawlee[parsel]"),
        what="for Python; its `ParselCrawler`, storage in memory",
    ),
    "requests": Program(
        title="requests in threads", command=partial(_in_venv, "requests"), slow=True,
        prepare=partial(_make_venv, "requests", "requests parsel"),
        what="a thread for each connection, Parsel, `urljoin`",
    ),
}  # fmt: skip
