"""Connects to the first of several addresses that answers: "happy eyeballs" (RFC 8305).

A host with an address of each family is common, and so is one of them being broken. Trying one
after the other would cost the whole time limit of the broken one for every connection.
"""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import socket
from collections.abc import Callable, Sequence

from crawler.fetch.name_lookup import Address
from crawler.interfaces import Clock

#: Seconds until the next address is tried while those before have not answered (RFC 8305 §5).
STAGGER = 0.25

Check = Callable[[Address], None]


def interleaved(addresses: Sequence[Address]) -> list[Address]:
    """Return addresses so that the families take turns, the first address staying first (§4)."""
    first = [one for one in addresses if one.family == addresses[0].family]
    other = [one for one in addresses if one.family != addresses[0].family]
    turns: list[Address] = []
    for n in range(max(len(first), len(other))):
        turns += first[n : n + 1] + other[n : n + 1]
    return turns


class Race:
    """Attempts to connect, each begun a little later than the one before; for one connection.

    Args:
        port: Of the host, at every address.
        ends: Monotonic second at which to give up.
        clock: For the limits.
        check: Judges an address right before a socket is made for it; may raise.
    """

    def __init__(self, port: int, ends: float, clock: Clock, check: Check) -> None:
        self._port = port
        self._ends = ends
        self._clock = clock
        self._check = check
        self._running: dict[socket.socket, Address] = {}
        self._failure: OSError | None = None

    def run(self, addresses: Sequence[Address]) -> tuple[socket.socket, Address]:
        """Return the first connection, as a socket that blocks, and its address.

        Raises:
            TimeoutError: None of them answered in time.
            OSError: Each of them failed; why the last one did.
        """
        waiting = interleaved(addresses)[::-1]
        winner: socket.socket | None = None
        with selectors.DefaultSelector() as selector:
            try:
                while winner is None and (waiting or self._running):
                    if waiting:
                        winner = self._begin(waiting.pop(), selector)
                    if winner is None and self._running:
                        winner = self._wait(selector, stagger=bool(waiting))
                if winner is None:
                    raise self._failure or OSError(None, "it has no address")
                address = self._running.pop(winner)
            finally:
                for loser in self._running:
                    loser.close()
        winner.setblocking(True)
        return winner, address

    def _begin(self, address: Address, selector: selectors.BaseSelector) -> socket.socket | None:
        """Begin an attempt; return its socket if that is connected already."""
        self._check(address)
        made: socket.socket | None = None
        try:
            made = socket.socket(address.family, socket.SOCK_STREAM)
            made.setblocking(False)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            code = made.connect_ex(address.target(self._port))
            if code not in (0, errno.EINPROGRESS):
                raise OSError(code, os.strerror(code))
        except OSError as error:
            self._failure = error
            if made is not None:
                made.close()
            return None
        self._running[made] = address
        if code:
            selector.register(made, selectors.EVENT_WRITE)
        return None if code else made

    def _wait(self, selector: selectors.BaseSelector, *, stagger: bool) -> socket.socket | None:
        """Wait for the attempts; return the one that is connected, None to begin another."""
        until = min(self._ends, self._clock.monotonic() + STAGGER) if stagger else self._ends
        left = until - self._clock.monotonic()
        for key, _ in selector.select(max(0.0, left)):
            one = key.fileobj
            assert isinstance(one, socket.socket)
            code = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not code:
                return one
            self._failure = OSError(code, os.strerror(code))
            selector.unregister(one)
            del self._running[one]
            with contextlib.suppress(OSError):
                one.close()
        if self._clock.monotonic() >= self._ends:
            raise TimeoutError
        return None
