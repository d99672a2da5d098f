"""Whole runs through the command line, in processes of their own, against servers on loopback."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from crawler.testing.raw_server import Exchange, RawServer

ROOT = Path(__file__).parents[2]
#: Runs every job that a test writes on another backend: ACCEPTANCE_BACKEND=threads scripts/test
BACKEND = os.environ.get("ACCEPTANCE_BACKEND")
#: Runs them with so many worker processes: ACCEPTANCE_WORKERS=2 scripts/test tests/acceptance
WORKERS = os.environ.get("ACCEPTANCE_WORKERS")
Play = Callable[[Exchange], Awaitable[None]]


@dataclass(slots=True)
class Held:
    """A page that is answered when the test says so.

    Attributes:
        asked: Set when somebody asks for it.
        answer: Set it to let every answer out, now and from then on.
    """

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    answer: asyncio.Event = field(default_factory=asyncio.Event)


class Site:
    """Pages by path on a server that sends what it is told; a path it does not know is a 404."""

    def __init__(self) -> None:
        self.server = RawServer(self._play)
        self.pages: dict[str, bytes | Play] = {}
        self.hits: Counter[str] = Counter()
        self.seen: list[Exchange] = []

    def url(self, path: str = "/") -> str:
        return self.server.url(path)

    @staticmethod
    def answer(body: str | bytes = b"", status: int = 200, /, **fields: str) -> bytes:
        """Return a whole answer; fields are written content_type="..."."""
        raw = body.encode() if isinstance(body, str) else body
        named = {"content-type": "text/html; charset=utf-8", "content-length": str(len(raw))}
        named |= {name.replace("_", "-"): value for name, value in fields.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        return f"HTTP/1.1 {status} -\r\n{head}\r\n".encode() + raw

    def html(self, path: str, *links: str, body: str = "") -> bytes:
        """Put a page there whose title is its path; returns its answer."""
        anchors = "".join(f'<a href="{link}">{link}</a>' for link in links)
        page = f"<!doctype html><title>{path}</title><body>{body}{anchors}</body>"
        self.pages[path] = raw = self.answer(page)
        return raw

    def tree(self, leaves: int) -> list[str]:
        """Put a start page with links to leaves; returns the paths of all."""
        paths = [f"/leaf{number}" for number in range(leaves)]
        self.html("/", *paths)
        for path in paths:
            self.html(path)
        return ["/", *paths]

    def hold(self, path: str) -> Held:
        """Hold back the answer of a page that is there."""
        held, answer = Held(), self.pages[path]
        assert isinstance(answer, bytes)

        async def play(exchange: Exchange) -> None:
            held.asked.set()
            await held.answer.wait()
            await exchange.send(answer)

        self.pages[path] = play
        return held

    def redirect(self, path: str, to: str, status: int = 302) -> None:
        self.pages[path] = self.answer(b"", status, location=to)

    async def _play(self, exchange: Exchange) -> None:
        path = exchange.path.partition("?")[0]
        self.hits[path] += 1
        self.seen.append(exchange)
        page = self.pages.get(path, self.answer("<title>none</title>", 404))
        if isinstance(page, bytes):
            await exchange.send(page)
        else:
            await page(exchange)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a process ended, and what it said."""

    code: int
    out: bytes
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Standard output, read as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


class Running:
    """A crawl that goes on beside the test, in a process group of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def said(self, words: str) -> str:
        """Read standard error up to the line with these words; returns that line."""
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            if words in line.decode():
                return line.decode()
        raise AssertionError(f"it never said {words!r}")

    async def kill(self) -> None:
        """End the whole group without a warning."""
        os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.communicate()

    async def end(self) -> Ran:
        try:
            out, err = await asyncio.wait_for(self._process.communicate(), 30)
        except TimeoutError:
            os.killpg(self._process.pid, signal.SIGKILL)
            raise
        assert self._process.returncode is not None
        ran = Ran(self._process.returncode, out or b"", err.decode())
        assert "Traceback" not in ran.err, ran.err
        assert "\x1b" not in ran.err
        return ran


class Job:
    """A config in a folder of its own, and what its runs leave there."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.folder = folder
        self.site = site
        self.file = folder / "job.yaml"

    def write(self, text: str = "", /, **keys: Any) -> None:
        """Write the config: quick manners for the site's `/`, and these keys instead or beside.

        Args:
            text: The whole config, where it matters how it is written.
            **keys: Sections; a map in `fetch` is merged.
        """
        if text:
            self.file.write_text(text)
            return
        manners = {"per_host": {"delay": "0s", "adaptive": False}, "retries": 0}
        config: dict[str, Any] = {"name": "job", "start": [self.site.url()]}
        config |= keys
        config["fetch"] = manners | keys.get("fetch", {})
        if BACKEND is not None:
            config["run"] = {"backend": BACKEND} | keys.get("run", {})
        if WORKERS is not None and keys.get("run", {}).get("backend") != "threads":
            config["run"] = {"workers": int(WORKERS)} | keys.get("run", {})
        kept = {name: value for name, value in config.items() if value is not None}
        self.file.write_text(yaml.safe_dump(kept, sort_keys=False))

    def spider(self, code: str, **keys: Any) -> None:
        """Write a class named S to spider.py, and a config that crawls with it."""
        head = "from crawler import CloseSpider, DropItem, Item, Field, Request, Spider\n"
        (self.folder / "spider.py").write_text(f"{head}{code}")
        self.write(spider="spider.py:S", **keys)

    async def start(
        self,
        *options: str,
        env: Mapping[str, str] | None = None,
        stdout: int = asyncio.subprocess.PIPE,
    ) -> Running:
        """Start a run of the config, or, if options name one, another command."""
        command = list(options) if "--" in options else [self.file.name, *options]
        words = [word for word in command if word != "--"]
        # Each test on its own: a port may be that of a server of an earlier one.
        paths = {"PYTHONPATH": str(ROOT), "CRAWLER_RUNTIME_DIR": f"{self.folder}-runtime"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crawler", *words, cwd=self.folder,
            env={**os.environ, **paths, **(env or {})}, stdin=asyncio.subprocess.DEVNULL,
            stdout=stdout, stderr=asyncio.subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        return Running(process)

    async def run(self, *options: str, env: Mapping[str, str] | None = None) -> Ran:
        """Run to the end. `--` among the options means that they are the whole command."""
        return await (await self.start(*options, env=env)).end()

    @property
    def untouched(self) -> bool:
        """Nothing was made beside the config and what the test put there."""
        return not any((self.folder / name).exists() for name in ("state", "data", "reports"))

    def items(self, path: str | None = None) -> list[dict[str, Any]]:
        """Return the lines of a file, or those of all default outputs in the order of runs."""
        found = sorted((self.folder / "data/job").glob("*.jsonl"))
        texts = [one.read_text() for one in ([self.folder / path] if path else found)]
        assert all(text.endswith("\n") or not text for text in texts)
        return [json.loads(line) for text in texts for line in text.splitlines()]

    def paths(self, path: str | None = None) -> list[str]:
        """Return what each Page item is titled, which is its path, in order."""
        return [item["title"] for item in self.items(path)]

    @property
    def reports(self) -> list[Path]:
        return sorted((self.folder / "reports/job").iterdir())

    def summary(self, run: int = -1) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.reports[run] / "summary.json").read_bytes())
        assert loaded["books"]["balanced"]
        return loaded

    def requests(self, run: int = -1) -> dict[str, dict[str, Any]]:
        """Return `urls.jsonl.gz` by path, having checked that each request has one line."""
        raw = gzip.decompress((self.reports[run] / "urls.jsonl.gz").read_bytes())
        rows = [json.loads(line) for line in raw.splitlines()]
        assert len(rows) == self.summary(run)["books"]["known"]
        return {row["url"].removeprefix(self.site.url("")): row for row in rows}

    def log(self, run: int = -1) -> str:
        return (self.reports[run] / "run.log").read_text()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    async with site.server:
        yield site


@pytest.fixture
async def other_site() -> AsyncIterator[Site]:
    """Another host, as far as a crawl is concerned: another port."""
    site = Site()
    async with site.server:
        yield site


@pytest.fixture
def job(tmp_path: Path, site: Site) -> Job:
    return Job(tmp_path, site)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each of these tests starts processes: all are slow."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
