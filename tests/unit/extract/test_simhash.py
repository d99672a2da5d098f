"""Simhash: near texts, near bits."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from xxhash import xxh3_64_intdigest

from crawler.extract.simhash import distance, simhash

words = st.lists(
    st.sampled_from(
        ["the", "a", "crawler", "reads", "pages", "and", "keeps", "their", "text", "once"]
    )
)


def plain(text: str) -> int:
    """Compute it as it is defined, one bit at a time."""
    found = re.findall(r"\w+", text.casefold())
    runs = Counter(" ".join(found[n : n + 3]) for n in range(max(1, len(found) - 2)) if found)
    sums = [
        sum(
            (1 if xxh3_64_intdigest(run.encode()) >> bit & 1 else -1) * n for run, n in runs.items()
        )
        for bit in range(64)
    ]
    return sum(1 << bit for bit, total in enumerate(sums) if total > 0)


@given(words)
def test_it_is_what_its_definition_says(some: list[str]) -> None:
    assert simhash(" ".join(some)) == plain(" ".join(some))


def test_very_frequent_runs_do_not_overflow() -> None:
    text = "x y z " * 70_000 + "and then some other words"

    assert distance(simhash(text), simhash("x y z " * 70_000)) <= 3


def test_case_and_punctuation_do_not_count() -> None:
    assert simhash("One, two; THREE four!") == simhash("one two three four")
    assert simhash(" ... ") == 0


def test_near_texts_are_near_and_others_are_not() -> None:
    page = " ".join(f"word{n}" for n in range(1000))
    edited = page.replace("word500 ", "other ")
    other = " ".join(f"term{n}" for n in range(1000))

    assert distance(simhash(page), simhash(edited)) <= 3
    assert distance(simhash(page), simhash(other)) > 12
