"""A process that commits pages with their items until it is killed; run by the kill test.

    python -m tests.integration.storage.committer FOLDER MODE

Each batch ends one page, which gives items to the output and three links. What is committed is
printed, a number a line, after the commit.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from crawler.app.run.recovery import recover_outputs
from crawler.interfaces import Batch, Mark, Opened, PageCommit, RunStart
from crawler.messages import NewRequest, QueuedRequest
from crawler.outcome import LinkBatch, State
from crawler.sinks.jsonl_sink import JsonlSink
from crawler.storage.slot_file import SlotFile
from crawler.storage.sqlite_store import SqliteStore
from crawler.urls import CanonicalRules

HOST = "a.example"


def store_in(folder: Path) -> SqliteStore:
    return SqliteStore(
        folder / "crawl.sqlite",
        canonical=CanonicalRules(),
        durability="process",
        slots=SlotFile(folder / "slots"),
    )


def sink_in(folder: Path, mode: str) -> JsonlSink:
    return JsonlSink("out", folder / "out.jsonl", mode=mode, job="job", sync=False)


def url_of(page: int) -> str:
    return f"http://{HOST}/{page}"


def number_of(request: QueuedRequest) -> int:
    return int(request.url.rpartition("/")[2])


def items_of(page: int) -> list[bytes]:
    """A page's items: enough that a kill may come in the middle of writing them."""
    return [b'{"page":%d,"item":%d,"text":"%s"}' % (page, item, b"x" * 200) for item in range(40)]


def links_of(page: int) -> list[str]:
    return [url_of(page * 3 + more) for more in (1, 2, 3)]


def a_start() -> RunStart:
    return RunStart(mode="auto", run_id="run-1", settings=b"", now=0.0, max_depth=50)


async def begin(store: SqliteStore, folder: Path, mode: str) -> tuple[Opened, JsonlSink]:
    recovered = await store.open()
    recover_outputs(recovered.marks, "job", needed=True)
    opened = await store.begin(a_start())
    sink = sink_in(folder, mode)
    mark = sink.open(next(iter(opened.marks), None))
    first = PageCommit(id=0, depth=-1, requests=[NewRequest(url=url_of(0), is_start=True)])
    marks = [mark] if mark is not None else []
    await store.commit(opened.grant, Batch(pages=[first]), lambda: marks)
    return opened, sink


async def commit_page(
    store: SqliteStore, opened: Opened, sink: JsonlSink, request: QueuedRequest
) -> None:
    number = number_of(request)

    def write() -> list[Mark]:
        mark = sink.append(items_of(number))
        return [mark] if mark is not None else []

    page = PageCommit(
        id=request.id, key=request.key, state=State.DONE, fetched=True, depth=request.depth,
        attempts=1, links=[LinkBatch(links_of(number))],
    )  # fmt: skip
    await store.commit(opened.grant, Batch(pages=[page]), write)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def commit_until_killed(folder: Path, mode: str) -> None:
    store = store_in(folder)
    opened, sink = await begin(store, folder, mode)
    say("begun")
    while True:
        (request,) = await store.take(opened.grant, HOST, 1, frozenset())
        await commit_page(store, opened, sink, request)
        say(str(number_of(request)))


if __name__ == "__main__":
    asyncio.run(commit_until_killed(Path(sys.argv[1]), sys.argv[2]))
