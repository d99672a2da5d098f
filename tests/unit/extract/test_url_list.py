from __future__ import annotations

import gzip
import zlib
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extract import listed, url_list, xml_list
from crawler.extract.listed import ListedUrl, Listing
from crawler.extract.url_list import read_list

LIMIT = 1 << 20


def read(body: str | bytes, content_type: str = "application/xml", **options: bool) -> Listing:
    raw = body.encode() if isinstance(body, str) else body
    return read_list(raw, content_type, limit=LIMIT, **options)


def hrefs(listing: Listing) -> list[str]:
    assert listing.unreadable is None
    return [entry.href for entry in listing.entries]


def sitemap(*locs: str, extra: str = "") -> str:
    entries = "".join(f"<url><loc>{escape(loc)}</loc>{extra}</url>" for loc in locs)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'
    )


# --- Kinds ---


def test_a_sitemap_gives_its_locations_in_order() -> None:
    assert hrefs(read(sitemap("https://e.org/a?x=1&y=2", "https://e.org/b"))) == [
        "https://e.org/a?x=1&y=2",
        "https://e.org/b",
    ]


def test_an_index_gives_lists() -> None:
    listing = read(
        "<sitemapindex><sitemap><loc> /1.xml </loc><lastmod>2026-01-01T00:00:00Z</lastmod>"
        "</sitemap></sitemapindex>"
    )

    assert listing.entries == [ListedUrl("/1.xml", is_list=True, latest=1767225600)]


def test_names_count_whatever_namespace_they_are_in() -> None:
    assert hrefs(read('<s:urlset xmlns:s="urn:x"><s:url><s:loc>/a</s:loc></s:url></s:urlset>')) == [
        "/a"
    ]


def test_pictures_of_a_page_are_no_pages() -> None:
    body = (
        "<urlset><url><image:loc>/x.png</image:loc><loc>/a</loc>"
        "<image:image><image:loc>/b.png</image:loc></image:image></url></urlset>"
    )

    assert hrefs(read(body)) == ["/a"]


def test_a_news_sitemap_is_dated_by_its_publication() -> None:
    body = sitemap(
        "/a",
        extra="<lastmod>2020-01-01</lastmod><news:news><news:publication_date>2026-01-01T00:00:00Z"
        "</news:publication_date></news:news>",
    )

    assert read(body).entries == [ListedUrl("/a", latest=1767225600, news=True)]


def test_a_date_that_cannot_be_read_gives_way_to_the_next() -> None:
    body = sitemap(
        "/a",
        extra="<lastmod>2026-01-01T00:00:00Z</lastmod><news:news><news:publication_date>now"
        "</news:publication_date></news:news>",
    )

    assert read(body).entries[0].latest == 1767225600


def test_dates_are_not_read_unless_asked_for() -> None:
    body = sitemap("/a", extra="<lastmod>2026-01-01</lastmod>")

    assert read(body, dated=False).entries == [ListedUrl("/a")]


def test_an_rss_feed_gives_links_or_permalinks_but_not_its_own_link() -> None:
    body = (
        "<rss version='2.0'><channel><link>https://e.org/</link>"
        "<item><atom:link href='/no'/><link> /a\n</link>"
        "<pubDate>Thu, 01 Jan 2026 00:00:00 GMT</pubDate></item>"
        "<item><guid>https://e.org/b</guid></item>"
        "<item><guid isPermaLink='false'>https://e.org/no</guid></item>"
        "<item><guid>tag:no</guid></item>"
        "<item><link><![CDATA[/c?a=1&b=2]]></link></item></channel></rss>"
    )

    listing = read(body)

    assert hrefs(listing) == ["/a", "https://e.org/b", "/c?a=1&b=2"]
    assert listing.entries[0].latest == 1767225600
    assert listing.without_url == 2


def test_an_rdf_feed_gives_its_items() -> None:
    body = (
        "<rdf:RDF xmlns='http://purl.org/rss/1.0/'><channel><link>/no</link></channel>"
        "<item><link>/a</link><dc:date>2026-01-01T00:00:00Z</dc:date></item></rdf:RDF>"
    )

    assert read(body).entries == [ListedUrl("/a", latest=1767225600)]


def test_an_atom_feed_gives_alternate_links_relative_to_its_base() -> None:
    body = (
        "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='/blog/'><link href='/no'/>"
        "<entry><link rel='self' href='/no'/><link href='a'/><link href='/second'/>"
        "<source><link href='/no'/></source>"
        "<published>2020-01-01T00:00:00Z</published><updated>2026-01-01T00:00:00Z</updated></entry>"
        "<entry><id>urn:x</id></entry></feed>"
    )

    listing = read(body)

    assert listing.entries == [ListedUrl("a", latest=1767225600)]
    assert (listing.base, listing.without_url) == ("/blog/", 1)


def test_a_text_sitemap_has_a_url_on_each_line() -> None:
    listing = read("\ufeffhttps://e.org/a \r\n\n# c\nHTTP://e.org/b\nftp://e.org/c\n", "text/plain")

    assert hrefs(listing) == ["https://e.org/a", "HTTP://e.org/b"]
    assert listing.without_url == 1


def test_robots_txt_gives_its_sitemap_lines() -> None:
    body = "User-agent: *\nDisallow: /\nSitemap: https://cdn.example/s.xml\nsitemap: /rel.xml\n"

    assert read(body, is_robots=True).entries == [
        ListedUrl("https://cdn.example/s.xml", is_list=True),
        ListedUrl("/rel.xml", is_list=True),
    ]


@pytest.mark.parametrize(
    ("codec", "declared", "content_type"),
    [
        ("utf-16", "utf-16", "application/xml"),
        ("windows-1251", "windows-1251", "application/xml"),
        ("shift_jis", "Shift_JIS", "application/xml"),
        ("koi8-r", "koi8-r", "text/xml; charset=koi8-r"),
    ],
)
def test_a_feed_is_read_in_its_own_encoding(codec: str, declared: str, content_type: str) -> None:
    body = (
        f"<?xml version='1.0' encoding='{declared}'?><rss><channel><item><title>Яя</title>"
        "<link>/Я</link></item></channel></rss>"
    ).encode(codec)

    assert hrefs(read(body, content_type)) == ["/Я"]


# --- gzip ---


def test_a_gzip_file_is_read_with_all_its_members() -> None:
    halves = sitemap("/a", "/b").encode()
    packed = gzip.compress(halves[:100]) + gzip.compress(halves[100:]) + b"\0" * 10

    assert hrefs(read(packed, "application/octet-stream")) == ["/a", "/b"]


def test_of_a_clipped_gzip_file_everything_up_to_the_break_is_kept() -> None:
    packed = gzip.compress(sitemap(*(f"/{n * 7919 % 10007}" for n in range(5000))).encode())

    listing = read(packed[: len(packed) // 2])

    assert len(hrefs(listing)) > 1000
    assert listing.defects[0] == "gzip that ends too early"


def test_gzip_that_is_broken_from_the_start_is_no_list() -> None:
    assert "broken gzip" in str(read(b"\x1f\x8b\x08 not gzip").unreadable)


def test_a_gzip_bomb_stops_at_the_limit() -> None:
    bomb = zlib.compressobj(9, wbits=31)
    packed = bomb.compress(sitemap("/a")[:-9].encode() + b" " * 50_000_000) + bomb.flush()

    listing = read(packed)

    assert hrefs(listing) == ["/a"]
    assert listing.defects[0] == "cut at 1 MiB"


# --- What is no list, or a broken one ---


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("<!DOCTYPE html><title>x</title>", "HTML page"),
        ("<HTML><body>", "HTML page"),
        ("<?xml version='1.0'?><html xmlns='x'/>", "HTML page"),
        ("<urlset/>", "no entry in <urlset>"),
        ("<rss><channel/></rss>", "no entry in <rss>"),
        ("<urlset><url><priority>1</priority></url></urlset>", "none of which names a URL"),
        ("<other><url><loc>/a</loc></url></other>", "root element is 'other'"),
        ("<urlset", "broken at byte 0 (unclosed token)"),
        ("just words", "neither XML nor a URL on each line"),
        ('{"url": "https://e.org/"}', "neither XML nor a URL on each line"),
    ],
)
def test_what_is_no_list_says_why(body: str, why: str) -> None:
    listing = read(body)

    assert why in str(listing.unreadable)
    assert listing.entries == []


def test_robots_txt_without_sitemaps_says_so() -> None:
    assert "Sitemap: line" in str(read("User-agent: *\n", is_robots=True).unreadable)


def test_entities_that_multiply_are_refused() -> None:
    laughs = (
        '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
        "<urlset><url><loc>/&b;</loc></url></urlset>"
    )

    assert "declares an entity" in str(read(laughs).unreadable)


def test_attributes_that_every_element_would_have_are_refused() -> None:
    body = '<!DOCTYPE x [<!ATTLIST url a CDATA "long">]><urlset><url><loc>/a</loc></url></urlset>'

    assert "declares attributes" in str(read(body).unreadable)


@pytest.mark.parametrize("begun", ["<!--", "<x a='", "<x ", "<?p "])
def test_markup_without_end_ends_the_reading_with_what_stands_before_it(begun: str) -> None:
    listing = read(sitemap("/a").removesuffix("</urlset>") + begun + " " * (3 << 20))

    assert hrefs(listing) == ["/a"]
    assert "markup longer than 1 MiB" in listing.defects[0]


def test_text_may_be_longer_than_markup() -> None:
    body = sitemap("/a", extra=f"<x><![CDATA[{'x' * (3 << 20)}]]></x>{'y' * (3 << 20)}")

    assert read(body).defects == []
    assert hrefs(read(body)) == ["/a"]


def test_a_gzip_cut_before_its_first_entry_says_that_it_was_cut() -> None:
    bomb = gzip.compress(b"<urlset>" + b" " * (2 * LIMIT))

    assert str(read(bomb).unreadable).startswith("cut at 1 MiB: ")


def test_a_gzip_of_countless_members_is_cut() -> None:
    listing = read(gzip.compress(sitemap("/a").encode()) + gzip.compress(b"") * 20_000)

    assert hrefs(listing) == ["/a"]
    assert "gzip members" in listing.defects[0]


def test_entities_that_nobody_declared_are_passed_over() -> None:
    body = "<rss><channel><item><title>a&nbsp;b</title><link>/a</link></item></channel></rss>"

    assert hrefs(read(body)) == ["/a"]


def test_elements_without_end_are_refused() -> None:
    assert "nested deeper" in str(read("<urlset>" + "<url>" * 100_000).unreadable)


def test_of_a_clipped_sitemap_every_complete_location_is_kept() -> None:
    body = "<urlset><url><loc>/a</loc></url><url><loc>/b</loc><lastmod>20"

    listing = read(body + "</url><url><loc>/clip")

    assert hrefs(listing) == ["/a", "/b"]
    assert listing.defects == ["broken at byte 63 (mismatched tag)"]


def test_after_a_bare_ampersand_the_rest_is_still_read() -> None:
    body = sitemap("/a", "/b", "/c").replace("/b", "/b?x=1&y=2").replace("</loc>", "\n</loc>")

    listing = read(body)

    assert hrefs(listing) == ["/a", "/b?x=1&y=2", "/c"]
    assert "broken at byte" in listing.defects[0]


def test_a_broken_feed_keeps_the_dates_of_the_rest() -> None:
    body = (
        "<feed><entry><title>a & b</title><link rel='self' href='/no'/><link href='/a?x&amp;y'/>"
        "<updated>2026-01-01T00:00:00Z</updated></entry></feed>"
    )

    assert read(body).entries == [ListedUrl("/a?x&y", latest=1767225600)]


def test_what_a_server_prints_before_the_document_is_passed_over() -> None:
    listing = read("Warning: x\n" + sitemap("/a"))

    assert hrefs(listing) == ["/a"]
    assert listing.defects == ["11 bytes before its beginning"]


@pytest.mark.parametrize("broken", ["", "&"])
def test_a_list_that_is_too_long_is_cut_and_says_so(
    monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    for module in (listed, xml_list, url_list):
        monkeypatch.setattr(module, "MAX_ENTRIES", 3)

    listing = read(sitemap("/1", "/2", "/3", "/4").replace("/2", f"/2{broken}"))

    assert len(hrefs(listing)) == 3
    assert len(listing.defects) == 1


def test_fifty_thousand_urls_are_all_read() -> None:
    urls = [f"https://e.org/{number}" for number in range(50_000)]

    assert hrefs(read_list(sitemap(*urls).encode(), "", limit=LIMIT)) == urls


# --- Laws ---

PIECES = st.sampled_from(
    [
        "<urlset>", "</urlset>", "<sitemapindex>", "<url>", "</url>", "<sitemap>", "<loc>",
        "</loc>", "<rss>", "<item>", "</item>", "<link>", "</link>", "<link href='/x'", "/>",
        "<feed>",
        "<entry>", "</entry>", "https://e.org/", "/a", "&", "&amp;", "&#x110000;", "&#55555;",
        "<![CDATA[", "]]>", "<!--", "-->", "<!DOCTYPE x [", "<!ENTITY a 'b'>", "]>", "<?xml", "?>",
        "<updated>", "2026-01-01", "</updated>", "\0", "\ufeff", "\n", "é", "<a:", "xml:base='x'",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=60).map("".join), st.booleans())
def test_any_soup_of_tags_gives_entries_or_a_reason(soup: str, packed: bool) -> None:
    body = soup.encode("utf-8", "surrogatepass")

    listing = read(gzip.compress(body) if packed else body)

    assert (listing.unreadable is None) == bool(listing.entries)


@given(st.binary(max_size=2000), st.sampled_from([b"", b"\x1f\x8b\x08\x00", b"<", b"\xff\xfe<"]))
def test_any_bytes_give_entries_or_a_reason(noise: bytes, head: bytes) -> None:
    listing = read(head + noise, "text/html; charset=utf-16")

    assert (listing.unreadable is None) == bool(listing.entries)


@given(st.lists(st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1)))
def test_what_is_written_well_is_read_back(paths: list[str]) -> None:
    body = sitemap(*(f"/{path}" for path in paths))

    if paths:
        assert hrefs(read(body)) == [f"/{path}" for path in paths]


@given(st.data())
def test_a_sitemap_clipped_anywhere_keeps_what_was_complete(data: st.DataObject) -> None:
    paths = ["/a", "/b", "/c", "/d"]
    body = sitemap(*paths)
    clipped = body[: data.draw(st.integers(0, len(body)))]

    listing = read(clipped)

    assert [entry.href for entry in listing.entries] == [p for p in paths if f"{p}</" in clipped]
