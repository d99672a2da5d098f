"""A name server that is down is nobody's fault: fetches wait for it, and nothing is charged.

Of a list of many hosts each would fail for itself, and a bad hour of the network would read like a
list of dead links. A name that does not exist is another matter: that is an answer.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

from crawler.errors import FetchError, OutageError
from crawler.interfaces import Fetcher
from crawler.messages import FetchRequest, HttpResponse
from crawler.outage import Outage, Waited
from crawler.outcome import ErrorClass
from crawler.urls import hostname

#: Hosts in a row that cannot be looked up before anybody is asked why.
SUSPICIOUS = 5
_NO_ANSWER = frozenset((socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_SYSTEM))


class PatientFetcher:
    """A `Fetcher` that waits while no name server answers.

    Args:
        inner: Fetches.
        outage: Has those who wait.
        ask: Tells whether no name server answers, by a name that could not be looked up.
    """

    def __init__(
        self,
        inner: Fetcher,
        outage: Outage,
        ask: Callable[[str], Awaitable[bool]] | None = None,
    ) -> None:
        self._inner = inner
        self._outage = outage
        self._ask = ask or _is_down
        self._failed: dict[str, None] = {}
        self._asking = asyncio.Lock()

    async def fetch(self, request: FetchRequest) -> HttpResponse:
        """See `Fetcher.fetch`.

        Raises:
            OutageError: No name server answered, until the crawl ended.
        """
        while True:
            await self._outage.passed()
            try:
                answer = await self._inner.fetch(request)
            except FetchError as error:
                if error.kind != ErrorClass.DNS:
                    if error.kind != ErrorClass.TIMEOUT:  # that says nothing of names
                        self._failed.clear()
                    raise
                if not await self._waited_out(hostname(request.url), error):
                    raise
                continue
            self._failed.clear()
            self._outage.good()
            return answer

    async def close(self) -> None:
        """See `Fetcher.close`."""
        await self._inner.close()

    async def _waited_out(self, host: str, error: FetchError) -> bool:
        """Tell whether a look-up is worth another try, after the outage that was to blame."""
        self._failed[host] = None
        if len(self._failed) < SUSPICIOUS:
            return False
        if self._outage.under_way:
            self._go_on(await self._outage.passed(), error)
            return True
        async with self._asking:
            if host not in self._failed:
                return True  # somebody else has waited meanwhile
            if self._outage.in_vain:  # somebody has, until the end
                self._go_on(await self._outage.passed(), error)
            if not await self._ask(host):
                self._failed.clear()
                return False
            waited = await self._outage.wait(
                lambda: self._ask(host),
                f"paused: no name server answers (the last name was {host}); it is asked again"
                " until one does, and no page is charged",
                "going on: names are found again",
            )
            self._go_on(waited, error)
            self._failed.clear()
        return True

    def _go_on(self, waited: Waited, error: FetchError) -> None:
        if waited is not Waited.OVER:
            raise OutageError(error.kind, str(error), url=error.url)


async def _is_down(host: str) -> bool:
    """Ask the system for a name; it tells one that does not exist from a server that is silent."""
    try:
        await asyncio.get_running_loop().getaddrinfo(host, None)
    except socket.gaierror as error:
        return error.errno in _NO_ANSWER
    except (OSError, UnicodeError):
        return False
    return False
