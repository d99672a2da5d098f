from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extract.entities import MAX_ENTITIES, MainEntity
from crawler.extract.html_tree import html_tree
from crawler.extract.json_ld import BROKEN, CUT, MAX_SIZE, read_json_ld
from crawler.extract.microdata import MAX_PROPERTIES, read_microdata
from crawler.extract.opengraph import MAX_PROPERTIES as MAX_META
from crawler.extract.opengraph import read_opengraph

PRODUCT = {"@type": "Product", "name": "Lamp", "offers": {"@type": "Offer", "price": "3.50"}}
SITE = {"@type": "WebSite", "name": "Shop", "url": "https://e.org/"}
CRUMBS = {"@type": "BreadcrumbList", "name": "Trail"}


def script(*texts: str) -> Any:
    return html_tree(
        "".join(f"<script type=application/ld+json>{t}</script>" for t in texts).encode()
    )


def test_every_script_of_json_ld_is_read_in_page_order() -> None:
    assert read_json_ld(script('{"a": 1}', '[{"b": 2}]')) == ([{"a": 1}, [{"b": 2}]], ())


@pytest.mark.parametrize(
    "text",
    ['<!-- {"a": 1} -->', '//<![CDATA[\n{"a": 1}\n//]]>', '{"a": 1};', '\n {"a": 1} '],
)
def test_what_hides_a_script_from_old_browsers_is_taken_off(text: str) -> None:
    assert read_json_ld(script(text)) == ([{"a": 1}], ())


def test_a_line_break_within_a_text_is_forgiven() -> None:
    assert read_json_ld(script('{"a": "one\ntwo"}')) == ([{"a": "one\ntwo"}], ())


@pytest.mark.parametrize("broken", ['{"a": 1,}', "{", "[" * 100_000, '{"a" 1}', "NaN{"])
def test_a_broken_script_is_flagged_and_the_others_still_count(broken: str) -> None:
    assert read_json_ld(script(broken, '{"b": 2}')) == ([{"b": 2}], (BROKEN,))


def test_scripts_beyond_the_limit_are_not_read() -> None:
    long = f'{{"a": "{"x" * MAX_SIZE}"}}'

    assert read_json_ld(script('{"b": 2}', long, '{"c": 3}')) == ([{"b": 2}], (CUT,))


def test_other_scripts_are_no_json_ld() -> None:
    tree = html_tree(
        b'<script>{"a": 1}</script><script type="text/plain">{}</script>'
        b'<script type="application/ld+json"></script>'
    )

    assert read_json_ld(tree) == ([], ())


@given(st.text())
def test_no_script_makes_reading_json_ld_raise(text: str) -> None:
    found, flags = read_json_ld(script(text.replace("<", "")))

    assert len(found) <= 1
    assert set(flags) <= {BROKEN}


@pytest.mark.parametrize(
    "roots",
    [
        [PRODUCT, SITE],
        [SITE, CRUMBS, PRODUCT],
        [[SITE, PRODUCT]],
        [{"@graph": [SITE, CRUMBS, PRODUCT]}],
        [{"@type": "WebPage", "name": "A page", "mainEntity": PRODUCT}],
        [{"@type": "Organization", "name": "Us"}, PRODUCT | {"@type": ["Product", "Thing"]}],
        [PRODUCT | {"@type": "https://schema.org/Product"}, PRODUCT | {"name": "Related"}],
    ],
)
def test_the_thing_a_page_is_about_is_told_from_what_stands_around_it(roots: list[Any]) -> None:
    assert MainEntity(roots).values(["name"]) == ["Lamp"]


@pytest.mark.parametrize("roots", [[], [SITE, CRUMBS], [{}], ["text", 1, None], [{"@type": 5}]])
def test_a_page_about_nothing_says_nothing(roots: list[Any]) -> None:
    assert MainEntity(roots).values(["name"]) == []


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ("Ann", ["Ann"]),
        ({"@type": "Person", "name": "Ann"}, ["Ann"]),
        ([{"name": "Ann"}, "Bob", {"name": {"@value": "Cy"}}], ["Ann", "Bob", "Cy"]),
        ({"@id": "#ann"}, ["Ann Elsewhere"]),
        ([], []),
        (None, []),
        ({"url": "https://e.org"}, []),
        (5, []),
    ],
)
def test_an_author_is_found_in_every_form_that_sites_write(author: Any, names: list[str]) -> None:
    article = {"@type": "NewsArticle", "author": author}
    person = {"@type": "Person", "@id": "#ann", "name": "Ann Elsewhere"}

    assert MainEntity([{"@graph": [article, person]}]).values(["author", "name"]) == names


def test_what_is_said_of_one_thing_in_two_places_is_put_together() -> None:
    parts = [
        {"@type": "Product", "@id": "#p", "name": "Lamp"},
        {"@type": "Product", "@id": "#p", "sku": "7"},
    ]

    assert MainEntity(parts).values(["sku"]) == ["7"]


def test_an_entity_that_refers_to_itself_ends() -> None:
    article = {
        "@type": "Article",
        "@id": "#a",
        "author": {"@id": "#a"},
        "mainEntityOfPage": {"@id": "#a"},
    }

    assert MainEntity([article]).values(["author", "name"]) == []


def test_entities_that_multiply_with_every_step_have_an_end() -> None:
    many = {"@id": "x", "@type": "Product", "a": [{"@id": "x", "z": 1}] * 1000}

    values = MainEntity([{"@graph": [many] * 10}]).values(["a", "a", "a", "z"])

    assert 0 < len(values) <= MAX_ENTITIES


def test_only_so_many_entities_are_looked_at() -> None:
    assert MainEntity([SITE] * MAX_ENTITIES + [PRODUCT]).values(["name"]) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["@type", "@id", "@graph", "@value", "mainEntity", "name", "author"]),
            inner | st.sampled_from(["Product", "Person", "#a"]),
            max_size=5,
        )
    ),
)


@given(st.lists(JSON, max_size=4))
def test_whatever_json_says_its_values_are_single(roots: list[Any]) -> None:
    values = MainEntity(roots).values(["author", "name"])

    assert all(isinstance(value, str | int | float) for value in values)


def test_opengraph_gives_every_value_of_a_property() -> None:
    tree = html_tree(
        b'<meta property="og:title" content=" T "><meta name="OG:Image" content="1">'
        b'<meta property="og:image" content="2">'
        b'<meta property="og:empty" content=""><meta name="description" content="no">'
        b'<meta property="og:bare"><meta charset="utf-8">'
    )

    assert read_opengraph(tree) == {"og:title": ["T"], "og:image": ["1", "2"]}


def test_opengraph_has_an_end() -> None:
    tree = html_tree(b'<meta property="og:image" content="1">' * (MAX_META + 5))

    assert len(read_opengraph(tree)["og:image"]) == MAX_META


MICRODATA = b"""
<div itemscope itemtype="https://schema.org/Product" itemid="urn:1">
  <h1 itemprop="name"> A <b>lamp</b></h1><img itemprop="image" src="l.jpg">
  <div itemprop="offers" itemscope itemtype="https://schema.org/Offer">
    <meta itemprop="price" content="3.50"><span itemprop="priceCurrency" content="EUR">euro</span>
    <link itemprop="availability" href="https://schema.org/InStock">
  </div>
  <time itemprop="releaseDate" datetime="2026-11-22">today</time><data itemprop="sku mpn" value="7">
</div>
<p itemprop="name">of nothing</p><div itemscope><i itemprop=name>untyped</i></div>"""


def test_microdata_has_the_form_of_json_ld() -> None:
    product, untyped = read_microdata(html_tree(MICRODATA))

    assert product == {
        "@type": ["Product"],
        "@id": "urn:1",
        "name": ["A lamp"],
        "image": ["l.jpg"],
        "offers": [
            {
                "@type": ["Offer"],
                "price": ["3.50"],
                "priceCurrency": ["EUR"],
                "availability": ["https://schema.org/InStock"],
            }
        ],
        "releaseDate": ["2026-11-22"],
        "sku": ["7"],
        "mpn": ["7"],
    }
    assert untyped == {"@type": [], "name": ["untyped"]}


def test_the_price_of_microdata_is_found_by_its_path() -> None:
    entity = MainEntity(read_microdata(html_tree(MICRODATA)))

    assert entity.values(["offers", "price"]) == ["3.50"]


def test_microdata_that_nests_deeper_than_python_calls_is_read_up_to_its_limit() -> None:
    deep = b"<div itemscope itemprop=a>" * (MAX_PROPERTIES + 10)

    assert len(read_microdata(html_tree(deep))) == 1


def test_properties_within_properties_are_read_up_to_a_depth() -> None:
    deep = b"<div itemscope>" + b"<div itemprop=a>" * 1000 + b"text"

    (entity,) = read_microdata(html_tree(deep))

    assert entity["a"] == ["text"] * 8
