"""The connections that a server of tests holds, none of which is left open behind it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Met = Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]


class Conversations:
    """Talks on each connection in a task of its own, and ends them all when asked to.

    A task that is cancelled before its first step never runs, so that no `finally` of its own
    could close its connection: what is open is known from the moment it is accepted.
    """

    def __init__(self) -> None:
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._over = False

    def having(self, talk: Talk) -> Met:
        """Return what `asyncio.start_server` is to call.

        Args:
            talk: One whole conversation. The connection is closed after it, and whatever of it
                has to do with a client that went away is not an error.
        """

        def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if self._over:
                writer.transport.abort()
                return
            task = asyncio.get_running_loop().create_task(_to_the_end(talk, reader, writer))
            self._open[task] = writer
            task.add_done_callback(self._open.pop)

        return met

    async def end(self, *servers: asyncio.Server | None) -> None:
        """Close the servers and break what is open: what a client has not taken it never will."""
        self._over = True
        for server in servers:
            if server is not None:
                server.close()
        for task, writer in self._open.items():
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        for _ in range(3):  # sockets are accepted, and aborted ones closed, in turns of their own
            await asyncio.sleep(0)


async def _to_the_end(
    talk: Talk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    gone = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)
    with contextlib.suppress(*gone):  # the client may go away at any time, which is its right
        try:
            await talk(reader, writer)
        finally:
            writer.close()
        await writer.wait_closed()
