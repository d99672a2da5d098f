from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extract.resolved import ResolvedHrefs
from crawler.urls import Resolver, UrlError

part = st.text("abc.?#/;:@%\\ \t\né", min_size=1, max_size=8)
href = part | st.builds(
    str.__add__,
    st.sampled_from(["/", "//", "../", "./", "?", "#", " ", "http:", "https://f.org/", "x:"]),
    part,
)
base = st.builds(
    "http://{}/{}{}".format,
    st.sampled_from(["e.org", "f.org:81"]),
    st.sampled_from(["", "a", "a/", "a/b", "a/c", "a/b/"]),
    st.sampled_from(["", "?q", "?q=/x/y"]),
)
encoding = st.sampled_from(["utf-8", "cp1251"])


@given(st.lists(st.tuples(base, encoding, st.lists(href, max_size=6)), max_size=12))
def test_what_is_remembered_is_what_joining_gives(
    pages: list[tuple[str, str, list[str]]],
) -> None:
    resolved = ResolvedHrefs(most=20)

    for url, codec, hrefs in pages:
        assert resolved.urls(hrefs, url, codec) == list(map(Resolver(url, codec).resolve, hrefs))


def test_no_more_is_remembered_than_is_allowed_and_one_page() -> None:
    resolved = ResolvedHrefs(most=100)

    for number in range(50):
        hrefs = [f"{number}/{link}" for link in range(10)]
        resolved.urls(hrefs, f"http://e.org/{number}/", "utf-8")

    assert sum(map(len, resolved._places.values())) <= 110


@pytest.mark.parametrize(
    "href", ["http:?a=b", "http:", "http:#x", "HTTP:?a", "h\nttp:?a", "http:?u=http://e.org/"]
)
def test_a_link_that_is_relative_with_a_scheme_means_each_page_anew(href: str) -> None:
    resolved, pages = ResolvedHrefs(), ["http://e.org/a/b", "http://e.org/a/c?q"]

    urls = [resolved.urls([href], page, "utf-8")[0] for page in pages]

    assert urls == [Resolver(page).resolve(href) for page in pages]
    assert urls[0] != urls[1]


def test_folders_take_room_even_if_nothing_in_them_is_remembered() -> None:
    resolved = ResolvedHrefs(most=100)

    for number in range(500):
        resolved.urls(["/a", "/b"], f"http://e.org/{number}/", "utf-8")

    assert len(resolved._places) <= 100


def test_a_base_that_is_no_web_address_is_refused() -> None:
    with pytest.raises(UrlError):
        ResolvedHrefs().urls(["x"], "ftp://e.org/", "utf-8")
