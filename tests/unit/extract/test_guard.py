from __future__ import annotations

import pytest

from crawler.extract.document import HUGE_TEXT, Document
from crawler.extract.encoding import UTF_8
from crawler.extract.guard import (
    MOST_ANCHORS,
    MOST_TAGS,
    with_fewer_links,
    within_reason,
    without_long_tags,
)
from crawler.extract.html_page import HtmlPage, read_page
from crawler.extract.html_tree import TreeOutline
from crawler.extract.media import Kind

LINK = b"<a href='/last'>x</a>"


def numbered(pattern: str, count: int) -> bytes:
    return "".join(pattern.format(i=i) for i in range(count)).encode()


HOSTILE = {
    "misnested-formatting": numbered("<b {i}>", 3000) + numbered("<i {i}>", 2000) + b"x</b>",
    "reconstructed-formatting": numbered("<p><b {i}>", 1000),
    "stray-end-tags-between": numbered("<p><b {i}></z>", 3000),
    "never-closed": b"<div>" * 100_000,
    "closed-at-the-end": b"<div>" * 100_000 + b"</div>" * 100_000,
    "nested-lists": b"<ul><li>" * 50_000,
    "upper-case": b"<DIV>" * 50_000,
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_links_before_hostile_markup_are_found(body: bytes) -> None:
    assert read_page(LINK + body, UTF_8).hrefs == ["/last"]


@pytest.mark.parametrize(
    "attributes",
    [
        numbered("a{i} ", 20_000),
        numbered("a{i}='{i}' ", 20_000),
        numbered('a{i}="{i}"', 20_000),
        numbered("a{i}/", 20_000),
    ],
    ids=["bare", "quoted", "no-spaces", "slashes"],
)
def test_a_tag_with_thousands_of_attributes_loses_them(attributes: bytes) -> None:
    body = b"<p " + attributes + b">" + LINK

    assert without_long_tags(body) == b"<p>" + LINK


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<a href='" + b"@" * 100_000 + b"'>", id="one-long-value"),
        pytest.param(b"<script>" + b"if (a<b && c) " * 5000 + b"</script>", id="script"),
        pytest.param(b"<!-- " + b"<p a b c " * 5000 + b"-->", id="comment"),
        pytest.param(b"word " * 50_000, id="text"),
        pytest.param(b"<p a b>" * 10, id="short"),
    ],
)
def test_other_long_things_are_left_alone(body: bytes) -> None:
    assert without_long_tags(body) is body


@pytest.mark.parametrize(
    "body",
    [b"<" * 300_000, b"<a " * 100_000, b'<a "' * 100_000, b"<!--" * 100_000, b"<script>" * 50_000],
    ids=["brackets", "open-tags", "open-quotes", "open-comments", "open-scripts"],
)
def test_what_never_ends_is_read_to_its_end(body: bytes) -> None:
    page = read_page(LINK + body, UTF_8)

    assert page.hrefs[0] == "/last"


def test_as_many_tags_as_are_allowed_are_all_read_and_one_more_is_not() -> None:
    whole = b"<p>" * MOST_TAGS

    assert within_reason(whole) is whole
    assert within_reason(whole + b"<i>") == whole


def test_as_many_links_as_are_allowed_are_all_looked_at_and_one_more_is_not() -> None:
    whole = "<a href=x>" * MOST_ANCHORS

    assert with_fewer_links(whole + "<article>") == whole + "<article>"
    assert with_fewer_links(whole + "<A href=y>") == whole


def test_a_huge_page_is_read_by_lxml_and_has_the_same_links() -> None:
    markup = b"<title>t</title><base href=/b/><a href=1 rel=nofollow>x</a><area href=2>"
    small = Document("http://a/", markup, Kind.HTML).page
    huge = Document("http://a/", markup + b"word " * (HUGE_TEXT // 5), Kind.HTML).page

    assert isinstance(small, HtmlPage)
    assert isinstance(huge, TreeOutline)
    assert (huge.hrefs, huge.nofollow, huge.anchors) == (small.hrefs, small.nofollow, small.anchors)
    assert (huge.bases, huge.metas, huge.title) == (small.bases, small.metas, small.title)


def test_a_large_page_of_many_tags_is_not_huge() -> None:
    assert not Document("http://a/", b"<p>word</p>" * (HUGE_TEXT // 5), Kind.HTML).is_huge


def test_a_page_of_which_not_all_is_read_says_so() -> None:
    links = read_page(b"<a href=x></a>" * (MOST_ANCHORS + 1), UTF_8)
    document = Document("http://a/", b"<p>" * (MOST_TAGS + 1), Kind.HTML)

    assert (len(links.hrefs), links.flags) == (MOST_ANCHORS, ("links_capped",))
    assert len(document.tree.findall(".//p")) == MOST_TAGS
    assert document.flags == ("markup_cut",)
