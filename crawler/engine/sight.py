"""What a crawl does at this moment, for those who watch it: looked at, never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from crawler.engine.flights import Flights
    from crawler.engine.group_commit import GroupCommit
    from crawler.engine.parts import Parts
    from crawler.engine.robots_errands import RobotsErrands
    from crawler.engine.transforms import Transforms


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a crawl that say what it waits for.

    Attributes:
        flights: Pages on their way.
        robots: Requests for robots.txt on their way.
        commits: Between outcomes and the store.
        transforms: None for a job without.
    """

    parts: Parts
    flights: Flights
    robots: RobotsErrands
    commits: GroupCommit
    transforms: Transforms | None

    def pulse(self) -> tuple[int, ...]:
        """Return numbers of which one changes whenever anything moves.

        Cheap enough for every second: nothing here looks at every row, host or request.
        """
        parts, tally = self.parts, self.parts.tally
        books, transforms = parts.store.books(), self.transforms
        return (
            books.known, books.done, books.failed, books.dead, books.pending,
            sum(tally.http.values()), sum(tally.errors.values()), tally.start_items,
            parts.frontier.taken, parts.frontier.in_flight, len(self.robots), parts.starts.pulled,
            0 if transforms is None else transforms.waiting,
        )  # fmt: skip

    def starts_wanted(self) -> bool:
        """The spider's `start`, or a list, has the turn, and gives nothing."""
        return not self.parts.starts.exhausted and not self.parts.starts.waits_for_room


def longest_queues(parts: Parts, count: int) -> list[tuple[str, int, bool]]:
    """Return the hosts with most requests in memory: name, requests, whether more are on disk."""
    import heapq

    queues = heapq.nlargest(count, parts.frontier.working, key=len)
    return [(queue.name, len(queue), queue.more) for queue in queues if len(queue) or queue.more]
