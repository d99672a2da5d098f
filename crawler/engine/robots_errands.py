"""Requests for robots.txt on their way, each in the place and time of a page of its host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from crawler.engine.parts import Parts
from crawler.messages import QueuedRequest
from crawler.urls import host_key


class RobotsErrands:
    """Asks for robots.txt beside the dispatcher; a host is held meanwhile.

    Args:
        parts: Of the crawl.
        came: Called when an answer is there.
    """

    def __init__(self, parts: Parts, came: Callable[[], None]) -> None:
        self._parts = parts
        self._came = came
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._since: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def asked(self) -> list[tuple[str, float]]:
        """Return the hosts that are asked, each with the monotonic second since when."""
        return list(self._since.items())

    def begin(self, request: QueuedRequest, group: asyncio.TaskGroup) -> None:
        """Ask for the robots.txt that a request waits for."""
        self._parts.frontier.hold(request.host)
        self._since[request.host] = self._parts.clock.monotonic()
        self._tasks[request.host] = group.create_task(self._ask(request))

    def cancel(self) -> None:
        """Give up what is on its way: its pages are not going to be sent."""
        for task in self._tasks.values():
            task.cancel()

    async def _ask(self, request: QueuedRequest) -> None:
        parts = self._parts
        frontier, hosts, robots, clock = parts.frontier, parts.hosts, parts.robots, parts.clock
        name, sent = request.host, clock.monotonic()
        # A redirect may have led elsewhere; its own host is held, and its delay begins below.
        frontier.spend(host_key(robots.next_url(request)), sent)
        pause = 0.0
        try:
            asked = await robots.fetch(request)
            pause, sent = asked.pause, asked.asked_at or sent
        finally:
            del self._tasks[name], self._since[name]
            # The pause after robots.txt is as long as it asks itself.
            frontier.host(name).delay = hosts.delay(name)
            frontier.spend(name, sent)
            frontier.release(name)
            self._came()
        if pause:
            pause = hosts.leave_alone(name, pause, clock.wall())
            frontier.pause(name, clock.monotonic() + pause)
