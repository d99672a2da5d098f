"""A crawl that is killed again and again, over the store on disk, ends as one that never was."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.engine.tally import decode_tally
from crawler.interfaces import Batch, Committed, Grant, RunStart, WriteOutputs
from crawler.storage.slot_file import SlotFile
from crawler.storage.sqlite_store import SqliteStore
from crawler.testing.fake_fetcher import Reply, Script, html, redirect, robots
from crawler.testing.memory_sink import MemorySink
from crawler.urls import CanonicalRules
from tests.unit.engine.rig import START, Rig


class Killed(Exception):
    """Stands for the end of the process."""


class Mortal(SqliteStore):
    """Ends the process in its nth commit: before it, or when its outputs are written."""

    lives = 0
    late = False

    async def commit(self, grant: Grant, batch: Batch, outputs: WriteOutputs) -> Committed:
        self.lives -= 1
        if self.lives == 0:
            if self.late:
                outputs()
            raise Killed
        return await super().commit(grant, batch, outputs)


def site() -> dict[str, Script]:
    """Return 25 pages that end as done, and others; the server outlives its visitors."""
    busy = iter([Reply(status=503, retry_after=4.0)])
    script: dict[str, Script] = {START: html(*(f"/{n}" for n in range(12)), "/moved", "/gone")}
    for n in range(12):
        script[f"{START}{n}"] = html(f"/{n}/deeper", takes=0.5)
        script[f"{START}{n}/deeper"] = html("/", f"/{(n + 1) % 12}/deeper")
    script[f"{START}3"] = lambda _: next(busy, html("/only-from-3"))
    script[f"{START}moved"] = redirect("/there")
    script[f"{START}there"] = script[f"{START}only-from-3"] = html()
    script[f"{START}robots.txt"] = robots("User-agent: *", "Disallow: /7")
    return script


async def one_life(
    folder: Path, script: dict[str, Script], sink: MemorySink, lives: int, *, late: bool
) -> Rig | None:
    """Crawl until killed, or to the end: then the rig is returned."""
    store = Mortal(
        folder / "crawl.sqlite", canonical=CanonicalRules(), durability="process",
        slots=SlotFile(folder / "slots"),
    )  # fmt: skip
    await store.open()
    opened = await store.begin(RunStart(mode="auto", run_id="r", settings=b"{}", now=1.7e9))
    sink.open(opened.marks[0] if opened.marks else None)
    store.lives, store.late = lives, late
    rig = Rig(script=script, store=store, sinks=[sink], tally=decode_tally(opened.tally), delay=0.1)
    fields = {name: getattr(opened, name) for name in opened.__struct_fields__}
    await rig.open(**fields)
    try:
        await rig.run()
    except Killed:
        await store.abandon()
        return None
    await rig.assert_books()
    return rig


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 8), st.booleans()), max_size=4))
def test_kills_neither_lose_nor_repeat_an_item(kills: list[tuple[int, bool]]) -> None:
    sink, script = MemorySink(), site()

    async def crawl(folder: Path) -> dict[str, str]:
        for lives, late in kills:
            rig = await one_life(folder, script, sink, lives, late=late)
            if rig is not None:
                break
        else:
            rig = await one_life(folder, script, sink, 0, late=False)
        assert rig is not None
        assert rig.store is not None
        outcomes = await rig.outcomes()
        assert rig.tally.items_out == len(sink.lines)
        await rig.store.close(finished=True)
        return outcomes

    with tempfile.TemporaryDirectory() as folder:
        outcomes = asyncio.run(crawl(Path(folder)))

    done = [url for url, end in outcomes.items() if end == "done"]
    assert Counter(outcomes.values()) == {
        "done": 25, "skipped robots": 2, "skipped redirected": 1, "failed status": 1,
    }  # fmt: skip
    assert Counter(item["_url"] for item in sink.records) == Counter(done)
    assert len({item["_id"] for item in sink.records}) == len(done)
