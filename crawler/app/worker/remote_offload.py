"""`Spider.offload` in a worker process: the slots are the parent's."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from crawler.errors import ConfigError, OffloadFailed
from crawler.spider.plain_codec import dump, load
from crawler.workers.process.channel import Channel
from crawler.workers.process.messages import Offload, Offloaded, Order, Report


class RemoteOffload:
    """What a spider's `offload` calls.

    Args:
        channel: Leads to the parent.
    """

    def __init__(self, channel: Channel[Report, Order]) -> None:
        self._channel = channel
        self._numbers = itertools.count(1)
        self._calls: dict[int, asyncio.Future[Any]] = {}

    async def __call__(self, function: Any, data: Any) -> Any:
        """Run a function over plain data in a slot of the parent's."""
        from crawler.offload.named_function import name_of
        from crawler.offload.offloaded import Kind

        try:
            name = name_of(function)
        except ConfigError as error:
            raise OffloadFailed(Kind.NOT_IMPORTABLE, error.problems[0].message) from None
        call = Offload(next(self._numbers), name, dump(data, "data"))
        answer = self._calls[call.number] = asyncio.get_running_loop().create_future()
        self._channel.say(call)
        try:
            return await answer
        finally:
            del self._calls[call.number]

    @property
    def busy(self) -> int:
        """Calls under way."""
        return len(self._calls)

    def settle(self, answer: Offloaded) -> None:
        """Take in what the parent answers."""
        call = self._calls.get(answer.number)
        if call is None or call.done():
            return  # its callback has given up
        if answer.kind:
            call.set_exception(OffloadFailed(answer.kind, answer.reason))
        else:
            call.set_result(load(answer.value))
