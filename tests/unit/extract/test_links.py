from __future__ import annotations

from urllib.parse import urldefrag, urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from crawler.extract.encoding import UTF_8, Charset, detect
from crawler.extract.html_page import HtmlPage, read_page
from crawler.extract.html_tree import TreeOutline, html_tree
from crawler.extract.links import Links, absolute_url, base_of, links_of

URL = "https://e.org/a/b.html"


def page(markup: str) -> HtmlPage:
    return read_page(markup.encode(), UTF_8)


def links(markup: str, *, limit: int = 20_000, obey_nofollow: bool = False) -> Links:
    one = page(markup)
    nofollow = one.nofollow if obey_nofollow else ()
    return links_of(one.hrefs, URL, base_of(one, URL), limit=limit, nofollow=nofollow)


def test_links_come_in_page_order_each_once() -> None:
    found = links(
        "<a href=z>1</a><area href=b><a href=/z>2</a><a href=z>3</a><a href='z#part'>4</a>"
    )

    assert found.urls == ["https://e.org/a/z", "https://e.org/a/b", "https://e.org/z"]


@pytest.mark.parametrize(
    "href", ["#part", "mailto:x@e.org", "javascript:x()", "", " ", "http://", "data:,x", "tel:1"]
)
def test_what_leads_to_no_page_is_no_link(href: str) -> None:
    assert links(f"<a href='{href}'>x</a>").urls == []


@pytest.mark.parametrize(
    ("markup", "urls"),
    [
        pytest.param("<a href=' \n x \t'>", ["https://e.org/a/x"], id="white-space-around"),
        pytest.param("<a href='x\ny'>", ["https://e.org/a/xy"], id="line-break-within"),
        pytest.param("<a href='?a=1&amp;b=2'>", ["https://e.org/a/b.html?a=1&b=2"], id="entity"),
        pytest.param("<a href=//f.org>", ["https://f.org/"], id="other-host"),
        pytest.param("<template><a href=x></template>", [], id="template"),
        pytest.param("<!-- <a href=x> -->", [], id="comment"),
        pytest.param("<svg><a xlink:href=x>", [], id="svg-link-without-href"),
        pytest.param("<a name=x><a href>", [], id="no-href"),
    ],
)
def test_hrefs_are_read_as_browsers_read_them(markup: str, urls: list[str]) -> None:
    assert links(markup).urls == urls


def test_what_stands_in_a_template_says_nothing_of_the_page() -> None:
    inside = "<base href=/t/><meta name=robots content=nofollow><title>t</title>"
    one = page(f"<template>{inside}<a href=x rel=nofollow></a></template><a href=x></a>")

    assert (one.bases, one.metas, one.title, one.nofollow) == ([], [], None, [])
    assert links_of(one.hrefs, URL, URL, nofollow=one.nofollow).urls == ["https://e.org/a/x"]


def test_areas_stand_among_the_links_in_page_order_and_are_no_anchors() -> None:
    one = page("<a href=x></a><area href=y><a href=z></a><area>")

    assert (one.hrefs, one.anchors) == (["x", "y", "z"], 2)


def test_templates_within_templates_take_no_longer_than_other_markup() -> None:
    # They did: 17 s for a fifth of this many, so that a test which hangs is what would be seen.
    many = page(
        "<template>" * 20_000 + "<a href=x>" * 20_000 + "</template>" * 20_000 + "<a href=y>"
    )

    assert (many.hrefs, many.anchors) == (["y"], 1)


@pytest.mark.parametrize(
    ("bases", "expected"),
    [
        pytest.param("<base href=/c/>", "https://e.org/c/x", id="one"),
        pytest.param(
            "<base target=_top><base href=/c/><base href=/d/>", "https://e.org/c/x", id="first"
        ),
        pytest.param(
            "<base href='javascript:x'><base href=/d/>", "https://e.org/d/x", id="first-valid"
        ),
        pytest.param("<base href=''>", "https://e.org/a/x", id="empty"),
        pytest.param("<base href='http://f.org/'>", "http://f.org/x", id="other-host"),
    ],
)
def test_the_first_valid_base_counts(bases: str, expected: str) -> None:
    assert links(bases + "<a href=x>").urls == [expected]


def test_with_a_base_a_fragment_leads_to_another_page() -> None:
    assert links("<base href=/c/><a href='#x'>").urls == ["https://e.org/c/"]


def test_the_cap_keeps_the_first_links_and_says_so() -> None:
    found = links("".join(f"<a href={i}>x</a>" for i in range(9)), limit=3)

    assert found.urls == [f"https://e.org/a/{i}" for i in range(3)]
    assert found.capped


def test_a_page_with_exactly_as_many_links_as_allowed_is_not_capped() -> None:
    assert not links("<a href=1>x</a><a href=2>y</a><a href=1#z>z</a>", limit=2).capped


def test_nofollow_links_are_left_out_and_counted() -> None:
    markup = "<a rel='noopener NoFollow' href=a>x</a><a href=b rel=nofollow>y</a><a href=b>z</a>"

    found = links(markup, obey_nofollow=True)

    assert found.urls == ["https://e.org/a/b"]
    assert found.nofollow == 1


def test_nofollow_is_ignored_when_robots_are() -> None:
    assert links("<a rel=nofollow href=a>x</a>").urls == ["https://e.org/a/a"]


def test_a_page_says_its_title_anchors_and_directives() -> None:
    one = page(
        "<title> A \n b </title><title>no</title>"
        "<meta name=Robots content=nofollow><meta charset=x>"
        "<a href=x>1</a><a>2</a><a href>3</a><area href=y>"
    )

    assert one.title == "A b"
    assert one.anchors == 2
    assert one.metas == [("Robots", "nofollow")]


def test_a_query_is_written_in_the_encoding_of_the_page() -> None:
    body = "<meta charset=windows-1251><a href='?q=я'>".encode("cp1251")
    one = read_page(body, detect(body))

    assert links_of(one.hrefs, URL, URL, codec="cp1251").urls == [f"{URL}?q=%FF"]


def test_a_page_in_another_encoding_is_read_in_it() -> None:
    one = read_page("<title>Привет</title>".encode("cp1251"), Charset("cp1251"))

    assert one.title == "Привет"


@pytest.mark.parametrize("body", [b"", b"\0\0", b"\xff\xfe", b"<a href='\xff\xff'>x"])
def test_no_body_makes_it_raise(body: bytes) -> None:
    one = read_page(body, UTF_8)

    assert links_of(one.hrefs, URL, URL).nofollow == 0


@given(st.binary(max_size=400))
def test_no_bytes_make_it_raise(body: bytes) -> None:
    one = read_page(b"<a href='" + body, detect(body))

    for url in links_of(one.hrefs, URL, base_of(one, URL)).urls:
        url.encode("ascii")


name = st.text("abcxyz", min_size=1, max_size=6)
href = st.builds(
    lambda path, query, part: path + query + part,
    st.sampled_from(["", "/", "../", "x/", "//f.org/", "http://g.org/"]).flatmap(
        lambda start: name.map(lambda end: start + end)
    ),
    st.sampled_from(["", "?q=1", "?q=1&amp;r=2"]),
    st.sampled_from(["", "#top"]),
)
inline = st.recursive(
    name,
    lambda inner: (
        st.builds("<b>{}</b>".format, inner) | st.builds("<i class='x'>{}</i>".format, inner)
    ),
    max_leaves=3,
)
block = st.recursive(
    st.builds("<a href='{}'>{}</a>".format, href, name) | inline.map("<p>{}</p>".format),
    lambda inner: st.lists(inner, max_size=4).map(lambda many: f"<div>{''.join(many)}</div>"),
    max_leaves=12,
)


@given(block)
def test_well_formed_pages_have_the_links_an_independent_walk_finds(body: str) -> None:
    markup = f"<!DOCTYPE html><html><head><title>t</title></head><body>{body}</body></html>"

    found = links(markup).urls

    walked = [a.get("href") for a in lxml_html.document_fromstring(markup).iter("a")]
    expected = [urldefrag(urljoin(URL, one or "")).url for one in walked]
    assert found == list(dict.fromkeys(expected))


@given(block)
def test_both_parsers_give_the_same_page(body: str) -> None:
    markup = f"<!DOCTYPE html><html><head><title>t</title></head><body>{body}</body></html>"

    one, tree = page(markup), TreeOutline(html_tree(markup.encode()))

    assert (one.hrefs, one.anchors, one.title) == (tree.hrefs, tree.anchors, tree.title)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("x y", "https://e.org/a/x%20y"),
        ("/x#é", "https://e.org/x#%C3%A9"),
        ("mailto:a@b", "mailto:a@b"),
        ("http://[", "http://["),
        (" z ", "https://e.org/a/z"),
    ],
)
def test_an_absolute_url_for_people_keeps_scheme_and_fragment(given: str, expected: str) -> None:
    assert absolute_url(URL, given) == expected
