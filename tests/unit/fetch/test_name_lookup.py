from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from crawler.fetch.limits import DNS_TTL
from crawler.fetch.name_lookup import Address, NameLookup, NoAddress
from crawler.testing.fake_clock import FakeClock

ONE, TWO = Address(socket.AF_INET, "192.0.2.1"), Address(socket.AF_INET6, "2001:db8::2")


class Servers:
    """Name servers that answer when they are let."""

    def __init__(self, *found: Address) -> None:
        self.found = found
        self.error: OSError | None = None
        self.asked: list[str] = []
        self.begun = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self, host: str) -> tuple[Address, ...]:
        self.asked.append(host)
        self.begun.set()
        self.may_answer.wait()
        if self.error is not None:
            raise self.error
        return self.found


@pytest.fixture
def servers() -> Iterator[Servers]:
    made = Servers(ONE, TWO)
    yield made
    made.may_answer.set()


async def test_addresses_are_remembered_for_a_while(servers: Servers) -> None:
    clock = FakeClock()
    lookup = NameLookup(clock, servers)
    for _ in range(2):
        assert lookup.addresses("a.test", 5.0) == (ONE, TWO)
    await clock.advance(DNS_TTL)
    lookup.addresses("a.test", 5.0)

    assert servers.asked == ["a.test", "a.test"]


def test_a_name_that_does_not_exist_is_remembered_and_a_bad_moment_is_not(
    servers: Servers,
) -> None:
    lookup = NameLookup(FakeClock(), servers)
    for code in (socket.EAI_AGAIN, socket.EAI_NONAME, socket.EAI_NONAME):
        servers.error = OSError(None, "no")
        servers.error.__cause__ = socket.gaierror(code, "no")
        with pytest.raises(NoAddress):
            lookup.addresses("a.test", 5.0)

    assert servers.asked == ["a.test", "a.test"]


def test_a_name_without_any_address_has_none(servers: Servers) -> None:
    servers.found = ()

    with pytest.raises(NoAddress, match="no address"):
        NameLookup(FakeClock(), servers).addresses("a.test", 5.0)


def test_threads_that_ask_for_one_name_share_its_look_up(servers: Servers) -> None:
    servers.may_answer.clear()
    lookup = NameLookup(FakeClock(), servers)
    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(lookup.addresses, "a.test", 60.0) for _ in range(8)]
        servers.begun.wait()
        servers.may_answer.set()
        found = {one.result() for one in asking}

    assert found == {(ONE, TWO)}
    assert servers.asked == ["a.test"]


def test_nobody_waits_longer_than_it_may_and_the_answer_serves_the_next(servers: Servers) -> None:
    servers.may_answer.clear()
    lookup = NameLookup(FakeClock(), servers)

    with pytest.raises(TimeoutError, match="name server"):
        lookup.addresses("a.test", 0.0)
    servers.may_answer.set()

    assert lookup.addresses("a.test", 60.0) == (ONE, TWO)
    assert servers.asked == ["a.test"]


def test_closing_lets_nobody_wait(servers: Servers) -> None:
    servers.may_answer.clear()
    lookup = NameLookup(FakeClock(), servers)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(lookup.addresses, "a.test", 60.0)
        servers.begun.wait()
        lookup.close()

        with pytest.raises(NoAddress, match="closed"):
            asking.result()
        servers.may_answer.set()


def test_the_address_that_answered_goes_first(servers: Servers) -> None:
    lookup = NameLookup(FakeClock(), servers)
    lookup.addresses("a.test", 5.0)

    lookup.prefer("a.test", TWO)
    lookup.prefer("a.test", Address(socket.AF_INET, "192.0.2.9"))
    lookup.prefer("unknown.test", ONE)

    assert lookup.addresses("a.test", 5.0) == (TWO, ONE)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_address_is_its_own(servers: Servers, host: str) -> None:
    found = NameLookup(FakeClock(), servers).addresses(host, 0.0)

    assert [address.ip for address in found] == [host]
    assert servers.asked == []


@pytest.mark.parametrize("host", ["999.1.1.1", "1.2.3.4.5"])
def test_what_only_looks_like_an_address_is_none(servers: Servers, host: str) -> None:
    with pytest.raises(NoAddress):
        NameLookup(FakeClock(), servers).addresses(host, 0.0)


@pytest.mark.parametrize("host", ["a..test", "a" * 64 + ".test"])
def test_an_impossible_name_has_no_address(host: str) -> None:
    with pytest.raises(NoAddress, match="look like this"):
        NameLookup(FakeClock()).addresses(host, 60.0)


def test_a_socket_is_told_where_to_go() -> None:
    assert ONE.target(80) == ("192.0.2.1", 80)
    assert TWO._replace(scope=3).target(443) == ("2001:db8::2", 443, 0, 3)
