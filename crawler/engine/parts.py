"""What a crawl is made of, and how it ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from crawler.engine.host_book import HostBook
from crawler.engine.item_changes import ItemChanges
from crawler.engine.limits import RunLimits
from crawler.engine.output import Output, Stamp
from crawler.engine.remembering import Remembering
from crawler.engine.robots_gate import RobotsGate
from crawler.engine.start_feed import StartFeed
from crawler.engine.tally import Tally
from crawler.frontier.frontier import Frontier
from crawler.interfaces import (
    Clock,
    FrontierStore,
    HostClocks,
    Opened,
    Sink,
    Transform,
    WaitingItem,
)
from crawler.outcome import ItemProblem, ItemRecord, PageOutcome
from crawler.policy.breaker import BreakerPolicy
from crawler.policy.memory import MemoryLimit
from crawler.policy.retry import RetryPolicy
from crawler.policy.traps import Traps


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What a crawl is made of; `app` puts it together and closes it.

    Attributes:
        opened: What the store knew when the run began.
        transform: What items go through before they are written; None for nothing.
        quarantine: Where items go that break their schema.
        ended: Is told of every page once it is committed.
        spoilt: Is told of items whose transforms failed, once that is committed; None for nobody.
        traps: Says which pages are of a trap.
        breaker: Says when a host is left alone, and given up.
        memory: Says what may go out while memory is short; None for no limit.
        room: Waits until there is room to write down what came; None for no such wait.
        file_line: Gives the line of a manifest for what became of an input; None for no manifest.
        remembering: What past runs learnt, kept and used; None in a job that is not incremental.
        recheck: A page that is missing is asked once more.
        changes: Compares items with what is known; None where a job is not incremental.
        clocks: Keep the delay of hosts over all jobs of the machine; None for a crawl alone.
    """

    store: FrontierStore
    opened: Opened
    frontier: Frontier
    hosts: HostBook
    robots: RobotsGate
    retry: RetryPolicy
    starts: StartFeed
    outputs: tuple[Output, ...]
    stamp: Stamp
    limits: RunLimits
    tally: Tally
    clock: Clock
    ended: Callable[[PageOutcome], None]
    breaker: BreakerPolicy = BreakerPolicy()
    traps: Traps = msgspec.field(default_factory=Traps)
    memory: MemoryLimit | None = None
    recheck: bool = False
    changes: ItemChanges | None = None
    clocks: HostClocks | None = None
    quarantine: Sink | None = None
    remembering: Remembering | None = None
    transform: Transform | None = None
    room: Callable[[], Awaitable[None]] | None = None
    file_line: Callable[[PageOutcome], ItemRecord | None] | None = None
    spoilt: Callable[[WaitingItem, ItemProblem], None] | None = None


class End(msgspec.Struct, frozen=True, kw_only=True):
    """How a run came to its end.

    Attributes:
        reason: "finished", a limit's name, "stopped", or what a spider said.
        finished: False when the run is to be resumed.
    """

    reason: str
    finished: bool
