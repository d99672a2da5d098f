from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import ConfigError
from crawler.globs import compile_patterns


@pytest.mark.parametrize(
    ("pattern", "target", "matches"),
    [
        ("/catalogue/**", "/catalogue/a/b.html", True),
        ("/catalogue/**", "/catalogue/", True),
        ("/catalogue/**", "/catalogue", True),
        ("/catalogue/**", "/catalogues/a", False),
        ("/catalogue/**", "/x/catalogue/a", False),
        ("**/print/**", "/print/a", True),
        ("**/print/**", "/a/b/print/c", True),
        ("**/print/**", "/printer/print/c", True),
        ("**/print/**", "/printer/c", False),
        ("**/print/**", "/a/blueprint/c", False),
        ("/a/**/z.html", "/a/z.html", True),
        ("/a/**/z.html", "/a/b/c/z.html", True),
        ("/a/**/z.html", "/a/b/cz.html", False),
        ("/a**z", "/ab/cz", True),
        ("/p/*.html", "/p/x.html", True),
        ("/p/*.html", "/p/x/y.html", False),
        ("/p/*x*.html", "/p/axbx.html", True),
        ("**/*.pdf", "/deep/down/x.pdf", True),
        ("**/*.pdf", "/x.pdf", True),
        ("*", "/", False),
        ("**", "/any/thing", True),
        ("/list", "/list?page=2", True),
        ("/list?page=*", "/list?page=2", True),
        ("/list?page=*", "/list", False),
        ("/a.b", "/aXb", False),
        ("/[ab]", "/[ab]", True),
        ("/caf\u00e9/*", "/caf%C3%A9/x", True),
        (r"re:page=\d+$", "/list?page=12", True),
        (r"re:page=\d+$", "/list?page=x", False),
        ("re:^/a", "/b/a", False),
    ],
)
def test_what_a_pattern_matches(pattern: str, target: str, matches: bool) -> None:
    assert compile_patterns([pattern]).match(target) is matches


def test_any_of_several_patterns_will_do() -> None:
    patterns = compile_patterns(["/a", "/b?c", "re:d"])

    assert [patterns.match(target) for target in ("/a", "/b?c", "/xdx", "/x")] == [1, 1, 1, 0]


@pytest.mark.parametrize(
    "pattern", ["catalogue/**", "http://a.example/**", "", "re:(", "re:*"], ids=repr
)
def test_what_is_no_pattern_is_refused_by_name(pattern: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(repr(pattern))):
        compile_patterns([pattern])


def plain(glob: str) -> re.Pattern[str]:
    """Translate a glob the obvious way, free to try every possibility."""
    end = ""
    if glob.endswith("/**"):
        glob, end = glob[:-3], "(?:/.*)?"
    glob = re.sub(r"\*{2,}", "**", glob)
    # What is left of a leading "**/" is its slash, which stands in sight of the look-behind.
    out, rest = (".*", glob[2:]) if glob.startswith("**/") else ("", glob)
    for piece in re.split(r"((?<=/)\*\*/|\*\*|\*)", rest):
        stars = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
        out += stars.get(piece, re.escape(piece))
    return re.compile(out + end)


@given(
    st.lists(st.sampled_from(["a", "b", "/", "*", "**", "/**/"]), max_size=8).map("".join),
    st.text("ab/", max_size=10),
)
def test_the_fast_translation_means_what_the_plain_one_means(glob: str, path: str) -> None:
    pattern, target = f"/{glob}", f"/{path}"

    assert compile_patterns([pattern]).match(target) == bool(plain(pattern).fullmatch(target))


@given(
    st.lists(st.sampled_from(["a", "b", "/", "*", "**", "/**/"]), max_size=6).map("".join),
    st.text("ab/", max_size=10),
)
def test_so_it_does_for_a_glob_that_begins_anywhere(glob: str, path: str) -> None:
    pattern, target = f"**/{glob}", f"/{path}"

    assert compile_patterns([pattern]).match(target) == bool(plain(pattern).fullmatch(target))


def test_a_hostile_path_costs_no_more_than_its_length() -> None:
    # Tried one by one, the ways to match this would outlast the test's time limit.
    patterns = compile_patterns(["/*a*a*a*a*a*a*a*b", "**/a**/a**/a**/a**/a**/c"])

    assert not patterns.match("/" + "a" * 8000)
    assert not patterns.match("/a" * 4000)


@pytest.mark.parametrize("in_doubt", [True, False])
def test_a_search_that_takes_too_long_says_what_it_was_told_to_say(in_doubt: bool) -> None:
    patterns = compile_patterns(["re:(a|aa)+$"], in_doubt=in_doubt)

    assert patterns.match("/" + "a" * 8_000 + "!") is in_doubt
