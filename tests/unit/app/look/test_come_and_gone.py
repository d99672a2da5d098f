"""What two lists have in common, whatever their length."""

from __future__ import annotations

from collections import Counter

import pytest

from crawler.app.look.come_and_gone import Entry, Listing, differences


def listing(**entries: int) -> Listing:
    return lambda: (Entry(key, digest) for key, digest in entries.items())


def test_each_key_is_gone_come_changed_or_the_same() -> None:
    found = differences(listing(a=1, b=2, c=3), listing(b=2, c=4, d=5))

    assert sorted(found) == [("changed", "c"), ("come", "d"), ("gone", "a"), ("same", "b")]


@pytest.mark.parametrize("held", [1, 7, 100, 1_000])
def test_lists_longer_than_what_may_be_held_give_the_same(held: int) -> None:
    old = listing(**{f"key{number}": number for number in range(300)})
    new = listing(**{f"key{number}": number - number % 2 for number in range(100, 350)})

    counts = Counter(what for what, _ in differences(old, new, held))

    assert counts == {"gone": 100, "same": 100, "changed": 100, "come": 50}


def test_empty_lists_differ_in_nothing() -> None:
    assert list(differences(listing(), listing())) == []
