from __future__ import annotations

import pytest

from crawler.errors import ConfigError
from crawler.policy.scope import Scope, ScopeDecision


@pytest.mark.parametrize(
    ("host", "url", "admitted"),
    [
        ("shop.example", "http://shop.example/", True),
        ("shop.example", "https://shop.example/", True),
        ("shop.example", "https://shop.example:80/", True),
        ("shop.example", "http://shop.example:8080/", False),
        ("shop.example", "http://www.shop.example/", False),
        ("shop.example", "http://myshop.example/", False),
        ("Shop.Example", "http://shop.example/", True),
        ("shop.example:8080", "http://shop.example:8080/", True),
        ("shop.example:8080", "http://shop.example/", False),
        ("shop.example:443", "https://shop.example/", True),
        ("*.shop.example", "http://a.b.shop.example/", True),
        ("*.shop.example", "http://shop.example/", False),
        ("*.shop.example", "http://a.shop.example:81/", False),
        ("*.shop.example:81", "http://a.shop.example:81/", True),
        ("b\u00fccher.example", "http://xn--bcher-kva.example/", True),
        ("[::1]:8080", "http://[::1]:8080/", True),
    ],
)
def test_a_host_entry_names_one_host_and_its_ports(host: str, url: str, admitted: bool) -> None:
    assert Scope(hosts=[host]).admits(url) is admitted


@pytest.mark.parametrize(
    ("url", "admitted"),
    [
        ("http://shop.example/", True),
        ("http://www.shop.example:8080/", True),
        ("http://myshop.example/", False),
    ],
)
def test_a_domain_names_all_hosts_below_it_on_any_port(url: str, admitted: bool) -> None:
    assert Scope(domains=["shop.example"]).admits(url) is admitted


def test_without_hosts_and_domains_every_host_is_in_scope() -> None:
    assert Scope().admits("http://anything.example:99/")


def test_a_host_can_join_later() -> None:
    scope = Scope(hosts=["a.example"])
    assert not scope.admits("http://b.example/")

    scope.add_host("b.example")

    assert scope.admits("http://b.example/")


def test_a_host_that_joins_does_not_close_an_open_scope() -> None:
    scope = Scope()

    scope.add_host("b.example")

    assert scope.admits("http://c.example/")


def test_deny_wins_over_allow_and_neither_sees_the_host() -> None:
    scope = Scope(allow=["/catalogue/**"], deny=["**/print/**"])

    assert scope.admits("http://a.example/catalogue/x")
    assert not scope.admits("http://a.example/catalogue/print/x")
    assert not scope.admits("http://catalogue.example/other")


def test_a_link_farm_of_hosts_changes_no_verdict() -> None:
    scope = Scope(domains=["in.example"])

    for number in range(10_000):
        assert scope.admits(f"http://h{number}.in.example/")
        assert not scope.admits(f"http://h{number}.out.example/")


@pytest.mark.parametrize(
    ("url", "decision"),
    [
        (
            "http://b.example/",
            ScopeDecision(False, "hosts", None, "host b.example is not in scope"),
        ),
        (
            "http://a.example/c/print/x",
            ScopeDecision(False, "deny", 1, "scope.deny has '**/print/**'"),
        ),
        (
            "http://a.example/x",
            ScopeDecision(False, "allow", None, "nothing in scope.allow matches /x"),
        ),
        ("http://a.example/c/x", ScopeDecision(True, "allow", 0, "scope.allow has '/c/**'")),
    ],
)
def test_the_rule_that_decides_about_a_url_is_named(url: str, decision: ScopeDecision) -> None:
    scope = Scope(hosts=["a.example"], allow=["/c/**"], deny=["/never", "**/print/**"])

    assert scope.decide(url) == decision
    assert scope.admits(url) is decision.admitted


def test_without_patterns_the_host_decides() -> None:
    assert Scope(hosts=["a.example"]).decide("http://a.example/x").key == "hosts"
    assert Scope().decide("http://a.example/x").words == "every host is in scope"


@pytest.mark.parametrize(
    "host", ["", "http://a.example", "a.example/x", "a b", "a.example:x", "*", "me@a.example"]
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match="host"):
        Scope(hosts=[host])


def test_a_closed_scope_has_only_the_hosts_that_were_added() -> None:
    scope = Scope(closed=True)
    before = scope.admits("http://a.example/")

    scope.add_host("a.example")

    assert not before
    assert scope.admits("http://a.example/")
    assert not scope.admits("http://b.example/")


def test_a_domain_has_no_port() -> None:
    with pytest.raises(ConfigError, match="must not name a port"):
        Scope(domains=["a.example:81"])
