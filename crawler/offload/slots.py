"""N process slots behind one door: batches, back-pressure, and what to do when a process dies."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing import parent_process
from types import TracebackType
from typing import Any, Self

from crawler.errors import ConfigError, OffloadError
from crawler.offload.child import Batch, BatchResult, ChildSettings
from crawler.offload.named_function import why
from crawler.offload.offloaded import Codec, Done, Kind, Offloaded, Refused
from crawler.offload.room import ByteRoom
from crawler.offload.slot import Slot, SlotDied
from crawler.offload.slot_limits import MIB, SlotCounts, SlotLimits
from crawler.offload.waiting import BATCH_SECONDS, Ask, Waiting

__all__ = ["SlotCounts", "SlotLimits", "Slots"]

#: Bytes of answers after which a slot sends what it has.
_ANSWERS = 8 * MIB
#: Growth after which an idle slot is started anew when there is no memory limit.
_GROWTH = 256 * MIB
#: Starts of a slot that may fail, one after the other.
_STARTS = 3
#: Poisonous payloads in a row after which the function is to blame: before it ever gave a value,
#: and after it did.
_POISON_FIRST, _POISON_LATER = 5, 20
_UNGUARDED = (
    "processes were to be started from a file that a process slot was importing; put the call"
    ' under: if __name__ == "__main__":'
)


class Slots:
    """Runs functions over payloads in processes; `async with` it, or `start` and `close`.

    Every payload ends in exactly one way. A function may run more than once over a payload: a
    batch whose process died is run again, each of its payloads alone; one that takes its process
    along twice is poison and refused.

    Args:
        count: Number of slots, 1 or more.
        limits: What they may take.
        method: How processes are made, see `slot_context`.
    """

    def __init__(self, count: int, limits: SlotLimits | None = None, method: str = "auto") -> None:
        self._limits = limits or SlotLimits()
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="slots")
        child = ChildSettings(memory=self._limits.memory, niceness=self._limits.niceness)
        self._slots = [Slot(child, self._threads, method) for _ in range(count)]
        self._waiting = Waiting(
            self._limits.batch_items, self._limits.batch_bytes, dropped=self._left
        )
        self._room = ByteRoom(self._limits.byte_budget)
        self._wake = asyncio.Event()
        self._quiet = asyncio.Event()
        self._idle = 0
        self._open: set[Ask] = set()
        self._refusal: OffloadError | None = OffloadError("the slots were not started")
        self._closed = False
        self._unimportable: dict[str, str] = {}
        self._poison_in_row = 0
        self._workers: list[asyncio.Task[None]] = []
        self.counts = SlotCounts()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close(grace=0.0)

    @property
    def pids(self) -> list[int]:
        """Of the processes as they are now."""
        return [slot.pid for slot in self._slots if slot.pid is not None]

    @property
    def held(self) -> int:
        """Bytes of payloads that were accepted and are not finished."""
        return self._room.held

    @property
    def preloaded(self) -> bool:
        """Each process was forked from a server that had loaded what it needs."""
        return all(slot.preloaded for slot in self._slots)

    def mean(self, function: str) -> float | None:
        """Return the seconds that a payload of a function takes lately; None if it never ran."""
        return self._waiting.pace(function).mean

    async def start(self) -> None:
        """Start the processes, best before any socket is opened.

        Raises:
            ConfigError: We are ourselves in a slot: a script starts slots when it is imported.
            OffloadError: A process cannot be started.
        """
        if parent_process() is not None:
            raise ConfigError(_UNGUARDED)
        try:
            starts = await asyncio.gather(*map(self._start, self._slots), return_exceptions=True)
            failed = next((one for one in starts if one is not None), None)
            if failed is not None:
                raise failed
        except BaseException:
            await self.close(grace=0.0)
            raise
        self._refusal = None
        for slot in self._slots:
            # Not in a TaskGroup: they live from here to `close`, across the caller's own tasks.
            worker = asyncio.create_task(self._work(slot))
            worker.add_done_callback(self._worker_ended)
            self._workers.append(worker)

    def _worker_ended(self, worker: asyncio.Task[None]) -> None:
        """Let nobody wait for a slot that is fed no more."""
        error = None if worker.cancelled() else worker.exception()
        if error is not None:
            stopped = OffloadError(f"process slots have stopped: {error}")
            ours = error if isinstance(error, OffloadError) else stopped
            self._refuse(ours)
            self._drop_all(ours)

    async def _start(self, slot: Slot) -> None:
        for _ in range(_STARTS):
            try:
                await slot.start()
            except SlotDied as death:
                self.counts.deaths[death.kind] += 1
                last = death
            else:
                return
        raise OffloadError(f"a process slot cannot be started: {last}") from last

    async def accept(
        self, function: str, payload: Any, codec: Codec = Codec.PICKLE
    ) -> asyncio.Future[Offloaded]:
        """Wait until there is room for a payload, and take it.

        Args:
            function: A name as of `name_of`.
            payload: Plain data; with `Codec.JSON` bytes of JSON.
            codec: How it crosses the pipe.

        Returns:
            What is set when its value, or its refusal, is there. Cancelling it is fine.

        Raises:
            OffloadError: The slots are closed, or stopped because all processes die.
        """
        loop = asyncio.get_running_loop()
        data = payload if codec == Codec.JSON else _pickled(payload)
        if isinstance(data, Refused):
            self.counts.accepted += 1
            self.counts.refused[data.kind] += 1
            refused: asyncio.Future[Offloaded] = loop.create_future()
            refused.set_result(data)
            return refused
        if self._refusal is None:
            await self._room.enter(len(data))
        if self._refusal is not None:
            raise self._refusal
        ask = Ask(function, codec, data, loop.create_future())
        self.counts.accepted += 1
        self._open.add(ask)
        self._waiting.add(ask)
        if self._idle:
            self._wake.set()
        return ask.answer

    def _left(self, ask: Ask) -> None:
        """Give an ask's room back; it is nothing of ours any more."""
        self._open.remove(ask)
        self._room.leave(len(ask.payload))
        if not self._open:
            self._quiet.set()

    async def call(self, function: str, payload: Any, codec: Codec = Codec.PICKLE) -> Offloaded:
        """Run a function over a payload; see `accept`.

        Raises:
            OffloadError: The slots were closed, or stopped, before there was an answer.
        """
        return await (await self.accept(function, payload, codec))

    async def check(self, function: str) -> Refused | None:
        """Import a function in a slot; return why that cannot be, None if it can.

        Raises:
            OffloadError: The slots are closed.
        """
        if self._refusal is not None:
            raise self._refusal
        slot = next((one for one in self._slots if not one.busy.locked()), self._slots[0])
        async with slot.busy:
            return await self._learned(slot, function)

    async def close(self, grace: float = 5.0) -> None:
        """Take nothing more, finish what was taken, and end every process.

        Args:
            grace: Seconds for that; what is not finished then raises OffloadError in those who
                wait for it, and its process is killed.
        """
        if self._closed:
            return
        if self._refusal is None:
            self._refuse(OffloadError("the slots are closed"))
            await self._drained(grace)
        self._closed = True
        busy = [slot.busy.locked() for slot in self._slots]
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers = []
        self._drop_all(OffloadError("the slots were closed before this was finished"))
        loop = asyncio.get_running_loop()
        ends = [partial(slot.end, hurry=one) for slot, one in zip(self._slots, busy, strict=True)]
        await asyncio.gather(*(loop.run_in_executor(self._threads, end) for end in ends))
        self._threads.shutdown()

    async def _drained(self, grace: float) -> None:
        self._quiet.clear()
        if self._open:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await self._quiet.wait()

    def _refuse(self, error: OffloadError) -> None:
        self._refusal = error
        self._room.refuse_all(error)

    def _drop_all(self, error: OffloadError) -> None:
        self._waiting.drain()
        for ask in list(self._open):
            self._left(ask)
            if not ask.answer.done():
                ask.answer.set_exception(error)
                ask.answer.exception()  # whoever went away is not told by a log line

    async def _work(self, slot: Slot) -> None:
        """Feed one slot, for ever.

        Raises:
            OffloadError: Its process cannot be started any more, or the function is poison.
        """
        while True:
            batch = await self._next_batch()
            async with slot.busy:
                await self._carry_out(slot, batch)

    async def _next_batch(self) -> list[Ask]:
        self._idle += 1
        try:
            while True:
                if self._waiting.worth_waiting(self._limits.linger):
                    await asyncio.sleep(self._limits.linger)
                batch = self._waiting.take(self._idle)
                if batch:
                    return batch
                self._wake.clear()
                await self._wake.wait()
        finally:
            self._idle -= 1

    async def _carry_out(self, slot: Slot, asks: list[Ask]) -> None:
        function, codec = asks[0].function, asks[0].codec
        refused = await self._learned(slot, function)
        if refused is not None:
            for ask in asks:
                self._settle(ask, refused)
            return
        batch = Batch(function, codec, [a.payload for a in asks], BATCH_SECONDS, _ANSWERS)
        self.counts.batches += 1
        try:
            result = await slot.run(batch, self._limits.timeout)
        except SlotDied as death:
            self._after_death(asks, death)
            await self._start(slot)
            return
        self._waiting.pace(function).note(result.seconds, len(result.answers))
        self._take_in(asks, result)
        await self._recycle(slot)

    async def _learned(self, slot: Slot, function: str) -> Refused | None:
        """Import a function in a slot, twice if the first time kills it."""
        if function in slot.learned:
            return None
        reason = self._unimportable.get(function, "")
        for _ in range(2):
            if reason:
                break
            try:
                reason = await slot.learn(function)
                break
            except SlotDied as death:
                self.counts.deaths[death.kind] += 1
                last = f"{function}: importing it: {death}"
                await self._start(slot)
        else:
            reason = last
        if not reason:
            return None
        self._unimportable[function] = reason
        return Refused(Kind.NOT_IMPORTABLE, reason)

    def _take_in(self, asks: list[Ask], result: BatchResult) -> None:
        self._waiting.put_back(asks[len(result.answers) :])
        for ask, (kind, value, trace) in zip(asks, result.answers, strict=False):
            if kind:
                self._settle(ask, Refused(Kind(kind), str(value), trace))
                continue
            assert isinstance(value, bytes)
            self._settle(ask, _received(value, ask.codec))
        if any(not kind for kind, _, _ in result.answers):
            self._poison_in_row = 0
        self._wake.set()

    def _settle(self, ask: Ask, answer: Offloaded) -> None:
        if ask not in self._open:  # dropped, since all is over
            return
        self._left(ask)
        if ask.answer.done():  # cancelled
            return
        if isinstance(answer, Done):
            self.counts.done += 1
        else:
            self.counts.refused[answer.kind] += 1
        ask.answer.set_result(answer)

    def _after_death(self, asks: list[Ask], death: SlotDied) -> None:
        """Give up the one that is surely guilty; otherwise let each be run alone.

        Raises:
            OffloadError: One payload after the other is poison: the function is.
        """
        self.counts.deaths[death.kind] += 1
        for ask in asks:
            ask.kills += 1
        if len(asks) > 1 or asks[0].kills < 2:
            self._waiting.suspect(asks)
            self._wake.set()
            return
        self._settle(asks[0], Refused(death.kind, str(death), death.fault))
        self._poison_in_row += 1
        if self._poison_in_row >= (_POISON_LATER if self.counts.done else _POISON_FIRST):
            raise OffloadError(
                f"{asks[0].function} took its process along with each of {self._poison_in_row}"
                f" payloads in a row, the last time like this: {death}"
            )

    async def _recycle(self, slot: Slot) -> None:
        """Replace a process that has grown; libraries that keep memory would fill the machine."""
        limit = self._limits.memory
        most = _GROWTH if limit is None else min(_GROWTH, limit // 2)
        if slot.rss - slot.first_rss > most:
            self.counts.recycled += 1
            await asyncio.get_running_loop().run_in_executor(self._threads, slot.retire)
            await self._start(slot)


def _pickled(payload: Any) -> bytes | Refused:
    try:
        return pickle.dumps(payload, 5)
    except Exception as error:  # noqa: BLE001 - what the user's objects say of themselves
        return Refused(Kind.UNPICKLABLE, f"the payload cannot be sent: {why(error)}")


def _received(data: bytes, codec: Codec) -> Offloaded:
    if codec == Codec.JSON:
        return Done(data, len(data))
    try:
        return Done(pickle.loads(data), len(data))
    except Exception as error:  # noqa: BLE001 - what the user's objects say of themselves
        return Refused(Kind.UNPICKLABLE, f"the value cannot be read here: {why(error)}")
