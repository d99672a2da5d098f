"""The parent's hold on one worker process: how it is started, talked to, and ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Protocol

from crawler.errors import ConfigError, WorkersError
from crawler.workers.process.channel import Channel
from crawler.workers.process.forked_process import ForkedProcess
from crawler.workers.process.messages import Begin, Order, Ready, Refused, Report

#: Seconds in which a process has to set up.
START = 60.0
#: Seconds in which it has to end once it was told to leave, its spider's `closed` included.
LEAVE = 20.0
#: Seconds between the end of its connection and its own.
LAST = 2.0

# The search path is the parent's, wherever that has it from: a worker must import the same code.
# Until it is set, -P keeps the current directory from being searched first.
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    " from {module} import main; main(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])"
)


class _Process(Protocol):
    """A process below this one."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    async def wait(self) -> int: ...

    def kill(self) -> None: ...


class WorkerProcess:
    """One process at a time; when it is gone, `start` makes the next.

    Args:
        number: Its place among the workers, from 0.
        module: Has `main(talk, alive, loop)`, which is given two descriptors: a socket to talk
            over, and a pipe that ends with the parent.
        loop: Name of the event loop it is to use.
        spare: The first one, if it is there already; its work is `main`, too.
    """

    def __init__(
        self, number: int, module: str, loop: str, spare: ForkedProcess | None = None
    ) -> None:
        self.number = number
        self._module = module
        self._loop = loop
        self._spare = spare
        self._process: _Process | None = None
        self._channel: Channel[Order, Report] = Channel(Report)
        self._alive = -1
        self._early: list[Report] = []

    @property
    def pid(self) -> int | None:
        """Of the process; None before the first start."""
        return None if self._process is None else self._process.pid

    async def start(self, setup: bytes) -> None:
        """Make a process and wait until it has set up.

        Raises:
            ConfigError: The job cannot be set up in a process of its own; says why.
            WorkersError: It did not come up.
        """
        spare, self._spare = self._spare, None
        if spare is not None:
            self._process = spare
            ours, self._alive = spare.take()
        else:
            ours = await self._make()
        self._channel, self._early = Channel(Report), []
        await self._channel.open(ours)
        self._channel.say(Begin(setup))
        try:
            async with asyncio.timeout(START):
                await self._set_up()
        except TimeoutError:
            await self.end()
            raise WorkersError(f"a worker process did not set up within {START:.0f} s") from None

    async def _make(self) -> socket.socket:
        """Make a process anew; return our end of the socket to it."""
        ours, theirs = socket.socketpair()
        watched, self._alive = os.pipe()
        with contextlib.closing(theirs):
            try:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable, "-P", "-c", _PROGRAM.format(module=self._module),
                    json.dumps(sys.path), str(theirs.fileno()), str(watched), self._loop,
                    stdin=asyncio.subprocess.DEVNULL, pass_fds=(theirs.fileno(), watched),
                )  # fmt: skip
            except OSError as error:
                ours.close()
                raise WorkersError(f"cannot start a worker process: {error.strerror}") from error
            finally:
                os.close(watched)
        return ours

    async def _set_up(self) -> None:
        """Wait until the process is ready; what it says along with that is heard later."""
        while reports := await self._channel.hear():
            refused = next((one for one in reports if isinstance(one, Refused)), None)
            if refused is not None:
                await self.end()
                raise ConfigError(refused.why)
            others = [one for one in reports if not isinstance(one, Ready)]
            self._early += others
            if len(others) < len(reports):
                return
        raise WorkersError(f"a worker process ended as it began: {await self.end(LAST)}")

    def say(self, order: Order) -> None:
        """Give an order."""
        self._channel.say(order)

    async def hear(self) -> Sequence[Report]:
        """Return its next reports; none once it is gone."""
        early, self._early = self._early, []
        return early or await self._channel.hear()

    async def end(self, patience: float = 0.0) -> str:
        """See the process off; kill it if it has not ended within some seconds.

        Returns:
            How it ended, for people.
        """
        process = self._process
        if process is None:
            return "never begun"
        # No time-out, which is a cancellation: whoever ends us may have been cancelled by a group.
        ended = asyncio.ensure_future(process.wait())  # noqa: TID251 - awaited here
        await asyncio.wait({ended}, timeout=patience)
        if not ended.done():
            self.kill()
        await ended
        self._channel.close()
        if self._alive >= 0:
            os.close(self._alive)
            self._alive = -1
        return _how(process.returncode or 0)

    def kill(self) -> None:
        """End the process where it stands."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()


def _how(code: int) -> str:
    if code >= 0:
        return f"exit {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
