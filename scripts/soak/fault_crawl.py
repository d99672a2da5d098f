"""Crawls hosts that play rows of the fault matrix, and says what became of each row.

The crawl is a whole one, in this process: config, frontier, robots, client, spider, books. Only the
name servers are played, as no row may ask a real one.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import json
import os
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from unittest import mock

from crawler.app.job.job_paths import JobPaths
from crawler.app.run.options import RunOptions
from crawler.app.run.run_job import JobRun
from crawler.app.run.streams import Streams
from crawler.clock import SystemClock
from crawler.config.load import load_job
from crawler.fetch.name_lookup import Address
from crawler.outcome import State
from crawler.testing.authority import CertificateAuthority
from crawler.testing.faults.row import NEVER, Expected, FaultRow
from crawler.testing.hostile_server import HostileServer

#: Short limits: what waits for them is most of what such a crawl does.
_FETCH: dict[str, object] = {
    "robots": "ignore", "timeout": "400ms", "deadline": "1500ms", "retries": 0,
    "max_body": "1MiB", "per_host": {"delay": "0s", "adaptive": False},
}  # fmt: skip


@dataclass(frozen=True)
class Crawled:
    """What a crawl made of the rows.

    Attributes:
        exit_code: Of the run.
        summary: Of the run, as in `summary.json`.
        lines: Of `urls.jsonl.gz`, by URL.
        pages: The items of the pages that were used, by URL.
        growth: Bytes by which memory grew at its highest; None where the system does not tell.
        peak: Bytes of memory at its highest; None likewise.
    """

    exit_code: int
    summary: dict[str, Any]
    lines: dict[str, dict[str, Any]]
    pages: dict[str, dict[str, Any]]
    growth: int | None
    peak: int | None


class Played(Protocol):
    """What plays rows: this process, or another."""

    @property
    def rows(self) -> Mapping[str, FaultRow]:
        """The rows by number."""
        ...

    def address(self, number: str) -> str:
        """Return the address of a row."""
        ...


@dataclass
class PlayedNames:
    """Stands in for the name servers of both clients, by the rows of a server."""

    server: Played
    asked: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)

    def ask(self, host: str) -> tuple[Address, ...]:
        """Answer as the system's resolver would, for as long as it takes."""
        found = self._found(host)
        if found == NEVER:
            self.over.wait()
            raise OSError(None, "no name server answers")
        return tuple(Address(_family(one), one) for one in found)

    async def resolve(self, host: str, port: int, _: int) -> list[dict[str, object]]:
        """Answer as aiohttp's resolver would."""
        found = self._found(host)
        if found == NEVER:
            await asyncio.Event().wait()
        return [
            {"hostname": host, "host": one, "port": port, "family": _family(one)}
            | {"proto": 0, "flags": 0}
            for one in found
        ]

    async def close(self) -> None:
        """Nothing to close."""

    def _found(self, host: str) -> tuple[str, ...]:
        self.asked[host] += 1
        for number, row in self.server.rows.items():
            if row.names is None or row.host_name != host:
                continue
            found = row.names(self.asked[host], self.server.address(number))
            if isinstance(found, OSError):
                raise OSError(None, "the name has no address") from found
            return found
        raise OSError(None, "not found") from socket.gaierror(socket.EAI_NONAME, "unknown")


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


@contextlib.contextmanager
def played_names(server: Played) -> Iterator[PlayedNames]:
    """Let every fetcher that is made meanwhile ask the rows for addresses."""
    names = PlayedNames(server)
    with (
        mock.patch("aiohttp.DefaultResolver", return_value=names),
        mock.patch("crawler.fetch.name_lookup.ask_system", names.ask),
    ):
        try:
            yield names
        finally:
            names.over.set()


@contextlib.contextmanager
def trusted(authority: CertificateAuthority) -> Iterator[None]:
    """Let both clients trust an authority, as if it were in the system's store."""
    with mock.patch.dict(os.environ, {"SSL_CERT_FILE": str(authority.root)}):
        # aiohttp reads the store as it is imported.
        context = ssl.create_default_context()
        with mock.patch("aiohttp.connector._SSL_CONTEXT_VERIFIED", context):
            yield


#: `start` of a config.
Starts = Mapping[str, Sequence[str]] | Sequence[str]


def starts_of(server: HostileServer, rows: Sequence[FaultRow]) -> dict[str, list[str]]:
    """Return the start for rows: each row's own URLs, and behind them its good page."""
    urls: list[str] = []
    lists: list[str] = []
    for row in rows:
        (lists if row.is_list else urls).append(server.url(row.number))
        urls += [server.base(row.number) + path for path in row.starts]
        if row.has_after:
            urls.append(server.after(row.number))
    return {"urls": urls, "sitemap": lists} if lists else {"urls": urls}


async def crawl(
    starts: Starts, folder: Path, *, backend: str, settings: Mapping[str, str]
) -> Crawled:
    """Crawl start URLs and nothing else, with short limits and without retries.

    Args:
        starts: The URLs, or a whole `start`.
        folder: For the config and all that the run writes.
        backend: `run.backend`.
        settings: Further keys of the config; they win.
    """
    config = folder / "faults.yaml"
    document = {
        "version": 1, "name": "faults", "start": starts, "fetch": _FETCH,
        "scope": {"follow": False}, "run": {"backend": backend},
    }  # fmt: skip
    config.write_text(json.dumps(document))
    overrides = [f"{key}={value}" for key, value in settings.items()]
    loaded = load_job(config, overrides=overrides, environ={})
    paths = JobPaths(folder, "faults")
    paths.state.mkdir(parents=True)
    options = RunOptions(base=folder, mode="fresh", output="-", level=-1, signals=False)
    items = io.BytesIO()
    run = JobRun(loaded, options, Streams(items, io.StringIO()), paths, SystemClock())
    before = _restart_peak()
    code = await run.run(None, "asyncio")
    peak = None if before is None else _peak()
    report = paths.newest_report()
    assert report is not None
    books = gzip.decompress((report / "urls.jsonl.gz").read_bytes())
    lines = [json.loads(one) for one in books.splitlines()]
    pages = [json.loads(one) for one in items.getvalue().splitlines()]
    return Crawled(
        code, json.loads((report / "summary.json").read_bytes()),
        {line["url"]: line for line in lines},
        {page["url"]: page for page in pages},
        None if before is None or peak is None else peak - before, peak,
    )  # fmt: skip


def faults_of(
    row: FaultRow, server: HostileServer, crawled: Crawled, *, retries: int = 0
) -> list[str]:
    """Return what is not as the row says, in words; empty when all is well."""
    base, wrong = server.base(row.number), []
    ends = {row.path: row.expected} | row.ends
    for path, expected in ends.items():
        url = path if "://" in path else base + path
        line = crawled.lines.get(url)
        if line is None:
            wrong.append(f"{url[:200]} is not on the books")
        elif not is_as_expected(expected, line):
            wrong.append(f"{path[:200]}: expected {expected}, got {ending(line)}")
    own = [line for url, line in crawled.lines.items() if url.startswith(base + "/")]
    wrong += [
        f"nothing ended as {one}" for one in row.some
        if not any(is_as_expected(one, line) for line in own)
    ]  # fmt: skip
    if row.gives:
        page = crawled.pages.get(base + row.path, {})
        found = {name: page.get(name) for name in row.gives}
        if found != row.gives:
            wrong.append(f"the page gave {found!r:.300}, not {row.gives!r:.300}")
    wrong += _asked_too_much(row, server, retries)
    if row.has_after and not _is_good(server.after(row.number), crawled):
        after = crawled.lines.get(server.after(row.number))
        wrong.append(f"the good page of its host: {ending(after) if after else 'not asked for'}")
    return wrong


def _asked_too_much(row: FaultRow, server: HostileServer, retries: int) -> list[str]:
    """Return which requests the server should not have seen."""
    wrong, asked = [], server.requests[row.number, row.path]
    most = row.most_requests(retries)
    if asked > most:
        wrong.append(f"asked {asked} times, {most} at most expected")
    wrong += [f"{path} was asked for" for path in row.never if server.requests[row.number, path]]
    total = sum(count for (number, _), count in server.requests.items() if number == row.number)
    if row.most is not None and total > row.most:
        wrong.append(f"{total} requests in all, {row.most} at most expected")
    return wrong


def is_as_expected(expected: Expected, line: Mapping[str, Any]) -> bool:
    """Tell whether a line of the books ends as expected."""
    reason = line.get("reason") if expected.state != State.DONE else None
    found = (str(line["outcome"]), reason)
    said = f"{line.get('reason') or ''} {line.get('error') or ''}"
    return found == (expected.state.name.lower(), expected.reason) and expected.note in said


def ending(line: Mapping[str, Any]) -> str:
    """Return how a request ended, in the form in which rows say what they expect."""
    words = str(line["outcome"])
    if line.get("reason"):
        words += f"({line['reason']})"
    return f"{words}: {line['error']}" if line.get("error") else words


def _is_good(url: str, crawled: Crawled) -> bool:
    where = url.partition("://")[2]
    return crawled.pages.get(url, {}).get("title") == f"good {where}"


def _restart_peak() -> int | None:
    """Let the system measure the highest memory use anew; return that of now, in bytes."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return _peak()


def _peak() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
