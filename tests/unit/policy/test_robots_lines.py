from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.policy.robots import parse_rules
from crawler.policy.robots_lines import RobotsLine, deciding_line

ROBOTS = """\
# for all
User-agent: *
Disallow: /private/
Allow: /private/open$
Disallow: /*.pdf   # no papers

User-agent: Slow/1.0
User-agent: crawler
Disallow: /search?
"""


@pytest.mark.parametrize(
    ("token", "target", "line"),
    [
        ("other", "/private/x", RobotsLine(number=3, text="Disallow: /private/", group="*",
                                           allows=False)),
        ("other", "/private/open", RobotsLine(number=4, text="Allow: /private/open$", group="*",
                                              allows=True)),
        ("other", "/a/b.pdf", RobotsLine(number=5, text="Disallow: /*.pdf   # no papers",
                                         group="*", allows=False)),
        ("other", "/", None),
        ("crawler", "/private/x", None),
        ("crawler", "/search?q=1", RobotsLine(number=9, text="Disallow: /search?",
                                              group="crawler, slow", allows=False)),
        ("slow", "/search", None),
    ],
)  # fmt: skip
def test_the_line_that_decides_is_found(token: str, target: str, line: RobotsLine | None) -> None:
    assert deciding_line(ROBOTS, token, target) == line


def test_of_equally_long_lines_the_one_that_allows_wins() -> None:
    text = "User-agent: *\nDisallow: /a\nAllow: /a\n"

    line = deciding_line(text, "crawler", "/a/b")

    assert line is not None
    assert line.number == 3


def test_a_pattern_is_no_longer_for_being_encoded() -> None:
    text = "User-agent: *\nAllow: /%7e\nDisallow: /*$\n"

    line = deciding_line(text, "crawler", "/~")

    assert line is not None
    assert line.number == 3
    assert not parse_rules(text.encode(), "crawler").allows("http://e.org/~")


def test_an_encoded_path_and_a_plain_one_are_the_same() -> None:
    text = "User-agent: *\nDisallow: /caf\u00e9/%7Ejoe\n"

    line = deciding_line(text, "crawler", "/caf%C3%A9/~joe")

    assert line is not None


_PATHS = st.lists(st.sampled_from(["a", "b", "/", "*", "$", "c.html", "?q"]), max_size=6).map(
    lambda parts: "/" + "".join(parts)
)


@given(
    rules=st.lists(st.tuples(st.sampled_from(["Allow", "Disallow"]), _PATHS), max_size=5),
    target=st.lists(st.sampled_from(["a", "b", "/", "c.html", "?q"]), max_size=6).map(
        lambda parts: "/" + "".join(parts)
    ),
)
def test_the_line_agrees_with_what_is_fetched(rules: list[tuple[str, str]], target: str) -> None:
    text = "User-agent: *\n" + "".join(f"{key}: {path}\n" for key, path in rules)

    line = deciding_line(text, "crawler", target)

    allowed = parse_rules(text.encode(), "crawler").allows(f"http://e.org{target}")
    assert allowed is (line is None or line.allows)


@pytest.mark.parametrize(
    ("pattern", "target", "matches"),
    [
        ("/*a*b$", "/xaxb", True),
        ("/*a*b$", "/xaxbc", False),
        ("/*ab*b$", "/ab", False),
        ("/a*a$", "/a", False),
        ("/a*$", "/a", True),
        ("/a$", "/a", True),
        ("/a$", "/ab", False),
    ],
)
def test_stars_and_the_end_are_found(pattern: str, target: str, matches: bool) -> None:
    line = deciding_line(f"User-agent: *\nDisallow: {pattern}\n", "crawler", target)

    assert (line is not None) is matches


def test_a_pattern_of_many_stars_is_no_search_without_end() -> None:
    # A regular expression would try more ways than there are atoms.
    text = f"User-agent: *\nDisallow: /{'*a' * 1_000}*b\n"

    assert deciding_line(text, "crawler", "/" + "a" * 8_000) is None
