from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from crawler.frontier import seen_set
from crawler.frontier.seen_set import DEPTH_MAX, LABEL_MAX, SeenSet, pack, unpack

# Few low bits and few high ones: the same tables, and the same slots within them.
crowded = st.builds(
    lambda shard, low: shard << 56 | low | 1, st.sampled_from([0, 1, 255]), st.integers(0, 64)
)
keys = crowded | st.integers(1, (1 << 64) - 1)
words = st.integers(1, (1 << 64) - 1)


@pytest.mark.parametrize("small", [0, 5, 1 << 17])
@given(st.lists(st.tuples(keys, words), max_size=60), st.lists(keys, max_size=20))
def test_it_remembers_like_a_dict_before_and_after_it_moves_to_tables(
    small: int, puts: list[tuple[int, int]], others: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen_set, "SMALL", small)
        patch.setattr(seen_set, "_FIRST_CAPACITY", 4)
        seen, model = SeenSet(), dict[int, int]()

        for key, word in puts:
            seen.put(key, word)
            model[key] = word
            assert seen.get(key) == word

        assert len(seen) == len(model)
        assert {key: seen.get(key) for key in model} == model
        assert all(seen.get(key) == model.get(key, 0) for key in others)
        assert (seen.memory_bytes > 0) is (len(model) > small)


def test_tables_grow_one_by_one_and_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_set, "SMALL", 100)
    monkeypatch.setattr(seen_set, "_FIRST_CAPACITY", 4)
    seen = SeenSet()
    lopsided = [(number % 3) << 56 | number * 0x9E3779B97F4A7C15 % (1 << 50) | 1
                for number in range(1, 20_001)]  # fmt: skip
    for row, key in enumerate(lopsided, 1):
        seen.put(key, row)

    kept = {key: row for row, key in enumerate(lopsided, 1)}
    assert len(seen) == len(kept)
    assert all(seen.get(key) == row for key, row in kept.items())
    # Three tables hold it all; the other 253 stay as small as they began.
    assert seen.memory_bytes < 16 * (3 * 16_384 + 253 * 4) + 1


@given(st.integers(1, (1 << 40) - 1), st.integers(0, 100_000), st.integers(0, 1_000))
def test_a_word_holds_row_depth_and_label(row: int, depth: int, rank: int) -> None:
    word = pack(row, depth, rank)

    assert unpack(word) == (row, min(depth, DEPTH_MAX), min(rank, LABEL_MAX))
    assert 0 < word < 1 << 64
