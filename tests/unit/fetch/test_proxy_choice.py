"""Claims about which proxy a request goes through."""

from __future__ import annotations

import pytest

from crawler.fetch.proxy_choice import (
    MAX_MOVED,
    REST,
    ProxyChoice,
    ProxyFailed,
    ProxyRules,
    tunnel_refused,
)
from crawler.outcome import ErrorClass
from crawler.policy.access import Proxy
from crawler.testing.fake_clock import FakeClock

ONE, TWO, THREE = (Proxy(f"p{number}.example", 8080) for number in (1, 2, 3))
ALL = (ONE, TWO, THREE)
BROKEN = ProxyFailed("gone", is_broken=True)


def choice(clock: FakeClock | None = None, **rules: object) -> ProxyChoice:
    made = ProxyRules(**({"http": ALL, "https": ALL} | rules))  # type: ignore[arg-type]
    return ProxyChoice(made, (clock or FakeClock()).monotonic)


def test_without_proxies_there_is_no_proxy() -> None:
    assert choice(http=(), https=()).choose("https://a.example/") is None


def test_each_request_takes_the_next_one() -> None:
    made = choice(rotate="request")
    assert [made.choose("http://a.example/") for _ in range(6)] == [*ALL, *ALL]


def test_each_host_keeps_its_proxy_and_hosts_are_spread() -> None:
    made, again = choice(), choice()
    urls = [f"https://host{number}.example/" for number in range(50)]
    chosen = [made.choose(url) for url in urls]
    assert chosen == [made.choose(f"{url}other?page=2") for url in urls]
    assert chosen == [again.choose(url) for url in urls], "a restart keeps them"
    assert set(chosen) == set(ALL)


def test_the_scheme_picks_the_list() -> None:
    made = choice(http=(ONE,), https=(TWO,))
    assert made.choose("http://a.example/") == ONE
    assert made.choose("https://a.example/") == TWO


@pytest.mark.parametrize(
    ("url", "is_meant"),
    [
        ("http://a.example/", True),
        ("http://x.b.example:8080/", True),
        ("http://b.example/", False),
        ("http://c.example/", False),
        ("http://inner.b.example/", False),
    ],
)
def test_patterns_say_who_goes_through_a_proxy(url: str, is_meant: bool) -> None:
    made = choice(match=("a.example", "*.b.example/**"), direct=("inner.b.example",))
    assert (made.choose(url) is not None) == is_meant


async def test_a_broken_proxy_rests_while_there_are_others() -> None:
    clock = FakeClock()
    made = choice(clock)
    url = "http://a.example/"
    first = made.choose(url)
    assert first is not None
    made.failed(first, url, BROKEN)
    assert made.choose(url) not in (None, first)
    await clock.advance(REST)
    assert made.choose(url) == first


def test_when_all_are_broken_one_is_tried_all_the_same() -> None:
    made = choice()
    for proxy in ALL:
        made.failed(proxy, "http://a.example/", BROKEN)
    assert made.choose("http://a.example/") in ALL


def test_one_that_works_again_is_used_again() -> None:
    made = choice(http=(ONE, TWO), rotate="request")
    made.failed(ONE, "http://a.example/", BROKEN)
    made.worked(ONE)
    assert {made.choose("http://a.example/") for _ in range(2)} == {ONE, TWO}


def test_a_host_that_a_proxy_refuses_moves_on_alone() -> None:
    made = choice()
    urls = [f"http://host{number}.example/" for number in range(20)]
    before = [made.choose(url) for url in urls]
    assert before[0] is not None
    made.failed(before[0], urls[0], ProxyFailed("no"))
    after = [made.choose(url) for url in urls]
    assert after[0] != before[0]
    assert after[1:] == before[1:]


def test_a_target_that_cannot_be_reached_is_no_fault_of_the_proxy() -> None:
    made, url = choice(), "https://a.example/"
    first = made.choose(url)
    assert first is not None
    error = tunnel_refused(first, "a.example:443", 502)
    made.failed(first, url, error)
    assert error.kind == ErrorClass.CONNECT
    assert made.choose(url) == first


def test_what_is_remembered_of_hosts_is_bounded() -> None:
    made = choice()
    for number in range(MAX_MOVED + 10):
        made.failed(ONE, f"http://h{number}.example/", ProxyFailed("no"))
    assert len(made._moved) <= MAX_MOVED
