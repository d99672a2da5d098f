"""What slots may take, and what they did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import msgspec

MIB = 1 << 20


class SlotLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What slots may take.

    Attributes:
        timeout: Seconds for one payload.
        memory: Bytes that a process may grow by, None for no limit: an allocation beyond fails.
        batch_items: Payloads in a batch at most.
        batch_bytes: Bytes in a batch at most; a larger payload goes alone.
        linger: Seconds that a batch of small payloads may wait for more of them.
        byte_budget: Bytes of payloads accepted and not finished; more wait outside.
        niceness: Added to that of the slots.
    """

    timeout: float = 20.0
    memory: int | None = None
    batch_items: int = 128
    batch_bytes: int = 512 * 1024
    linger: float = 0.005
    byte_budget: int = 64 * MIB
    niceness: int = 5


@dataclass(slots=True)
class SlotCounts:
    """What slots did so far.

    Attributes:
        accepted: Payloads; each is later counted in `done` or `refused`, unless it was cancelled.
        done: Values given.
        refused: Refusals by kind.
        batches: Sent to a slot.
        deaths: Processes that died or were killed for being late, by kind.
        recycled: Processes replaced because they had grown.
    """

    accepted: int = 0
    done: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    batches: int = 0
    deaths: Counter[str] = field(default_factory=Counter)
    recycled: int = 0
