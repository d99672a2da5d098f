"""`map_cpu()`: a function over many rows, on all CPUs, from Python."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from typing import Any

import msgspec

from crawler.app.batch.in_thread import iterate
from crawler.app.batch.worker_count import worker_count
from crawler.errors import ConfigError, CrawlerError
from crawler.offload.named_function import name_of
from crawler.offload.offloaded import Done, Offloaded, Refused
from crawler.offload.slot_limits import SlotLimits
from crawler.offload.slots import Slots

_AHEAD = 1_000


class RowFailed(CrawlerError):
    """The value of a row was asked for, and there is none; says why."""


class Mapped(msgspec.Struct, frozen=True):
    """What came of one row.

    Attributes:
        number: Of the row, from 0 on.
        refused: Why there is no value; None if there is one.
    """

    number: int
    _value: Any
    refused: Refused | None = None

    @property
    def value(self) -> Any:
        """What the function returned.

        Raises:
            RowFailed: It returned nothing: see `refused`.
        """
        if self.refused is not None:
            raise RowFailed(f"row {self.number}: {self.refused.kind}: {self.refused.message}")
        return self._value


async def map_cpu(
    function: Callable[[Any], Any] | str,
    rows: Iterable[Any],
    *,
    workers: int | str = "auto",
    ordered: bool = True,
    timeout: float = 20.0,  # noqa: ASYNC109 - of each row, not of this
    memory: int | None = None,
) -> AsyncGenerator[Mapped, None]:
    """Run a function over rows in processes; yield what came of each.

    Rows are read as they are needed; an endless iterable works. A row that fails, hangs or takes
    its process along is one `Mapped` with `refused` set, and the rest goes on.

    Args:
        function: A function of a module, or its name: `pkg.mod:function`, `file.py:function`.
        rows: Plain data.
        workers: Processes; "auto" for one per CPU that we may use.
        ordered: Yield in the order of the rows; else as they come.
        timeout: Seconds for one row.
        memory: Bytes a process may grow by; None for no limit.

    Raises:
        ConfigError: The function cannot be imported; no row was read.
        OffloadError: Every process dies.
    """
    name = name_of(function)
    count = worker_count(None if workers == "auto" else int(workers))
    async with Slots(count, SlotLimits(timeout=timeout, memory=memory)) as slots:
        refused = await slots.check(name)
        if refused is not None:
            raise ConfigError(refused.message)
        order = _InOrder() if ordered else _AsTheyCome()
        for number, row in enumerate(rows):
            order.add(number, await slots.accept(name, row))
            while order.count > _AHEAD or order.is_ready:
                yield await order.next()
        while order.count:
            yield await order.next()


class _InOrder:
    """Answers in the order of their rows."""

    def __init__(self) -> None:
        self._answers: deque[tuple[int, asyncio.Future[Offloaded]]] = deque()

    def add(self, number: int, answer: asyncio.Future[Offloaded]) -> None:
        self._answers.append((number, answer))

    @property
    def count(self) -> int:
        return len(self._answers)

    @property
    def is_ready(self) -> bool:
        return bool(self._answers) and self._answers[0][1].done()

    async def next(self) -> Mapped:
        number, answer = self._answers[0]
        result = await answer
        self._answers.popleft()
        return _mapped(number, result)


class _AsTheyCome:
    """Answers as soon as they are there."""

    def __init__(self) -> None:
        self._done: asyncio.Queue[tuple[int, asyncio.Future[Offloaded]]] = asyncio.Queue()
        self.count = 0

    def add(self, number: int, answer: asyncio.Future[Offloaded]) -> None:
        self.count += 1
        answer.add_done_callback(lambda done: self._done.put_nowait((number, done)))

    @property
    def is_ready(self) -> bool:
        return not self._done.empty()

    async def next(self) -> Mapped:
        number, answer = await self._done.get()
        self.count -= 1
        return _mapped(number, answer.result())


def _mapped(number: int, result: Offloaded) -> Mapped:
    if isinstance(result, Done):
        return Mapped(number, result.value)
    return Mapped(number, None, result)


def map_cpu_sync(
    function: Callable[[Any], Any] | str,
    rows: Iterable[Any],
    *,
    workers: int | str = "auto",
    ordered: bool = True,
    timeout: float = 20.0,
    memory: int | None = None,
) -> Iterator[Mapped]:
    """Do what `map_cpu` does without `async`.

    It works where a loop is running already, as in a notebook; rows are read in another thread.
    Leaving the iteration early ends the batch.
    """
    return iterate(
        lambda: map_cpu(
            function, rows, workers=workers, ordered=ordered, timeout=timeout, memory=memory
        )
    )
