from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.url_patterns import MAX_HOSTS, MAX_QUERIES, UrlPatterns
from crawler.urls import UrlError, parse


@pytest.mark.parametrize(
    ("url", "pattern"),
    [
        ("http://a.example/", "a.example/"),
        ("https://a.example/x", "a.example/x"),
        ("http://a.example:8080/x/", "a.example:8080/x"),
        ("http://[::1]:8080/x1", "[::1]:8080/x#"),
        ("http://a.example/calendar/2026/11.html", "a.example/calendar/#/#.html"),
        ("http://a.example/a/a/a/a", "a.example/a"),
        ("http://a.example/a/b/a/b/c", "a.example/a/b/c"),
        ("http://a.example/s/0deadbeef0/x", "a.example/s/*/x"),
        ("http://a.example/s/deadbeef/x", "a.example/s/deadbeef/x"),
        ("http://a.example/s/Zk3jQ9xYv7LmP2aB/x", "a.example/s/*/x"),
        ("http://a.example/20261122/x", "a.example/#/x"),
        ("http://a.example/x;jsessionid=0A1B2C", "a.example/x;jsessionid"),
        ("http://a.example/x?b=1&a=2&b=3", "a.example/x?a,b"),
        ("http://a.example/x?f[1]=1&f[20]=2", "a.example/x?f[#]"),
        ("http://a.example/x?sid=0a1b", "a.example/x?sid"),
        ("http://a.example/x?", "a.example/x"),
    ],
)
def test_numbers_ids_repeated_segments_and_the_order_of_a_query_are_folded(
    url: str, pattern: str
) -> None:
    assert UrlPatterns().pattern_of(url) == pattern


def test_ever_more_kinds_of_queries_become_one() -> None:
    patterns = UrlPatterns()
    names = [chr(97 + n) for n in range(26)]
    for name in names:
        patterns.note(f"http://a.example/x?{name}=1")

    found = {patterns.pattern_of(f"http://a.example/x?{name}=1") for name in names}

    assert len(found) == MAX_QUERIES + 1
    assert "a.example/x?*" in found
    assert patterns.pattern_of("http://a.example/y?z=1") == "a.example/y?z"


def test_ever_more_hosts_of_a_domain_become_one() -> None:
    patterns = UrlPatterns()

    found = [patterns.pattern_of(f"http://h{n}.shop.co.uk:81/x") for n in range(50)]

    assert found[:MAX_HOSTS] == [f"h{n}.shop.co.uk:81/x" for n in range(MAX_HOSTS)]
    assert set(found[MAX_HOSTS:]) == {"shop.co.uk:81/x"}
    assert patterns.pattern_of("http://h3.shop.co.uk:81/x") == "h3.shop.co.uk:81/x"


def test_sites_of_one_public_suffix_stay_apart() -> None:
    patterns = UrlPatterns()

    found = {patterns.pattern_of(f"http://www.s{n}.co.uk/") for n in range(50)}

    assert len(found) == 50


@given(st.text(max_size=80))
def test_every_url_has_a_short_pattern_and_always_the_same(tail: str) -> None:
    try:
        url = parse(f"http://a.example/{tail}")
    except UrlError:
        return
    patterns = UrlPatterns()
    first = patterns.pattern_of(url)

    patterns.note(url)

    assert patterns.pattern_of(url) == first
    assert len(first) < 420
    assert first.startswith("a.example/")
