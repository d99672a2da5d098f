"""Stands in for the name servers of both clients: a function says which addresses a name has."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from unittest import mock

from crawler.fetch.name_lookup import Address

#: Returns the addresses of a name, none for one that does not exist.
Tell = Callable[[str], Sequence[str]]


class _Names:
    """Both clients' ways to ask."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def ask(self, host: str) -> tuple[Address, ...]:
        """Answer as the system's resolver would."""
        found = tuple(self._tell(host))
        if not found:
            raise OSError(None, "not found") from socket.gaierror(socket.EAI_NONAME, "unknown")
        return tuple(Address(_family(one), one) for one in found)

    async def resolve(self, host: str, port: int, _: int) -> list[dict[str, object]]:
        """Answer as aiohttp's resolver would."""
        return [
            {"hostname": host, "host": one.ip, "port": port, "family": one.family}
            | {"proto": 0, "flags": 0}
            for one in self.ask(host)
        ]

    async def close(self) -> None:
        """Nothing to close."""


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


@contextlib.contextmanager
def told_names(tell: Tell) -> Iterator[None]:
    """Let every fetcher that is made meanwhile ask `tell`, and no name server."""
    names = _Names(tell)
    with (
        mock.patch("aiohttp.DefaultResolver", return_value=names),
        mock.patch("crawler.fetch.name_lookup.ask_system", names.ask),
    ):
        yield
