"""A server that takes 100 ms for each page: how near a crawl comes to what its connections allow.

`python -m scripts.bench.latency [--urls N] [--connections C]`. With C connections and 0.1 s a page
nobody can have more than C / 0.1 pages a second. Measured at the server, between the first request
and the last answer; both backends of the crawler, and a sequential loop over fewer pages.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path

from aiohttp import web

LATENCY = 0.1
_CONFIG = """\
name: latency
start: {{from_file: urls.txt}}
scope: {{hosts: ["127.0.0.1:{port}"], follow: false}}
fetch:
  robots: ignore
  concurrency: {connections}
  per_host: {{delay: 0s, concurrency: {connections}, adaptive: false}}
run: {{backend: {backend}, threads: {connections}}}
"""


async def serve() -> None:
    """Serve pages that take their time, and say how long it took in all."""
    seen = {"first": 0.0, "last": 0.0, "pages": 0}

    async def page(_: web.Request) -> web.Response:
        seen["first"] = seen["first"] or time.monotonic()
        await asyncio.sleep(LATENCY)
        seen["last"] = time.monotonic()
        seen["pages"] += 1
        return web.Response(text="<title>slow</title>", content_type="text/html")

    async def stats(_: web.Request) -> web.Response:
        told = dict(seen)
        seen.update(first=0.0, last=0.0, pages=0)
        return web.json_response(told)

    app = web.Application()
    app.router.add_get("/stats", stats)
    app.router.add_get("/{page}", page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


def crawl(port: int, urls: int, connections: int, backend: str) -> tuple[float, int]:
    """Crawl once; returns seconds and pages, as the server saw them."""
    with tempfile.TemporaryDirectory(prefix="latency-") as name:
        folder = Path(name)
        lines = (f"http://127.0.0.1:{port}/{number}\n" for number in range(urls))
        (folder / "urls.txt").write_text("".join(lines), encoding="utf-8")
        text = _CONFIG.format(port=port, connections=connections, backend=backend)
        (folder / "latency.yaml").write_text(text, encoding="utf-8")
        subprocess.run(
            [sys.executable, "-m", "crawler", "latency.yaml", "-q"],
            cwd=folder, check=True, timeout=600,
        )  # fmt: skip
    return measured(port)


def one_by_one(port: int, urls: int) -> tuple[float, int]:
    """Fetch in a loop."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    for number in range(urls):
        connection.request("GET", f"/{number}")
        connection.getresponse().read()
    connection.close()
    return measured(port)


def measured(port: int) -> tuple[float, int]:
    """Return seconds between the first request and the last answer, and pages, since last asked."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/stats")
    told = json.loads(connection.getresponse().read())
    connection.close()
    return told["last"] - told["first"], told["pages"]


def main() -> int:
    """Measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--urls", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        asyncio.run(serve())
        return 0
    command = [sys.executable, "-m", "scripts.bench.latency", "--serve"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        port = int(server.stdout.readline())
        print(f"{'':12}{'pages':>8}{'seconds':>10}{'pages/s':>10}{'of ideal':>10}")
        for _ in range(args.runs):
            for backend in ("asyncio", "threads"):
                seconds, pages = crawl(port, args.urls, args.connections, backend)
                _row(backend, pages, seconds, args.connections)
        seconds, pages = one_by_one(port, 50)
        _row("one by one", pages, seconds, args.connections)
    finally:
        server.terminate()
        server.wait(timeout=10)
    return 0


def _row(name: str, pages: int, seconds: float, connections: int) -> None:
    rate = pages / seconds
    print(f"{name:12}{pages:>8}{seconds:>10.2f}{rate:>10.0f}{rate * LATENCY / connections:>10.2f}")


if __name__ == "__main__":
    sys.exit(main())
