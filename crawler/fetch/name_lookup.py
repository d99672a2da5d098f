"""Finds the addresses of hosts for clients that block, and remembers them.

`getaddrinfo` knows no time limit, so each look-up has a thread of its own, which the caller waits
for as long as it may. Many callers that ask for one name share its look-up.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from crawler.fetch.limits import DNS_ENTRIES, DNS_TTL
from crawler.fetch.missing_names import MissingNames
from crawler.interfaces import Clock


class Address(NamedTuple):
    """Where a socket can be connected to; `scope` tells the links of IPv6 apart, else 0."""

    family: int
    ip: str
    scope: int = 0

    def target(self, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
        """Return it as `socket.connect` takes it."""
        if self.family == socket.AF_INET6:
            return (self.ip, port, 0, self.scope)
        return (self.ip, port)


class NoAddress(OSError):
    """A host has no address: there is no such name, or no name server that answers."""


Ask = Callable[[str], Sequence[Address]]


class _Pending:
    """One look-up under way."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.found: tuple[Address, ...] = ()
        self.error: OSError | None = None


class NameLookup:
    """Looks names up; every method may be called from any thread.

    Args:
        clock: For the age of what is remembered.
        ask: Finds the addresses of a name, for as long as it takes; OSError if there is none.
    """

    def __init__(self, clock: Clock, ask: Ask | None = None) -> None:
        self._clock = clock
        self._ask = ask or ask_system
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, tuple[Address, ...]]] = {}
        self._missing = MissingNames(DNS_TTL, DNS_ENTRIES)
        self._pending: dict[str, _Pending] = {}

    def addresses(self, host: str, seconds: float) -> tuple[Address, ...]:
        """Return the addresses of a host, at least one.

        Args:
            host: A name, or an address without brackets.
            seconds: How long to wait. The look-up itself goes on, for whoever asks next.

        Raises:
            TimeoutError: There is no answer yet.
            NoAddress: There is none.
        """
        if ":" in host or host.rpartition(".")[2].isdigit():
            return _numeric(host)
        now = self._clock.monotonic()
        with self._lock:
            until, known = self._known.get(host, (now, ()))
            if until > now:
                return known
            if self._missing.holds(host, now):
                raise NoAddress(None, "the name does not exist (remembered)")
            pending = self._pending.get(host)
            if pending is None:
                pending = self._pending[host] = _Pending()
                threading.Thread(
                    target=self._look_up, args=(host, pending), name=f"dns {host}", daemon=True
                ).start()
        if not pending.over.wait(max(0.0, seconds)):
            raise TimeoutError(f"no name server answered within {seconds:.3g} s")
        if pending.error is not None:
            raise NoAddress(*pending.error.args) from pending.error
        return pending.found

    def prefer(self, host: str, address: Address) -> None:
        """Try this address of a host first from now on, as it answered when others did not."""
        with self._lock:
            until, known = self._known.get(host, (0.0, ()))
            if address in known:
                rest = (one for one in known if one != address)
                self._known[host] = (until, (address, *rest))

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self._lock:
            for pending in self._pending.values():
                pending.error = pending.error or NoAddress(None, "the fetcher is closed")
                pending.over.set()

    def _look_up(self, host: str, pending: _Pending) -> None:
        found: tuple[Address, ...] = ()
        error: OSError | None = None
        try:
            found = tuple(self._ask(host))
            if not found:
                error = OSError(None, "the name has no address")
        except OSError as caught:
            error = caught
        except UnicodeError:  # a label is empty, or longer than 63 letters
            error = OSError(None, "no name can look like this")
        now = self._clock.monotonic()
        with self._lock:
            del self._pending[host]
            if error is not None:
                self._missing.note(host, error, now)
            else:
                self._keep(host, found, now)
            pending.found, pending.error = found, error
            pending.over.set()

    def _keep(self, host: str, found: tuple[Address, ...], now: float) -> None:
        self._known.pop(host, None)
        self._known[host] = (now + DNS_TTL, found)
        if len(self._known) > DNS_ENTRIES:
            del self._known[next(iter(self._known))]


def ask_system(host: str) -> tuple[Address, ...]:
    """Ask the system's resolver.

    Raises:
        NoAddress: There is none; the cause says whether that is final.
    """
    return _resolve(host, socket.AI_ADDRCONFIG)


def _numeric(host: str) -> tuple[Address, ...]:
    return _resolve(host, socket.AI_NUMERICHOST)


def _resolve(host: str, flags: int) -> tuple[Address, ...]:
    try:
        infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=flags)
    except socket.gaierror as error:
        # Its numbers are not the system's: strerror would make nonsense of them.
        raise NoAddress(None, str(error.strerror or error).lower()) from error
    return tuple(
        Address(family, str(target[0]), int(target[3]) if len(target) == 4 else 0)
        for family, _, _, _, target in infos
    )
