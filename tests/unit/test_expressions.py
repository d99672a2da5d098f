from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from crawler.expressions import Expression, plain

# A search that never ends by itself is given up at once here.
SOON = 0.001

_PIECES = st.sampled_from(
    [*"ab1 ,()*+?|.^$[]{}-", r"\d", r"\w", r"\b", r"\{", "(?:", "(?=", "(?i)", "{2}", "{1,}", "[^a",
     "{e<=1}", "{e}", "\u00e9", "\u00df"]
)  # fmt: skip
patterns = st.lists(_PIECES, max_size=10).map("".join)
texts = st.text(alphabet="ab1 {}e<\u00e9\u00dfI\n", max_size=40)


@example("a{e<=1}", "ab a{e<=1}")
@example(r"\N{DIGIT ONE}{e}", "1{e}")
@given(patterns, texts)
def test_either_engine_finds_what_python_finds(pattern: str, text: str) -> None:
    try:
        python = plain(pattern)
    except (re.error, OverflowError):
        assume(False)
    expected = python.search(text)

    found = Expression(pattern).search(text)
    timed = Expression(pattern)._with_clock().search(text, timeout=1.0)

    assert None not in (found, expected, timed) or found is expected is timed is None
    if expected and found and timed:
        assert found[0] == timed[0] == expected[0]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"(\w+\s*)+:", ":" + "a" * 5_000),
        ("(?x) (a+) # letters\n+$", "a" * 5_000 + "b"),
        ("a*a*a*a*a*a*b", "b" + "a" * 20_000),
        ("(a+)+$", "a" * 40 + "b"),
        ("(a?){50}a{50}b", "b" + "a" * 60),
    ],
)
def test_a_search_ends(pattern: str, text: str) -> None:
    # Some of these the other engine sees through; Python's would be at it for years.
    with contextlib.suppress(TimeoutError):
        Expression(pattern).search(text, SOON)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", r"(?:a|\w)+\Z"])
def test_a_search_without_end_is_given_up(pattern: str) -> None:
    with pytest.raises(TimeoutError):
        Expression(pattern).search("a" * 50_000 + "!", SOON)


def test_a_short_text_is_searched_without_a_clock() -> None:
    expression = Expression(r"(\d+) of (\d+)")

    found = expression.search("page 3 of 50", 0.0)

    assert found is not None
    assert (found[1], found[2], expression.groups) == ("3", "50", 2)


@pytest.mark.parametrize("pattern", ["(", "a**", "[", "(?P<a>", "a{1}{2}"])
def test_what_python_refuses_is_refused(pattern: str) -> None:
    with pytest.raises(re.error):
        Expression(pattern)
