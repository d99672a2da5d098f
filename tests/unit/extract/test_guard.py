from __future__ import annotations

import pytest

from crawler.extract.document import Document
from crawler.extract.encoding import UTF_8
from crawler.extract.guard import (
    MOST_ANCHORS,
    MOST_TAGS,
    Route,
    route,
    with_fewer_links,
    within_reason,
    without_long_tags,
)
from crawler.extract.html_page import read_page
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
def test_markup_that_slows_the_fast_parser_goes_to_the_steady_one(body: bytes) -> None:
    assert route(body) is Route.STEADY


def test_links_before_hostile_markup_are_still_found() -> None:
    page = read_page(LINK + HOSTILE["misnested-formatting"], UTF_8)

    assert [href for href, _ in page.links] == ["/last"]
    assert page.flags == ("odd_markup",)


TAME = {
    "small": b"<b>" * 200,
    "balanced": b"<div><p>x</p></div>" * 5000,
    "void-elements": b"<br><img src=x>" * 5000,
    "unclosed-paragraphs-and-cells": b"<p>x<li>y<tr><td>z" * 5000,
    "upper-case-without-end-tags": b"<P>x<LI>y<BR>" * 5000,
    "plain-text": b"x" * 1_000_000,
    "a-few-open": b"<div>" * 300 + b"<i>x</i>" * 1000,
}


@pytest.mark.parametrize("body", TAME.values(), ids=TAME.keys())
def test_ordinary_markup_keeps_the_fast_parser(body: bytes) -> None:
    assert route(body) is Route.FAST


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

    assert page.links[0] == ("/last", None)


def test_as_many_tags_as_are_allowed_are_all_read_and_one_more_is_not() -> None:
    whole = b"<p>" * MOST_TAGS

    assert within_reason(whole) is whole
    assert within_reason(whole + b"<i>") == whole


def test_as_many_links_as_are_allowed_are_all_looked_at_and_one_more_is_not() -> None:
    whole = b"<a href=x>" * MOST_ANCHORS

    assert with_fewer_links(whole + b"<article>") == whole + b"<article>"
    assert with_fewer_links(whole + b"<A href=y>") == whole


def test_a_page_of_which_not_all_is_read_says_so() -> None:
    links = read_page(b"<a href=x></a>" * (MOST_ANCHORS + 1), UTF_8)
    document = Document("http://a/", b"<p>" * (MOST_TAGS + 1), Kind.HTML)

    assert (len(links.links), links.flags) == (MOST_ANCHORS, ("links_capped",))
    assert len(document.tree.findall(".//p")) == MOST_TAGS
    assert document.flags == ("markup_cut",)
