"""`Spider.offload`: process slots for callbacks, started when the first one asks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from crawler.config.models.job import Job
from crawler.errors import ConfigError, OffloadFailed

if TYPE_CHECKING:
    from crawler.offload.slots import Slots


class SpiderOffload:
    """What a spider's `offload` calls.

    Args:
        job: Says how many slots there are, and how long a call may take.
        slots: Those of the job's transforms, to be shared; None when it has none.
    """

    def __init__(self, job: Job, slots: Slots | None) -> None:
        self._job = job
        self._slots = slots
        self._shared = slots is not None
        self._starting = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        #: Calls under way.
        self.busy = 0

    async def __call__(self, function: Any, data: Any) -> Any:
        """Run a function over plain data; the callback may be on a loop of another thread."""
        if asyncio.get_running_loop() is self._loop:
            return await self._call(function, data)
        work = asyncio.run_coroutine_threadsafe(self._call(function, data), self._loop)
        return await asyncio.wrap_future(work)

    async def _call(self, function: Any, data: Any) -> Any:
        from crawler.offload.named_function import name_of
        from crawler.offload.offloaded import Kind, Refused

        try:
            name = name_of(function)
        except ConfigError as error:
            raise OffloadFailed(Kind.NOT_IMPORTABLE, error.problems[0].message) from None
        self.busy += 1
        try:
            async with self._starting:
                if self._slots is None:
                    self._slots = await self._started()
            answer = await self._slots.call(name, data)
        finally:
            self.busy -= 1
        if isinstance(answer, Refused):
            raise OffloadFailed(answer.kind, answer.message)
        return answer.value

    async def _started(self) -> Slots:
        from crawler.app.run.transforming import slots_of

        slots = slots_of(self._job)
        await slots.start()
        return slots

    async def close(self) -> None:
        """End the slots, unless they are somebody else's."""
        if self._slots is not None and not self._shared:
            await self._slots.close(grace=0.0)
