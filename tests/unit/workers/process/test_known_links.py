from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawler.frontier.familiar_links import LONGEST, MOST
from crawler.outcome import LinkBatch
from crawler.workers.process.known_links import KnownLinks


def batch(*urls: str, label: str | None = None, rank: int = 0) -> LinkBatch:
    return LinkBatch(list(urls), label, rank)


def test_a_link_goes_once_however_often_it_is_found() -> None:
    known = KnownLinks()

    first = known.unsent(batch("http://a/1", "http://a/2"), 1)
    again = known.unsent(batch("http://a/1", "http://a/3"), 1)
    none = known.unsent(batch("http://a/2"), 1)

    assert first == batch("http://a/1", "http://a/2")
    assert again == batch("http://a/3")
    assert none is None


def test_a_link_that_is_found_shallower_goes_again() -> None:
    known = KnownLinks()
    known.unsent(batch("http://a/1"), 5)

    assert known.unsent(batch("http://a/1"), 5) is None
    assert known.unsent(batch("http://a/1"), 4) == batch("http://a/1")
    assert known.unsent(batch("http://a/1"), 4) is None


def test_a_link_under_another_label_goes_again_with_its_label() -> None:
    known = KnownLinks()
    known.unsent(batch("http://a/1"), 1)

    other = known.unsent(batch("http://a/1", label="book", rank=2), 1)

    assert other == batch("http://a/1", label="book", rank=2)


def test_a_filter_that_is_full_begins_anew() -> None:
    known, many = KnownLinks(), [f"http://a/{number}" for number in range(2 * MOST)]
    known.unsent(batch(*many), 1)

    assert known.unsent(batch("http://a/1"), 1) == batch("http://a/1")
    assert known.unsent(batch("http://a/1"), 1) is None


def test_a_link_of_great_length_is_not_remembered() -> None:
    known, long = KnownLinks(), "http://a/" + "x" * LONGEST

    assert known.unsent(batch(long), 1) == batch(long)
    assert known.unsent(batch(long), 1) == batch(long)


Found = tuple[int, int, int]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6), st.integers(0, 2)), max_size=200))
def test_the_parent_hears_of_every_link_at_its_best_depth_under_each_label(
    found: list[Found],
) -> None:
    known = KnownLinks()
    told: dict[tuple[int, int], int] = {}
    truth: dict[tuple[int, int], int] = {}

    for number, depth, rank in found:
        label = f"label{rank}" if rank else None
        sent = known.unsent(batch(f"http://a/{number}", label=label, rank=rank), depth)
        key = (number, rank)
        truth[key] = min(depth, truth.get(key, depth))
        if sent is not None:
            told[key] = min(depth, told.get(key, depth))

    assert told == truth
