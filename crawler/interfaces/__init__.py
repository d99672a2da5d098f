"""The seams of the crawler: what the engine knows of its stores, workers, fetchers and sinks.

An implementation is named for its means (`SqliteStore`, `JsonlSink`), a protocol for its role.
`app` alone knows which implementation a run uses.
"""

from __future__ import annotations

from crawler.interfaces.bodies import BodyStore
from crawler.interfaces.commit import Batch, Committed, PageCommit, WaitingItem
from crawler.interfaces.files import (
    FileErrands,
    FileRoom,
    FileStore,
    FileTask,
    FileWork,
    FileWorked,
    Receiving,
)
from crawler.interfaces.host_clocks import HostClocks
from crawler.interfaces.known import (
    Double,
    ItemBatch,
    ItemCounts,
    ItemKey,
    ItemStore,
    KnownItem,
    PageItems,
    Phase,
    Remembered,
    SeenItem,
    SettledItem,
)
from crawler.interfaces.sink import (
    Mark,
    Sink,
)
from crawler.interfaces.store import (
    Books,
    FrontierStore,
    GivenUp,
    Grant,
    HostEnd,
    LastRun,
    LedgerLine,
    Opened,
    Recovered,
    RunStart,
    WriteOutputs,
)
from crawler.interfaces.work import (
    Clock,
    CrashGuard,
    Deliver,
    Fetcher,
    Transform,
    Transformed,
    Workers,
)

__all__ = [
    "Batch",
    "BodyStore",
    "Books",
    "Clock",
    "Committed",
    "CrashGuard",
    "Deliver",
    "Double",
    "Fetcher",
    "FileErrands",
    "FileRoom",
    "FileStore",
    "FileTask",
    "FileWork",
    "FileWorked",
    "FrontierStore",
    "GivenUp",
    "Grant",
    "HostClocks",
    "HostEnd",
    "ItemBatch",
    "ItemCounts",
    "ItemKey",
    "ItemStore",
    "KnownItem",
    "LastRun",
    "LedgerLine",
    "Mark",
    "Opened",
    "PageCommit",
    "PageItems",
    "Phase",
    "Receiving",
    "Recovered",
    "Remembered",
    "RunStart",
    "SeenItem",
    "SettledItem",
    "Sink",
    "Transform",
    "Transformed",
    "WaitingItem",
    "Workers",
    "WriteOutputs",
]
