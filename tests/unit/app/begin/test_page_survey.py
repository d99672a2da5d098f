from __future__ import annotations

import lxml.html
from hypothesis import given
from hypothesis import strategies as st

from crawler.app.begin.page_survey import LinkGroup, PageFacts, survey_page
from crawler.extract.document import Document
from crawler.extract.media import Kind
from crawler.messages import Headers, HttpResponse, QueuedRequest

URL = "https://shop.example/list/"


def survey(html: str) -> PageFacts:
    body = html.encode("utf-8", "replace")
    http = HttpResponse(url=URL, status=200, headers=Headers(), body=body)
    queued = QueuedRequest(id=1, key=1, url=URL, host="shop.example")
    return survey_page(queued, http, Document(URL, body, Kind.HTML, "text/html; charset=utf-8"))


def test_links_that_look_alike_are_a_group_with_a_selector_that_finds_them() -> None:
    cards = "".join(
        f'<li class="card wide"><h3><a href="/p/{n}">{n}</a></h3></li>' for n in range(6)
    )
    html = f"<ul>{cards}</ul><p class=one><a href=/about>about</a></p>"

    facts = survey(html)

    assert facts.groups == (LinkGroup("li.card h3 a", 6, "https://shop.example/p/0"),)
    assert len(lxml.html.fromstring(html).cssselect(facts.groups[0].css)) == 6


def test_menus_other_hosts_and_the_same_link_again_make_no_group() -> None:
    menu = "".join(f'<li class="m"><a href="/m{n}">{n}</a></li>' for n in range(9))
    others = "".join(f'<p class="o"><a href="https://o{n}.example/">x</a></p>' for n in range(9))
    same = '<p class="s"><a href="/same">x</a></p>' * 9

    facts = survey(f"<nav><ul>{menu}</ul></nav><ul class='top menu'>{menu}</ul>{others}{same}")

    assert facts.groups == ()
    assert (facts.links, facts.elsewhere) == (10, 9)


def test_fields_of_structured_data_are_found_with_their_kind() -> None:
    facts = survey("""
        <title>List</title><meta property="og:title" content="A list">
        <script type="application/ld+json">{"@graph": [{"@type": "WebSite", "name": "Shop"},
        {"@type": "Product", "name": "Pot", "sku": "p1", "offers": {"price": "12.50"}}]}</script>
    """)

    assert facts.fields == {"title": "Pot", "price": "12.50", "sku": "p1"}
    assert facts.kinds == ("json_ld", "opengraph")
    assert facts.types == ("WebSite", "Product")


def test_feeds_and_the_way_to_the_next_page_are_found() -> None:
    facts = survey("""
        <link rel="alternate" type="application/rss+xml" href="/feed">
        <link rel="alternate" type="text/html" href="/other">
        <ul><li class="next"><a href="?page=2">on</a></li></ul>
    """)

    assert facts.feeds == ("https://shop.example/feed",)
    assert facts.following == "li.next a"


def test_names_that_would_need_escapes_are_left_out_of_selectors() -> None:
    cards = "".join(f'<li class="w-1/2"><b class="c"><a href="/p/{n}">x</a></b>' for n in range(4))

    (group,) = survey(f"<ul>{cards}</ul>").groups

    assert group.css == "b.c a"


@given(st.text(alphabet='<>/="ahrefclspninu.# {}[]:\x00\x1b', max_size=200))
def test_any_bytes_can_be_looked_at(html: str) -> None:
    assert isinstance(survey(html), PageFacts)
