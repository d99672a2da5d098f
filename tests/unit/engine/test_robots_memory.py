"""What is kept of robots.txt is bounded, and says the same however long it was not wanted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawler.engine.host_book import HostBook
from crawler.engine.robots_memory import MOST, ReadRules, packed, unpacked
from crawler.policy.autothrottle import AutothrottlePolicy
from crawler.policy.politeness import HostLimits, PolitenessPolicy

FILE = b"User-agent: *\n" + b"".join(b"Disallow: /secret%d/\n" % number for number in range(40))


@given(st.binary(max_size=2_000))
def test_a_packed_body_is_the_body_again(body: bytes) -> None:
    assert unpacked(packed(body)) == body


def test_a_long_file_takes_less_memory_packed() -> None:
    assert len(packed(FILE)) < len(FILE) / 3


def test_rules_are_held_up_to_a_size_and_the_oldest_make_room() -> None:
    rules = ReadRules("crawler/1", most=10 * len(FILE))

    for number in range(100):
        rules.read(f"http://h{number}", 200, FILE)

    assert 5 <= len(rules) <= 10
    assert rules.get("http://h0") is None
    newest = rules.get("http://h99")
    assert newest is not None
    assert not newest.allows("http://h99/secret1/")


def test_a_file_larger_than_the_bound_is_held_alone() -> None:
    rules = ReadRules("crawler/1", most=10)

    rules.read("http://a", 200, FILE)
    rules.read("http://b", 404, b"")

    assert rules.get("http://a") is None
    assert rules.get("http://b") is not None


def test_an_answer_read_again_counts_once() -> None:
    rules = ReadRules("crawler/1", most=3 * len(FILE))

    for _ in range(50):
        rules.read("http://a", 200, FILE)
    rules.read("http://b", 200, FILE)

    assert len(rules) == 2


def book() -> HostBook:
    return HostBook(
        PolitenessPolicy(default=HostLimits()), AutothrottlePolicy(), user_agent="crawler/1",
        obey_crawl_delay=True,
    )  # fmt: skip


def test_a_host_is_forbidden_the_same_after_its_rules_made_room_for_others() -> None:
    hosts = book()
    for number in range(20 + MOST // len(FILE)):
        hosts.put_robots(f"h{number}", f"http://h{number}", 200, FILE, 1.0)

    rules = hosts.robots("h0", "http://h0", 2.0)

    assert rules is not None
    assert not rules.allows("http://h0/secret39/x")
    assert rules.allows("http://h0/open")


def test_what_is_stored_is_the_file_as_it_came() -> None:
    hosts, again = book(), book()
    hosts.put_robots("a", "http://a", 200, FILE, 1.0)

    stored = hosts.changed()
    again.load(stored)
    rules = again.robots("a", "http://a", 2.0)

    assert FILE in stored["a"]
    assert rules is not None
    assert not rules.allows("http://a/secret7/")
