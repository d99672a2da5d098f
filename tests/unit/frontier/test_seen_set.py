from __future__ import annotations

from collections.abc import Iterable

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from crawler.frontier import seen_set
from crawler.frontier.seen_set import DEPTH_MAX, LABEL_MAX, PARTS, SeenSet, pack, unpack

# Bytes of few kinds: the same buckets, and keys whose ends look like the beginning of others.
alike = st.lists(st.sampled_from([0, 1, 2]), min_size=8, max_size=8).map(
    lambda octets: int.from_bytes(octets, "little") or 1
)
keys = alike | st.integers(1, (1 << 64) - 1)
words = st.integers(1, (1 << 64) - 1)
puts = st.lists(st.tuples(keys, words), min_size=20, max_size=200)
# The buckets of each example are 131,072 objects.
few = settings(max_examples=10, deadline=None)


def filled(pairs: Iterable[tuple[int, int]]) -> SeenSet:
    seen = SeenSet()
    for key, word in pairs:
        seen.put(key, word)
    return seen


@pytest.mark.parametrize("small", [0, 5, 1 << 17])
@pytest.mark.parametrize("recent", [3, 1 << 16])
@few
@given(puts, st.lists(keys, max_size=20))
def test_it_remembers_like_a_dict_before_and_after_it_moves_to_buckets(
    small: int, recent: int, pairs: list[tuple[int, int]], others: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen_set, "SMALL", small)
        patch.setattr(seen_set, "RECENT", recent)
        seen, model = SeenSet(), dict[int, int]()

        for key, word in pairs:
            seen.put(key, word)
            model[key] = word
            assert seen.get(key) == word

        assert len(seen) == len(model)
        assert {key: seen.get(key) for key in model} == model
        assert all(seen.get(key) == model.get(key, 0) for key in others)
        assert (seen.memory_bytes > 0) is (len(model) > small)


def test_a_key_that_lies_across_two_others_is_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_set, "SMALL", 0)
    across = int.from_bytes(b"\x03\x04\x05\x06\x07\x08\x00\x00", "little")
    seen = filled([
        (int.from_bytes(b"\x01\x02\x03\x04\x05\x06\x00\x00", "little"), 1),
        (int.from_bytes(b"\x07\x08\x09\x0a\x0b\x0c\x00\x00", "little"), 2),
    ])  # fmt: skip

    assert seen.get(across) == 0
    seen.put(across, 3)
    assert (seen.get(across), len(seen)) == (3, 3)


def test_a_key_of_a_large_set_takes_less_than_twenty_bytes() -> None:
    count = 1_000_000
    # An odd multiplier: no key comes twice, and they fall into all the buckets.
    seen = filled((row * 0x9E3779B97F4A7C15 & (1 << 64) - 1, row) for row in range(1, count + 1))

    assert len(seen) == count
    # The empty buckets alone take nine million bytes.
    assert seen.memory_bytes < 9_000_000 + 20 * count


@pytest.mark.parametrize("small", [0, 1 << 17])
@few
@given(puts)
def test_a_set_read_from_its_parts_is_the_same_and_grows_on(
    small: int, pairs: list[tuple[int, int]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen_set, "SMALL", small)
        seen, model = filled(pairs), dict(pairs)
        again = SeenSet()

        for part in range(PARTS):
            again.load(part, seen.dump(part))

        assert len(again) == len(seen) == len(model)
        assert {key: again.get(key) for key in model} == model
        again.put(0xFF << 56 | 7, 5)
        assert again.get(0xFF << 56 | 7) == 5


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b + b"\0", lambda _: b""])
def test_a_part_that_is_not_whole_is_refused(change: object) -> None:
    assert callable(change)
    torn = change(filled([(1, 1), (2, 2)]).dump(0))

    with pytest.raises(ValueError, match="part 0"):
        SeenSet().load(0, torn)


@given(st.integers(1, (1 << 40) - 1), st.integers(0, 100_000), st.integers(0, 1_000))
def test_a_word_holds_row_depth_and_label(row: int, depth: int, rank: int) -> None:
    word = pack(row, depth, rank)

    assert unpack(word) == (row, min(depth, DEPTH_MAX), min(rank, LABEL_MAX))
    assert 0 < word < 1 << 64
