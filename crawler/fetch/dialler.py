"""Connects for a client that blocks: to checked addresses alone, in time."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from crawler.fetch.addresses import AddressGuard
from crawler.fetch.connect_failure import SILENT_NAMES, connect_failure
from crawler.fetch.name_lookup import Address, NameLookup, NoAddress
from crawler.fetch.race import Race
from crawler.interfaces import Clock

#: A limit that has passed: no time at all would mean a socket that does not wait.
_AT_ONCE = 0.001


class NotConnected(Exception):
    """There is no connection to be had; the message says why, in words."""


class UnknownHost(NotConnected):
    """There is none as nobody knows the host's address."""


class Dialler:
    """Makes connections; may be used by many threads.

    Args:
        guard: Judges every address, after the name was looked up and before anything is sent, so
            that a name cannot point elsewhere between the check and the connection.
        lookup: Finds the addresses.
        clock: For the limits.
    """

    def __init__(self, guard: AddressGuard, lookup: NameLookup, clock: Clock) -> None:
        self._guard = guard
        self._lookup = lookup
        self._clock = clock

    def left(self, ends: float) -> float:
        """Return the seconds until `ends`, as the time limit of a socket."""
        return max(_AT_ONCE, ends - self._clock.monotonic())

    def dial(self, host: str, port: int, ends: float) -> socket.socket:
        """Connect.

        Args:
            host: A name, or an address without brackets.
            port: Its port.
            ends: Monotonic second at which to give up; what is left of it is the socket's limit.

        Raises:
            AddressRefused: The host has a private address, and nothing names it.
            UnknownHost: Its name has no address, or no name server said it in time.
            NotConnected: Nothing answers there.
            TimeoutError: The time is up.
        """
        try:
            addresses = self._lookup.addresses(host, self.left(ends))
        except NoAddress as error:
            raise UnknownHost(connect_failure(host, port, error)) from error
        except TimeoutError as error:
            silence = OSError(None, SILENT_NAMES)
            raise UnknownHost(connect_failure(host, port, silence)) from error
        self._guard.check(host, port, (address.ip for address in addresses))
        try:
            made, address = self._first(addresses, port, ends)
        except TimeoutError as error:
            said = f"cannot connect to {host}:{port}: no answer in time"
            raise TimeoutError(said) from error
        except OSError as error:
            raise NotConnected(connect_failure(host, port, error)) from error
        if address is not addresses[0]:
            self._lookup.prefer(host, address)
        made.settimeout(self.left(ends))
        return made

    def _first(
        self, addresses: Sequence[Address], port: int, ends: float
    ) -> tuple[socket.socket, Address]:
        def check(address: Address) -> None:
            self._guard.check_socket(address.ip, port)

        if len(addresses) == 1:
            check(addresses[0])
            return self._connect(addresses[0], port, self.left(ends)), addresses[0]
        return Race(port, ends, self._clock, check).run(addresses)

    def _connect(self, address: Address, port: int, seconds: float) -> socket.socket:
        made = socket.socket(address.family, socket.SOCK_STREAM)
        try:
            made.settimeout(seconds)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.connect(address.target(port))
        except BaseException:
            made.close()
            raise
        return made
