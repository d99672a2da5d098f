from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from crawler.interfaces import FrontierStore
from crawler.storage.memory_store import MemoryStore
from crawler.urls import CanonicalRules
from tests.unit.storage.store_driver import StoreDriver, a_start, sqlite_store

BeginRun = Callable[..., Awaitable[StoreDriver]]


@pytest.fixture(params=["memory", "sqlite"])
async def begin_run(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[BeginRun]:
    """Begins a run on a new store of either kind: `await begin_run(max_depth=3)`."""
    stores: list[FrontierStore] = []

    async def begin(max_depth: int | None = None) -> StoreDriver:
        store: FrontierStore
        if request.param == "memory":
            store = MemoryStore(canonical=CanonicalRules(), seed=7)
        else:
            store = sqlite_store(tmp_path)
        stores.append(store)
        await store.open()
        return StoreDriver(store, await store.begin(a_start(max_depth=max_depth)))

    yield begin
    for store in stores:
        assert await store.audit() == store.books()
        assert store.books().balanced
        await store.abandon()
