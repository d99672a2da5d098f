"""Random histories of a site: the settling tells what happened to each item, once, killed or not.

The oracle knows where every item really is, and nothing of how the store does it.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hypothesis import example, given
from hypothesis import strategies as st

from crawler.engine.item_changes import ItemChanges
from crawler.engine.settling import Settling, SettlingRules
from crawler.engine.tally import decode_tally
from crawler.interfaces import Batch, ItemBatch, Mark, PageCommit, RunStart
from crawler.messages import NewRequest, QueuedRequest
from crawler.outcome import ItemRecord, PageOutcome, Same, Standing, State
from crawler.policy.changes import KINDS, ChangeRules
from crawler.policy.gone import GoneRules
from crawler.storage.sqlite_store import SqliteStore
from crawler.testing.memory_sink import MemorySink
from tests.property.examples import examples
from tests.unit.storage.store_driver import HOST, at, sqlite_store

PAGES, KEYS = ("a", "b"), ("k1", "k2", "k3")
AFTER = 2
RULES = SettlingRules(
    changes=ChangeRules(keys={"Book": ("key",)}),
    gone=GoneRules(after_misses=AFTER, max_share=1.0), max_changed=1.0,
)  # fmt: skip
Told = tuple[str, str]


class Night(NamedTuple):
    """What a site is in one night.

    Attributes:
        pages: How each page answers: "read", "missing" (404) or "dead" (no answer).
        items: Where each item is, and what it says.
        kill: The commit of the settling at which the process ends; it goes on after it.
    """

    pages: dict[str, str]
    items: dict[str, tuple[str, str]]
    kill: int


class Known:
    """What the oracle knows of an item."""

    def __init__(self, page: str, text: str) -> None:
        self.page, self.text = page, text
        self.gone, self.misses = False, 0


class Oracle:
    """What is to be told, by what really happened."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}

    def place(self, night: Night) -> dict[str, tuple[str, str]]:
        """Return the items as they are seen; what a dead page had stays there, unseen."""
        hidden = {
            key for key, one in self._known.items()
            if night.pages[one.page] == "dead" and not one.gone
        }  # fmt: skip
        return {
            key: (page, text)
            for key, (page, text) in night.items.items()
            if night.pages[page] == "read" and key not in hidden
        }

    def standing(self, key: str, text: str) -> Standing:
        held = self._known.get(key)
        if held is None or held.gone:
            return Standing.NEW
        return Standing.UNCHANGED if held.text == text else Standing.CHANGED

    def tell(self, night: Night, seen: dict[str, tuple[str, str]]) -> list[Told]:
        told: list[Told] = []
        for key, (page, text) in seen.items():
            held = self._known.get(key)
            if held is None:
                held = self._known[key] = Known(page, text)
                told.append(("new", key))
            elif held.gone:
                told.append(("back", key))
            else:
                told += [("changed", key)] if text != held.text else []
                told += [("moved", key)] if page != held.page else []
            held.page, held.text, held.gone, held.misses = page, text, False, 0
        for key, held in self._known.items():
            if key in seen or held.gone or night.pages[held.page] == "dead":
                continue
            held.misses += 1
            held.gone = held.misses >= AFTER
            told += [("gone", key)] if held.gone else []
        return told


class Killed(Exception):
    """The process ends."""


class Mortal:
    """A store that ends the process at one of the settling's commits, before or behind it."""

    def __init__(self, store: SqliteStore, sink: MemorySink, kill: int) -> None:
        self._store = store
        self._sink = sink
        self._left = kill

    async def commit(self, *args: object) -> object:
        self._left -= 1
        if self._left == 0:
            self._sink.append([b"half a line"])  # what was written and never committed
            raise Killed
        return await self._store.commit(*args)  # type: ignore[arg-type]


class Job:
    """A job that is run night after night."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._night = self._length = 0
        self.events = MemorySink("events")
        self._rows: dict[str, QueuedRequest] = {}

    async def night(
        self, night: Night, seen: dict[str, tuple[str, str]]
    ) -> tuple[list[Told], dict[str, Standing | None]]:
        """Run; return what is told, and how items are stamped."""
        self._night += 1
        before = len(self.events.lines)
        store = await self._begin()
        stamped = await self._crawl(store, night, seen)
        try:
            await self._settle(store, Mortal(store, self.events, night.kill))
        except Killed:
            await store.abandon()
            store = await self._begin()
            await self._settle(store, store)
        await store.close(finished=True)
        told = [(one["event"], one["key"]) for one in self.events.records[before:]]
        return told, stamped

    async def _begin(self) -> SqliteStore:
        store = sqlite_store(self._folder)
        recovered = await store.open()
        start = RunStart(
            mode="auto", run_id=f"run-{self._night}", settings=b"{}", now=self._night * 100.0,
            overdue=lambda _url, _visited: 1,
        )  # fmt: skip
        mark = next((mark for mark in recovered.marks if mark.sink == "events"), None)
        if recovered.run_id is not None:
            self.events.open(mark or Mark("events", "", self._length, ""))
        self._length = len(self.events.lines)
        self.opened = await store.begin(start)
        return store

    async def _crawl(
        self, store: SqliteStore, night: Night, seen: dict[str, tuple[str, str]]
    ) -> dict[str, Standing | None]:
        asked = [NewRequest(url=at(name)) for name in PAGES]
        await store.commit(
            self.opened.grant, Batch(pages=[PageCommit(id=0, depth=-1, requests=asked)]), tuple
        )
        rows = {
            row.url.rsplit("/", 1)[1]: row
            for row in await store.take(self.opened.grant, HOST, 10, frozenset())
        }
        changes = ItemChanges(store.items, RULES.changes, self.opened.ordinal)
        stamped: dict[str, Standing | None] = {}
        for name, row in rows.items():
            commit = PageCommit(id=row.id, state=State.DEAD, reason="timeout", at=1.0)
            found = []
            if night.pages[name] == "missing":
                commit = PageCommit(id=row.id, state=State.FAILED, status=404, at=1.0)
            elif night.pages[name] == "read":
                outcome = PageOutcome(
                    request=row, state=State.DONE, same=Same.CHANGED,
                    items=[
                        ItemRecord("Book", {"key": key, "text": text})
                        for key, (page, text) in seen.items()
                        if page == name
                    ],
                )  # fmt: skip
                found = await changes.stamp([outcome], self._night * 100.0)
                stamped |= {one.data["key"]: one.standing for one in outcome.items}
                commit = PageCommit(id=row.id, state=State.DONE, status=200, at=1.0)
            batch = Batch(pages=[commit], items=ItemBatch(found=found))
            await store.commit(self.opened.grant, batch, tuple)
        return stamped

    async def _settle(self, store: SqliteStore, commits: object) -> None:
        settling = Settling(
            commits,  # type: ignore[arg-type]
            store.items, self.opened, events=self.events,
            tally=decode_tally(self.opened.tally), rules=RULES, at_once=1,
        )  # fmt: skip
        told = await settling.settle(whole=True)
        assert told.exit_code == 0


places = st.tuples(st.sampled_from(PAGES), st.sampled_from("xxy"))
nights = st.builds(
    Night,
    pages=st.fixed_dictionaries(
        {page: st.sampled_from(("read", "read", "read", "missing", "dead")) for page in PAGES}
    ),
    items=st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, places)),
    kill=st.integers(0, 9),
)


async def play(history: Sequence[Night]) -> None:
    oracle = Oracle()
    with tempfile.TemporaryDirectory() as folder:
        job = Job(Path(folder))
        for night in history:
            seen = oracle.place(night)
            standings = {key: oracle.standing(key, text) for key, (_, text) in seen.items()}
            wanted = oracle.tell(night, seen)

            told, stamped = await job.night(night, seen)

            assert Counter(told) == Counter(wanted)
            assert [kind for kind, _ in told] == sorted((k for k, _ in told), key=KINDS.index)
            assert stamped == standings


ALIVE = dict.fromkeys(PAGES, "read")
BOTH = {"k1": ("a", "x"), "k2": ("a", "x")}


@given(st.lists(nights, min_size=1, max_size=8))
@example([Night(ALIVE, BOTH, 0), Night(ALIVE, {}, 3), Night(ALIVE, BOTH, 0)])  # half of the misses
@examples(100)
def test_each_change_is_told_once_and_nothing_else(history: list[Night]) -> None:
    asyncio.run(play(history))
