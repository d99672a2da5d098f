from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import ConfigError
from crawler.policy.politeness import HostLimits, LimitRule, PolitenessPolicy, delay_between


@pytest.mark.parametrize(
    ("match", "host", "meant"),
    [
        ("api.example/**", "api.example", True),
        ("api.example", "api.example", True),
        ("API.example/", "api.example", True),
        ("api.example/**", "api.example:8443", True),
        ("api.example:8443/**", "api.example:8443", True),
        ("api.example:8443/**", "api.example", False),
        ("api.example/**", "www.api.example", False),
        ("*.example/**", "a.b.example", True),
        ("*.example/**", "a.example:81", True),
        ("*.example/**", "example", False),
        ("*.example/**", "counterexample", False),
        ("[::1]/**", "[::1]:8080", True),
        ("[::1]/**", "[::1]", True),
    ],
)
def test_a_limit_is_meant_for_the_hosts_its_pattern_names(
    match: str, host: str, meant: bool
) -> None:
    assert LimitRule(match=match).matches(host) is meant


@pytest.mark.parametrize("match", ["", "/**", "a.example/search/**", "a.*.example/**", "*/**"])
def test_a_pattern_that_names_no_whole_host_is_refused(match: str) -> None:
    with pytest.raises(ConfigError):
        LimitRule(match=match)


def test_the_first_rule_that_matches_counts_and_leaves_the_rest_as_it_was() -> None:
    policy = PolitenessPolicy(
        default=HostLimits(concurrency=2, delay=0.5),
        limits=(
            LimitRule(match="api.example/**", delay=2.0),
            LimitRule(match="*.example/**", delay=9.0, concurrency=1),
            LimitRule(match="api.example/**", concurrency=8, adaptive=False),
        ),
    )

    assert policy.for_host("api.example") == HostLimits(concurrency=2, delay=2.0)
    assert policy.for_host("www.example") == HostLimits(concurrency=1, delay=9.0)
    assert policy.for_host("other.test") == policy.default


seconds = st.floats(0, 1e6)


@given(seconds, st.none() | seconds, seconds)
def test_whoever_asks_for_the_longest_pause_gets_it(
    delay: float, crawl_delay: float | None, adaptive: float
) -> None:
    longest = delay_between(delay, crawl_delay, adaptive)

    assert longest == max(delay, crawl_delay or 0.0, adaptive)
