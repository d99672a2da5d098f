"""What hosts do to each other: nothing, however many there are and whatever some of them do."""

from __future__ import annotations

import asyncio
import gzip
import json
import resource
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crawler.outcome import ErrorClass
from crawler.testing.faults.row import FaultRow, dead, done
from crawler.testing.hostile_server import HostileServer
from crawler.testing.raw_server import Exchange, answer
from scripts.soak.fault_crawl import crawl, faults_of, played_names, starts_of

_PAGE = answer(b"<title>page</title>", content_type="text/html")
_HOSTS = 300
_BACKENDS = ("asyncio", "threads")


@pytest.fixture
async def many_hosts() -> AsyncIterator[HostileServer]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4 * _HOSTS:
        pytest.skip("the server needs more open files than this machine allows")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4 * _HOSTS), hard))
    async with HostileServer([], good_hosts=_HOSTS) as server:
        yield server
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def books_of(folder: Path) -> list[dict[str, object]]:
    [books] = folder.glob("reports/many/*/urls.jsonl.gz")
    return [json.loads(line) for line in gzip.decompress(books.read_bytes()).splitlines()]


@pytest.mark.parametrize("backend", _BACKENDS)
async def test_more_hosts_than_file_descriptors_cost_no_page(
    backend: str, many_hosts: HostileServer, tmp_path: Path
) -> None:
    """F14: connections that wait for the next page of their host take up all there is."""
    config = {
        "version": 1, "name": "many", "start": [many_hosts.good_url(n) for n in range(_HOSTS)],
        "fetch": {"robots": "ignore", "retries": 0, "concurrency": 16, "timeout": "20s"},
        "scope": {"follow": False}, "run": {"backend": backend, "threads": 16},
    }  # fmt: skip
    (tmp_path / "many.yaml").write_text(json.dumps(config))
    limit = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (96, 96));"
    command = f"{limit} from crawler.cli.main import main; raise SystemExit(main())"

    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", command, "many.yaml", cwd=tmp_path, stderr=asyncio.subprocess.PIPE
    )
    _, said = await child.communicate()

    assert child.returncode == 0, said.decode()
    lines = books_of(tmp_path)
    assert [line for line in lines if line["outcome"] != "done"] == []
    assert len(lines) == _HOSTS


@pytest.mark.parametrize("backend", _BACKENDS)
async def test_hosts_that_keep_us_waiting_keep_no_other_host_waiting(
    backend: str, tmp_path: Path
) -> None:
    """F15: each slow host answers only once all pages of the good ones have been asked for."""
    asked = 0
    all_asked = asyncio.Event()

    async def good(exchange: Exchange) -> None:
        nonlocal asked
        asked += 1
        if asked == len(pages):
            all_asked.set()
        await exchange.send(_PAGE)

    async def slow(exchange: Exchange) -> None:
        await all_asked.wait()
        await exchange.send(_PAGE)

    slow_rows = [
        FaultRow(number=f"F15-{n}", does="keeps all waiting", expected=done(), play=slow)
        for n in range(20)
    ]
    nameless = FaultRow(
        number="F2", does="has name servers that never answer",
        expected=dead(ErrorClass.DNS), names=lambda _n, _own: (), tries=0, has_after=False,
    )  # fmt: skip
    rows = [*slow_rows, nameless]
    async with HostileServer(rows, script=good, good_hosts=10) as server:
        pages = [server.good_url(n, f"/{m}") for m in range(10) for n in range(10)]
        with played_names(server):
            crawled = await crawl(
                [*starts_of(server, rows)["urls"], *pages], tmp_path, backend=backend,
                settings={"fetch.timeout": "3s", "fetch.deadline": "10s"},
            )  # fmt: skip
        wrong = [one for row in rows for one in faults_of(row, server, crawled)]

    assert wrong == []
    assert {crawled.lines[url]["outcome"] for url in pages} == {"done"}
