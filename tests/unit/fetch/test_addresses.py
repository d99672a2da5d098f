from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.fetch.addresses import AddressGuard, AddressRefused, is_private
from crawler.urls import UrlError, parse, port
from crawler.urls import hostname as host_of

# Ways to write an address inside: as hosts of URLs, as a page could write them.
SPELLINGS = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1",
    "017700000001", "127.0.0.1.", "0x7F.0x0.0x0.0x1", "127.255.255.254", "0", "0.0.0.0", "0x0",
    "0.1.2.3", "%31%32%37.0.0.1", "\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021",
    "\u2460\u2461\u2466.0.0.1", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::10.0.0.1]",
    "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2002:a00:1::1]", "[2001:0:7f00:1::]", "[fc00::1]",
    "[fd12:3456::1]", "[fe80::1]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]", "10.0.0.1", "10.1",
    "172.16.0.1", "172.31.255.255", "192.168.1.1", "0xC0A80101", "169.254.169.254", "2852039166",
    "100.64.0.1", "100.127.255.255", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9",
    "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "user@127.0.0.1", "127.0.0.1;@127.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_a_private_address_gets_past(spelling: str) -> None:
    try:
        url = parse(f"http://{spelling}/")
    except UrlError:
        return  # refused even earlier

    with pytest.raises(AddressRefused):
        AddressGuard("start").check_literal(host_of(url), port(url))


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808"],
)
def test_public_addresses_are_not_private(address: str) -> None:
    assert not is_private(address)


def test_6to4_and_teredo_are_judged_by_every_address_inside() -> None:
    assert not is_private("2002:808:808::1")
    # Server 8.8.8.8 in the clear, client 127.0.0.1 with its bits turned over.
    assert is_private("2001:0:808:808::80ff:fffe")


@pytest.mark.parametrize("what", ["", "localhost", "no address", "1.2.3", "::1::"])
def test_what_is_no_address_counts_as_private(what: str) -> None:
    assert is_private(what)


def test_a_zone_does_not_hide_a_link_local_address() -> None:
    assert is_private("fe80::1%eth0")


@given(st.builds(IPv4Address, st.integers(0, 2**32 - 1)))
def test_an_address_is_judged_the_same_in_every_ipv6_wrapping(
    ip: IPv4Address,
) -> None:
    plain = str(ip)
    number = int(ip)
    nat64 = f"64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}"

    assert is_private(plain) == is_private(f"::ffff:{plain}") == is_private(nat64)


def test_only_the_named_host_and_port_may_be_private() -> None:
    guard = AddressGuard("start", [("intranet.example", 8080)])

    guard.check("intranet.example", 8080, ["10.0.0.5"])
    with pytest.raises(AddressRefused):
        guard.check("intranet.example", 80, ["10.0.0.5"])
    with pytest.raises(AddressRefused):
        guard.check("other.example", 8080, ["10.0.0.5"])


def test_one_private_answer_among_public_ones_condemns_a_name() -> None:
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.5"):
        AddressGuard("start").check("mixed.example", 80, ["8.8.8.8", "10.0.0.5"])


def test_a_socket_goes_to_private_addresses_only_after_its_name_was_judged() -> None:
    guard = AddressGuard("start", [("intranet.example", 8080)])
    with pytest.raises(AddressRefused):
        guard.check_socket("10.0.0.5", 8080)

    guard.check("intranet.example", 8080, ["10.0.0.5"])

    guard.check_socket("10.0.0.5", 8080)
    with pytest.raises(AddressRefused):
        guard.check_socket("10.0.0.5", 80)


def test_a_named_literal_may_be_connected_to_in_any_spelling_of_ipv6() -> None:
    guard = AddressGuard("start", [("[::1]", 8000)])

    guard.check_literal("::1", 8000)
    guard.check_socket("0:0:0:0:0:0:0:1", 8000)


@pytest.mark.parametrize("host", ["node1", "web.node1", "1.example", "xn--p1"])
def test_a_name_that_ends_in_a_digit_is_still_a_name(host: str) -> None:
    AddressGuard("start").check_literal(host, 80)


def test_policy_allow_refuses_nothing() -> None:
    guard = AddressGuard("allow")

    guard.check("x.example", 80, ["127.0.0.1"])
    guard.check_literal("169.254.169.254", 80)
    guard.check_socket("::1", 1)


def test_policy_deny_refuses_even_what_is_named() -> None:
    guard = AddressGuard("deny", [("127.0.0.1", 80)])

    with pytest.raises(AddressRefused):
        guard.check_literal("127.0.0.1", 80)
    with pytest.raises(AddressRefused):
        guard.check_socket("127.0.0.1", 80)


def test_a_named_host_that_was_public_may_not_become_private() -> None:
    guard = AddressGuard("start", [("shop.example", 80)])
    guard.check("shop.example", 80, ["8.8.8.8"])

    with pytest.raises(AddressRefused, match="as well or before"):
        guard.check("shop.example", 80, ["127.0.0.1"])
    with pytest.raises(AddressRefused):
        guard.check_socket("127.0.0.1", 80)


def test_a_named_host_may_not_be_public_and_private_at_once() -> None:
    guard = AddressGuard("start", [("shop.example", 80)])

    with pytest.raises(AddressRefused, match="private_addresses: allow"):
        guard.check("shop.example", 80, ["8.8.8.8", "127.0.0.1"])


def test_a_named_host_that_is_private_may_move_to_another_private_address() -> None:
    guard = AddressGuard("start", [("intranet.example", 80)])

    guard.check("intranet.example", 80, ["10.0.0.5", "fd00::5"])
    guard.check("intranet.example", 80, ["10.0.0.6"])

    guard.check_socket("10.0.0.6", 80)
