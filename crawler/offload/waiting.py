"""Payloads that wait for a slot, and how many of them make a batch."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from crawler.offload.offloaded import Codec, Offloaded

#: Seconds of work that a batch should be: much beside what sending it costs, little to lose.
BATCH_SECONDS = 0.05
#: What a function that was never run is taken to need: it gets one payload, to be measured.
_UNKNOWN = BATCH_SECONDS
_WEIGHT = 0.2


@dataclass(slots=True, eq=False)
class Ask:
    """One payload and who waits for what comes of it.

    Attributes:
        kills: How often a process died, or was killed, while this was in its batch.
    """

    function: str
    codec: Codec
    payload: bytes
    answer: asyncio.Future[Offloaded]
    kills: int = 0


@dataclass(slots=True)
class Pace:
    """How long the payloads of one function take: a mean in which the last count most."""

    mean: float | None = None

    def note(self, seconds: float, count: int) -> None:
        """Take in that `count` payloads took `seconds` together."""
        if not count:
            return
        each = seconds / count
        if self.mean is None:
            self.mean = each
        else:
            self.mean += (1 - (1 - _WEIGHT) ** count) * (each - self.mean)


@dataclass(slots=True)
class Waiting:
    """Payloads by function, the functions in turn; and those that are to run alone.

    Attributes:
        items: Payloads a batch has at most.
        size: Bytes it has at most, unless its first payload alone has more.
        dropped: Is told of payloads for which nobody waits any more.
    """

    items: int
    size: int
    dropped: Callable[[Ask], None]
    paces: dict[str, Pace] = field(default_factory=dict)
    _queues: OrderedDict[tuple[str, Codec], deque[Ask]] = field(default_factory=OrderedDict)
    _alone: deque[Ask] = field(default_factory=deque)
    _count: int = 0

    def __len__(self) -> int:
        return self._count + len(self._alone)

    def add(self, ask: Ask) -> None:
        """Put a payload behind the others of its function."""
        self._queues.setdefault((ask.function, ask.codec), deque()).append(ask)
        self._count += 1

    def put_back(self, asks: list[Ask]) -> None:
        """Put payloads that were not begun before the others of their function."""
        for ask in reversed(asks):
            self._queues.setdefault((ask.function, ask.codec), deque()).appendleft(ask)
        self._count += len(asks)

    def suspect(self, asks: list[Ask]) -> None:
        """Put payloads where each is run alone, before all others."""
        self._alone.extend(asks)

    def pace(self, function: str) -> Pace:
        """Return the pace of a function."""
        return self.paces.setdefault(function, Pace())

    def worth_waiting(self, linger: float) -> bool:
        """Tell whether what is next is small and few: another moment may bring more of it."""
        if self._alone or not self._queues:
            return False
        (function, _), queue = next(iter(self._queues.items()))
        mean = self.pace(function).mean
        return mean is not None and len(queue) < self.items and mean * len(queue) < linger

    def take(self, slots: int) -> list[Ask]:
        """Take a batch; empty if nothing waits.

        Args:
            slots: Slots that are idle, the asking one included: they share what there is.
        """
        while self._alone:
            ask = self._alone.popleft()
            if not ask.answer.done():
                return [ask]
            self.dropped(ask)
        while self._queues:
            key, queue = next(iter(self._queues.items()))
            batch = self._from(queue, self._wanted(key[0], len(queue), slots))
            if queue:
                self._queues.move_to_end(key)
            else:
                del self._queues[key]
            if batch:
                return batch
        return []

    def _wanted(self, function: str, waiting: int, slots: int) -> int:
        mean = self.pace(function).mean
        each = _UNKNOWN if mean is None else mean
        most = min(self.items, max(1, int(BATCH_SECONDS / each))) if each else self.items
        # Tiny payloads are not worth the second slot's trouble.
        return min(most, -(-waiting // slots)) if each * waiting > BATCH_SECONDS / 10 else most

    def _from(self, queue: deque[Ask], most: int) -> list[Ask]:
        batch: list[Ask] = []
        size = 0
        while queue and len(batch) < most:
            ask = queue[0]
            if batch and size + len(ask.payload) > self.size:
                break
            queue.popleft()
            self._count -= 1
            if ask.answer.done():
                self.dropped(ask)
                continue
            batch.append(ask)
            size += len(ask.payload)
        return batch

    def drain(self) -> None:
        """Let go of all there is."""
        self._alone.clear()
        self._queues.clear()
        self._count = 0
