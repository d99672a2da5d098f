from __future__ import annotations

import socket

from crawler.fetch.missing_names import MissingNames


def final() -> OSError:
    return socket.gaierror(socket.EAI_NONAME, "unknown name")


def test_a_missing_name_is_held_for_its_time() -> None:
    names = MissingNames(ttl=300, size=10)

    names.note("a.example", final(), now=0.0)

    assert names.holds("a.example", 299.9)
    assert not names.holds("a.example", 300.0)
    assert not names.holds("b.example", 0.0)


def test_the_resolvers_own_word_for_missing_is_known() -> None:
    names = MissingNames(ttl=300, size=10)
    error = OSError(None, "Domain name not found")
    error.__cause__ = Exception(4, "Domain name not found")

    names.note("a.example", error, now=0.0)

    assert names.holds("a.example", 1.0)


def test_a_bad_moment_of_the_name_server_is_not_held() -> None:
    names = MissingNames(ttl=300, size=10)
    timeout = OSError(None, "Timeout while contacting DNS servers")
    timeout.__cause__ = Exception(12, "Timeout while contacting DNS servers")

    names.note("a.example", timeout, now=0.0)
    names.note("b.example", socket.gaierror(socket.EAI_AGAIN, "try again"), now=0.0)

    assert not names.holds("a.example", 1.0)
    assert not names.holds("b.example", 1.0)


def test_the_oldest_goes_when_there_are_too_many() -> None:
    names = MissingNames(ttl=300, size=2)

    for host in ("a", "b", "a", "c"):
        names.note(host, final(), now=0.0)

    assert [names.holds(host, 1.0) for host in "abc"] == [True, False, True]
