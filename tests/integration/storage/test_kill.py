"""Kill -9 at any moment: what was acknowledged is there, what was not has left no trace."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.app.run.recovery import recover_outputs
from crawler.interfaces import Books, LedgerLine
from tests.integration.storage.committer import (
    HOST,
    a_start,
    items_of,
    links_of,
    store_in,
    url_of,
)

ROOT = Path(__file__).parents[3]
KILLS = 6


def commit_and_be_killed(folder: Path, mode: str, chance: random.Random) -> list[int]:
    """Let a process commit for a while, kill it; return the pages that it acknowledged."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.storage.committer", str(folder), mode],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    acknowledged = [int(process.stdout.readline()) for _ in range(chance.randrange(1, 60))]
    # Somewhere within the next commits, whose lines are read below if they were printed.
    for _ in range(chance.randrange(20_000)):
        pass
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    complete = rest[: rest.rfind("\n") + 1]
    assert process.returncode == -signal.SIGKILL
    return acknowledged + [int(line) for line in complete.splitlines()]


async def state_of(folder: Path) -> tuple[list[LedgerLine], Books]:
    store = store_in(folder)
    recovered = await store.open()
    recover_outputs(recovered.marks, "job", needed=True)
    opened = await store.begin(a_start())
    lines: list[LedgerLine] = []
    await store.ledger(lines.append)
    taken = await store.take(opened.grant, HOST, 10**6, frozenset())
    pending = sorted(line.url for line in lines if line.outcome == "pending")
    assert sorted(request.url for request in taken) == pending
    books = await store.audit()
    assert books == store.books()
    await store.close(finished=False)
    return lines, books


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["new", "append", "replace"])
async def test_what_was_acknowledged_survives_and_nothing_else_does(
    tmp_path: Path, mode: str
) -> None:
    chance = random.Random(mode)
    acknowledged: list[int] = []
    for _ in range(KILLS):
        acknowledged += commit_and_be_killed(tmp_path, mode, chance)

        lines, books = await state_of(tmp_path)

        # Pages are taken in order of discovery, which is that of their numbers.
        done = [line.url for line in lines if line.outcome == "done"]
        assert done == [url_of(number) for number in range(books.done)]
        assert acknowledged == list(range(len(acknowledged)))
        assert books.done - len(acknowledged) in (0, 1)  # committed, but not yet acknowledged
        known = {url_of(0)} | {url for page in range(books.done) for url in links_of(page)}
        assert {line.url for line in lines} == known
        assert len(lines) == len(known)
        path = tmp_path / ("out.jsonl" if mode != "replace" else ".out.jsonl.part")
        expected = b"".join(line + b"\n" for page in range(books.done) for line in items_of(page))
        assert path.read_bytes() == expected
        acknowledged = list(range(books.done))
