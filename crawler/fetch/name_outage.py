"""A name server that is down is nobody's fault: fetches wait for it, and nothing is charged.

Of a list of many hosts each would fail for itself, and a bad hour of the network would read like a
list of dead links. A name that does not exist is another matter: that is an answer.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

from crawler.errors import FetchError
from crawler.interfaces import Clock, Fetcher
from crawler.messages import FetchRequest, HttpResponse
from crawler.outcome import ErrorClass
from crawler.urls import hostname

#: Hosts in a row that cannot be looked up before anybody is asked why.
SUSPICIOUS = 5
#: Seconds between two questions whether names are found again, at first and at most.
_FIRST, _LONGEST = 5.0, 60.0
#: Seconds between two looks whether the crawl has ended meanwhile.
_LOOK = 1.0
_NO_ANSWER = frozenset((socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_SYSTEM))


class PatientFetcher:
    """A `Fetcher` that waits while no name server answers.

    Args:
        inner: Fetches.
        clock: The time.
        tell: Says a line that is not to be missed.
        ask: Tells whether no name server answers, by a name that could not be looked up.

    Attributes:
        ended: Tells whether the crawl takes no more; then nothing is waited for.
    """

    def __init__(
        self,
        inner: Fetcher,
        clock: Clock,
        tell: Callable[[str], None],
        ask: Callable[[str], Awaitable[bool]] | None = None,
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._tell = tell
        self._ask = ask or _is_down
        self._failed: dict[str, None] = {}
        self._asking = asyncio.Lock()
        self._found = asyncio.Event()
        self._found.set()
        self.ended: Callable[[], bool] = lambda: False

    async def fetch(self, request: FetchRequest) -> HttpResponse:
        """See `Fetcher.fetch`."""
        while True:
            await self._found.wait()
            try:
                answer = await self._inner.fetch(request)
            except FetchError as error:
                if error.kind != ErrorClass.DNS:
                    self._failed.clear()
                    raise
                if not await self._waited_out(hostname(request.url)):
                    raise
                continue
            self._failed.clear()
            return answer

    async def close(self) -> None:
        """See `Fetcher.close`."""
        await self._inner.close()

    async def _waited_out(self, host: str) -> bool:
        """Tell whether a look-up is worth another try, after the outage that was to blame."""
        self._failed[host] = None
        if len(self._failed) < SUSPICIOUS or self.ended():
            return False
        if not self._found.is_set():
            await self._found.wait()
            return not self.ended()
        async with self._asking:
            if host not in self._failed:
                return True  # somebody else has waited meanwhile
            if not await self._ask(host):
                self._failed.clear()
                return False
            await self._wait(host)
        return not self.ended()

    async def _wait(self, host: str) -> None:
        self._found.clear()
        self._tell(
            f"paused: no name server answers (the last name was {host}); it is asked again until"
            " one does, and no page is charged"
        )
        pause = _FIRST
        try:
            while not self.ended():
                until = self._clock.monotonic() + pause
                while not self.ended() and self._clock.monotonic() < until:
                    await self._clock.sleep(min(_LOOK, pause))
                if self.ended() or not await self._ask(host):
                    break
                pause = min(_LONGEST, 2 * pause)
        finally:
            self._failed.clear()
            self._found.set()
        if not self.ended():
            self._tell("going on: names are found again")


async def _is_down(host: str) -> bool:
    """Ask the system for a name; it tells one that does not exist from a server that is silent."""
    try:
        await asyncio.get_running_loop().getaddrinfo(host, None)
    except socket.gaierror as error:
        return error.errno in _NO_ANSWER
    except (OSError, UnicodeError):
        return False
    return False
