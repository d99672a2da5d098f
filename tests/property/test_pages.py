"""Markup, and what is written into it, of whatever shape."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import ConfigError
from crawler.extract.document import Document
from crawler.extract.encoding import codec_of, detect
from crawler.extract.entities import MainEntity
from crawler.extract.json_ld import read_json_ld
from crawler.extract.json_query import compile_jmes
from crawler.extract.links import MAX_LINKS, absolute_url, links_of
from crawler.extract.main_text import main_text
from crawler.extract.media import Kind, is_html, kind_of
from crawler.extract.microdata import read_microdata
from crawler.extract.opengraph import read_opengraph
from crawler.policy.meta_robots import header_nofollow, meta_nofollow
from crawler.urls import parse
from tests.property.examples import examples

URL = "https://example.org/a/b"

_hrefs = st.text(max_size=12) | st.sampled_from(
    ["//x", "http:/x", "\\\\x", "http://[::1", "http://e:99999/", "javascript:1", "?%zz", "\tx", "",
     "http://xn--a/", "http://\u00e9.org/\u00e9?\u00e9", "http://1.2.3.4.5/", "#", "data:,"]
)  # fmt: skip
_tags = st.one_of(
    st.builds("<a href='{}' rel={}>".format, _hrefs, st.sampled_from(["nofollow", "x", "''"])),
    st.builds('<base href="{}">'.format, _hrefs),
    st.builds('<meta name={} content="{}">'.format, st.sampled_from(["robots", "a"]), st.text()),
    st.builds('<meta charset="{}">'.format, st.sampled_from(["utf-16", "koi8-r", "nope", "hz"])),
    st.builds('<meta property="og:{}" content="{}">'.format, st.text(max_size=5), st.text()),
    st.builds("<p itemprop='{}' itemscope itemtype='{}'>".format, st.text(max_size=6), _hrefs),
    st.builds("<script type=application/ld+json>{}</script>".format, st.text(max_size=20)),
    st.sampled_from(
        ["<title>", "</title>", "<!--", "-->", "<svg>", "</p>", "<p itemprop=a>", "</html>",
         "<table>", "<", "&#0;", "&#xD800;", "<script>", "\0", "<html", "<![CDATA[", "<plaintext>"]
    ),
    st.text(max_size=20),
)  # fmt: skip
markup = st.lists(_tags, max_size=25).map(lambda parts: "".join(parts).encode("utf-8", "replace"))
bodies = st.one_of(markup, st.binary(max_size=80), st.tuples(st.binary(max_size=9), markup).map(
    b"".join
))  # fmt: skip
types = st.sampled_from(["", "text/html", "text/html; charset=", "text/html;charset=utf-16le",
                         "text/html; charset='big5", ";charset=x-user-defined"])  # fmt: skip


@examples()
@given(bodies, types)
def test_a_page_has_links_that_can_be_crawled_and_no_more_than_allowed(
    body: bytes, content_type: str
) -> None:
    document = Document(URL, body, Kind.HTML, content_type)
    page = document.page

    links = links_of(page.hrefs, URL, document.base, codec=document.charset.codec, limit=5)

    assert len(links.urls) <= 5 < MAX_LINKS
    assert all(parse(url) == url for url in links.urls)
    assert parse(document.base) == document.base
    assert meta_nofollow(page.metas, "crawler") in (True, False)


@examples()
@given(bodies, types)
def test_what_is_read_out_of_a_page_can_be_written(body: bytes, content_type: str) -> None:
    document = Document(URL, body, Kind.HTML, content_type)
    root = document.tree

    data, _ = read_json_ld(root)
    entities = read_microdata(root)
    main = MainEntity([*data, *entities])

    found = [data, entities, read_opengraph(root), main.values(["name"]), main.values(["a", "b"])]
    json.dumps(found)
    main_text(document).encode("utf-8")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["@id", "@type", "@graph", "@value", "name", "a", "mainEntity"]), inner
        )
    ),
    max_leaves=25,
)


@examples()
@given(st.lists(_json, max_size=4), st.lists(st.sampled_from(["name", "a", "@id"]), max_size=4))
def test_entities_of_any_shape_have_single_values(roots: list[object], path: list[str]) -> None:
    values = MainEntity(roots).values(path)

    assert all(isinstance(one, str | int | float) for one in values)


@examples()
@given(
    st.lists(
        st.sampled_from([*"a@.*[]|&`'\"(){}:,?01-<>!=", "length(", "sort_by(", "&a", "to_number("]),
        max_size=12,
    ).map("".join),
    _json,
)
def test_an_expression_over_json_is_refused_or_finds_something(text: str, data: object) -> None:
    try:
        find = compile_jmes(text)
    except ConfigError:
        return
    assert None not in find(data)


@examples()
@given(st.text(max_size=60) | st.text(alphabet=" ,:;/cnharsetofolw*-=\"'", max_size=60))
def test_any_field_has_a_meaning_or_none(field: str) -> None:
    kind = kind_of(field.lower(), b"<html>")

    assert is_html(field, b"") is (kind_of(field, b"") is Kind.HTML or field == "text/html")
    assert kind in Kind
    "".encode(detect(b"", field).codec.replace("replacement", "ascii"))
    assert codec_of(field) is None or isinstance(codec_of(field), str)
    assert header_nofollow([field], "crawler") in (True, False)


@examples()
@given(_hrefs, st.sampled_from(["utf-8", "cp1252", "replacement", "utf-16-le", "gb18030"]))
def test_what_people_are_shown_of_a_link_is_a_text(href: str, codec: str) -> None:
    assert isinstance(absolute_url(URL, href, codec), str)
