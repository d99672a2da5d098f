"""Which addresses may be connected to: the guard against requests into private networks.

A page can name any address: the router, a cloud's metadata service, a database on loopback. The
names of such places prove nothing, as anyone's name server can point anywhere, so what is judged
is the address, at the moment of connecting.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

AddressPolicy = Literal["start", "allow", "deny"]

#: IPv4 ranges that are refused beyond those which `is_global` already knows: this network,
#: carrier-grade NAT, link local, the retired 6to4 relays.
_REFUSED_V4 = tuple(
    ip_network(net) for net in ("0.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "192.88.99.0/24")
)
#: The same for IPv6: site local (RFC 3879 retired it, sites still route it), local NAT64.
_REFUSED_V6 = (IPv6Network("fec0::/10"), IPv6Network("64:ff9b:1::/48"))
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_COMPATIBLE = IPv6Network("::/96")  # RFC 4291 §2.5.5.1


class AddressRefused(Exception):
    """An address that this crawl may not connect to. Deliberately no OSError: no one retries it."""


def is_private(address: str) -> bool:
    """Say whether an address leads, or may lead, anywhere but the public internet.

    Anything that is no IP address counts as private: what cannot be judged is not connected to.
    """
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return True
    if isinstance(ip, IPv4Address):
        return _is_private_v4(ip)
    embedded = _embedded_v4(ip)
    if embedded:
        return any(_is_private_v4(one) for one in embedded)
    return not ip.is_global or ip.is_multicast or any(ip in net for net in _REFUSED_V6)


def _is_private_v4(ip: IPv4Address) -> bool:
    return not ip.is_global or ip.is_multicast or any(ip in net for net in _REFUSED_V4)


def _embedded_v4(ip: IPv6Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses that a gateway would make of an IPv6 address."""
    if ip.ipv4_mapped is not None:
        return (ip.ipv4_mapped,)
    if ip.sixtofour is not None:
        return (ip.sixtofour,)
    if ip.teredo is not None:
        return ip.teredo
    if ip in _NAT64 or ip in _COMPATIBLE:
        return (IPv4Address(int(ip) & 0xFFFF_FFFF),)
    return ()


class AddressGuard:
    """Decides about addresses for one crawl.

    Args:
        policy: "start" refuses private addresses but for the hosts in `allowed`; "allow" refuses
            nothing; "deny" refuses every private address.
        allowed: (host, port) pairs that start URLs and the config name. The pair counts, not the
            host: a crawl of `localhost:8000` may not read what else listens on that machine. A name
            must be private from its first look-up on, and altogether: one that is public, and then
            or besides at loopback, is how a stranger's site reaches into the reader's network (DNS
            rebinding), start URL or not.
    """

    def __init__(self, policy: AddressPolicy, allowed: Iterable[tuple[str, int]] = ()) -> None:
        self._open = policy == "allow"
        pairs = allowed if policy == "start" else ()
        self._allowed = frozenset((_bare(host), port) for host, port in pairs)
        # (address, port) that an allowed host has: all a socket knows of its target.
        self._vetted = {(_plain(host), port) for host, port in self._allowed}
        self._public: set[str] = set()  # allowed names that had a public address

    def check(self, host: str, port: int, addresses: Iterable[str]) -> None:
        """Judge everything a host resolved to; one bad address condemns them all.

        Raises:
            AddressRefused: One of the addresses is private, and nothing names this host and port,
                or the name has, or had, a public address too.
        """
        if self._open:
            return
        found = list(addresses)
        private = [address for address in found if is_private(address)]
        if (_bare(host), port) in self._allowed:
            self._check_named(_bare(host), found, private)
        elif private:
            raise AddressRefused(f"{host} is at the private address {private[0]}")
        self._vetted.update((_plain(address), port) for address in private)

    def _check_named(self, name: str, found: list[str], private: list[str]) -> None:
        if len(private) < len(found):
            self._public.add(name)
        if private and name in self._public:
            raise AddressRefused(
                f"{name} is at the private address {private[0]}, and at a public one as well or"
                " before; if it is yours, set fetch.private_addresses: allow"
            )

    def check_literal(self, host: str, port: int) -> None:
        """Judge a host that is an IP address itself; names are judged once resolved.

        Args:
            host: Lower case, an IPv6 address without brackets.
            port: Where it is to be asked.

        Raises:
            AddressRefused: As in `check`.
        """
        # WHATWG: a host whose last label is a number is an IPv4 address, written out by parsing.
        if self._open or not (":" in host or host.rpartition(".")[2].isdigit()):
            return
        if (host, port) not in self._allowed and is_private(host):
            raise AddressRefused(f"{host} is a private address")

    def check_socket(self, address: str, port: int) -> None:
        """Judge the target of a socket about to be made: the last line, no name is known here.

        Raises:
            AddressRefused: The address is private and was not vetted under an allowed host.
        """
        if self._open or not is_private(address) or (_plain(address), port) in self._vetted:
            return
        raise AddressRefused(f"{address} is a private address")


def _bare(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


def _plain(address: str) -> str:
    """Return one spelling for an address: without zone, IPv6 shortened."""
    try:
        return str(ip_address(address.partition("%")[0]))
    except ValueError:
        return address
