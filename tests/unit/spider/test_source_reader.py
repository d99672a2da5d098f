from __future__ import annotations

import contextlib
from typing import Any

import pytest

from crawler.messages import Headers, HttpResponse, QueuedRequest
from crawler.policy.scope import Scope
from crawler.spider.intake import Intake
from crawler.spider.page_parser import PageParser
from crawler.spider.page_spider import PageSpider
from crawler.spider.parsed import Parsed
from crawler.spider.payload import Payload, decode, encode
from crawler.spider.source_reader import MAX_SOURCE, SourceReader

URL = "https://e.org/maps/sitemap.xml"


def urlset(*locs: str) -> bytes:
    entries = "".join(f"<url><loc>{loc}</loc></url>" for loc in locs)
    return f"<urlset>{entries}</urlset>".encode()


def index(*locs: str) -> bytes:
    entries = "".join(f"<sitemap><loc>{loc}</loc></sitemap>" for loc in locs)
    return f"<sitemapindex>{entries}</sitemapindex>".encode()


def row(url: str = URL, **payload: Any) -> QueuedRequest:
    return QueuedRequest(
        id=7, key=1, url=url, host="e.org", payload=encode(Payload(source=True, **payload))
    )


def read(
    body: bytes,
    queued: QueuedRequest | None = None,
    *,
    reader: SourceReader | None = None,
    scope: Scope | None = None,
    flags: tuple[str, ...] = (),
) -> Parsed:
    queued, parsed = queued or row(), Parsed()
    intake = Intake(object(), scope or Scope(hosts=["e.org"]), {}, grow_scope=False)
    http = HttpResponse(url=queued.url, status=200, headers=Headers(), body=body, flags=flags)
    reading = (reader or SourceReader()).read(queued, http, intake, parsed)
    with contextlib.suppress(StopIteration):
        while True:
            reading.send(None)
    return parsed


def urls(parsed: Parsed) -> list[str]:
    assert parsed.unreadable is None
    return [request.url for request in parsed.requests]


def test_pages_of_a_list_begin_at_depth_zero_and_are_no_starts() -> None:
    parsed = read(urlset("https://e.org/a"))

    request = parsed.requests[0]
    assert (request.url, request.depth, request.is_start) == ("https://e.org/a", 0, False)
    assert (request.payload, request.dont_filter, parsed.notes) == (None, False, ())


def test_relative_and_untidy_urls_are_resolved() -> None:
    assert urls(read(urlset("a", " /b ", "//E.org:443/c#x"))) == [
        "https://e.org/maps/a",
        "https://e.org/b",
        "https://e.org/c",
    ]


def test_the_base_of_a_feed_is_itself_relative_to_its_url() -> None:
    feed = b"<feed xml:base='/blog/'><entry><link href='a'/></entry></feed>"

    assert urls(read(feed)) == ["https://e.org/blog/a"]


def test_what_is_no_http_url_is_counted() -> None:
    parsed = read(urlset("mailto:x@e.org", "https://e.org/a", "ftp://e.org/", "https://[x/"))

    assert urls(parsed) == ["https://e.org/a"]
    assert parsed.notes == (f"{URL}: 1 URL kept; left out: without a usable http(s) URL (3)",)


def test_pages_out_of_scope_are_counted_by_host() -> None:
    scope = Scope(hosts=["e.org"], deny=["/no/**"])

    parsed = read(urlset("https://e.org/a", "https://x.org/1", "https://e.org/no/x"), scope=scope)

    assert urls(parsed) == ["https://e.org/a"]
    assert parsed.offsite == {"x.org": (1, "https://x.org/1"), "e.org": (1, "https://e.org/no/x")}
    assert parsed.notes == ()


def test_a_list_of_which_nothing_is_left_says_why() -> None:
    parsed = read(urlset("https://x.org/1"))

    assert parsed.notes == (f"{URL}: 0 URLs kept; left out: out of scope (1)",)


def test_lists_of_an_index_are_lists_with_their_trail() -> None:
    parsed = read(index("/1.xml", "/2.xml.gz"), row(trail=("https://e.org/robots.txt",)))

    assert urls(parsed) == ["https://e.org/1.xml", "https://e.org/2.xml.gz"]
    assert parsed.source_files == 2
    for request in parsed.requests:
        payload = decode(request.payload)
        assert payload.source
        assert payload.trail == ("https://e.org/robots.txt", URL)
        assert not request.is_start
        assert request.dont_filter  # a page may have linked to it as to any page


def test_patterns_on_paths_are_not_for_lists() -> None:
    scope = Scope(hosts=["e.org"], allow=["/news/**"])

    assert urls(read(index("/1.xml"), scope=scope)) == ["https://e.org/1.xml"]


def test_each_list_is_read_once() -> None:
    reader = SourceReader()

    first = read(index(URL, "/a.xml", "/a.xml"), reader=reader)
    second = read(index("/a.xml", URL, "/b.xml"), row("https://e.org/a.xml"), reader=reader)

    assert urls(first) == ["https://e.org/a.xml"]
    assert urls(second) == ["https://e.org/b.xml"]
    # Read alone, it would have given more: nobody may remember this as what it gives.
    assert second.by_others
    assert not second.is_whole


def test_an_index_that_leads_nowhere_new_says_so() -> None:
    parsed = read(index(URL, URL))

    assert parsed.notes == (f"{URL}: 0 URLs kept; left out: lists that were asked for already (2)",)


def test_a_loop_ends_even_if_a_resume_has_forgotten_it() -> None:
    looping = row("https://e.org/b.xml", trail=(URL, "https://e.org/a.xml"))

    assert urls(read(index(URL, "a.xml", "https://e.org/a.xml", "b.xml"), looping)) == []


def test_lists_are_nested_three_levels_deep_at_most() -> None:
    trail = ("https://e.org/1.xml", "https://e.org/2.xml")

    third = read(index("/4.xml"), row("https://e.org/3.xml", trail=trail))
    fourth = read(
        index("/5.xml"), row("https://e.org/4.xml", trail=(*trail, "https://e.org/3.xml"))
    )

    assert urls(third) == ["https://e.org/4.xml"]
    assert urls(fourth) == []
    assert "lists nested deeper than 3 levels (1)" in fourth.notes[0]


def test_lists_of_a_run_are_limited_over_its_processes() -> None:
    reader = SourceReader(max_files=5, files=2)

    parsed = read(index(*(f"/{n}.xml" for n in range(5))), reader=reader)

    assert not parsed.is_whole
    assert len(urls(parsed)) == 3
    assert "left out: lists beyond start.max_sitemap_files: 5 (2)" in parsed.notes[0]


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://www.e.org/1.xml", True),
        ("https://cdn.example/1.xml", False),
        ("https://e.org:8443/1.xml", False),
        ("https://friend.example/1.xml", True),
    ],
)
def test_an_index_is_held_to_its_site_and_the_scope(url: str, kept: bool) -> None:
    parsed = read(index(url), scope=Scope(hosts=["e.org", "friend.example"]))

    assert urls(parsed) == ([url] if kept else [])
    assert bool(parsed.offsite) is not kept


def test_robots_txt_may_name_lists_anywhere_and_they_their_neighbours() -> None:
    robots = row("https://e.org/robots.txt")
    elsewhere = row("https://cdn.example/1.xml", trail=("https://e.org/robots.txt",))

    named = read(b"Sitemap: https://cdn.example/1.xml", robots)
    neighbours = read(index("/2.xml", "https://e.org/3.xml", "https://other.org/"), elsewhere)

    assert urls(named) == ["https://cdn.example/1.xml"]
    assert urls(neighbours) == ["https://cdn.example/2.xml", "https://e.org/3.xml"]


def test_a_robots_txt_that_was_redirected_is_still_one() -> None:
    hop = row("https://e.org/static/r", hops=("https://e.org/robots.txt",))

    assert urls(read(b"Sitemap: https://cdn.example/1.xml", hop)) == ["https://cdn.example/1.xml"]


def test_entries_that_say_they_are_older_are_left_out() -> None:
    body = (
        b"<urlset><url><loc>/old</loc><lastmod>2025-12-30</lastmod></url>"
        b"<url><loc>/that-day</loc><lastmod>2026-01-01</lastmod></url>"
        b"<url><loc>/future</loc><lastmod>2999-01-01</lastmod></url>"
        b"<url><loc>/garbage</loc><lastmod>soon</lastmod></url><url><loc>/undated</loc></url>"
        b"</urlset>"
    )
    noon = 1767225600.0 + 12 * 3600

    parsed = read(body, reader=SourceReader(newer_than=noon))

    assert [url.removeprefix("https://e.org") for url in urls(parsed)] == [
        "/that-day", "/future", "/garbage", "/undated",
    ]  # fmt: skip


def test_lists_that_an_index_says_are_older_are_not_fetched() -> None:
    body = index("/old.xml").replace(b"</loc>", b"</loc><lastmod>2020-01-01</lastmod>")

    parsed = read(body, reader=SourceReader(newer_than=1767225600.0))

    assert urls(parsed) == []
    assert "older than start.newer_than (1)" in parsed.notes[0]


def test_a_broken_list_notes_where_and_what_is_kept() -> None:
    parsed = read(urlset("https://e.org/a", "https://e.org/b")[:-10])

    assert urls(parsed) == ["https://e.org/a", "https://e.org/b"]
    assert parsed.notes[0].startswith(f"{URL}: broken at byte")
    assert parsed.notes[0].endswith("; 2 URLs kept")


def test_a_list_that_was_cut_for_its_size_says_so() -> None:
    parsed = read(urlset("https://e.org/a")[:-9], flags=("body_cut",))

    assert f"{URL}: cut at 64 MiB; 1 URL kept" in parsed.notes


@pytest.mark.parametrize("body", [b"", b"<!doctype html><p>", b"<urlset/>", b"\x1f\x8b\x08x"])
def test_what_is_no_list_is_unreadable(body: bytes) -> None:
    parsed = read(body)

    assert str(parsed.unreadable).startswith("no list of URLs: ")
    assert parsed.requests == []


async def test_the_parser_has_lists_read_and_fetches_them_whatever_their_type() -> None:
    parser = PageParser(PageSpider(), Scope(hosts=["e.org"]), sources=SourceReader())
    http = HttpResponse(url=URL, status=200, headers=Headers(), body=urlset("https://e.org/a"))

    asked = parser.fetch_request(row())
    parsed = await parser.parse(row(), http)

    assert (asked.any_type, asked.cut, asked.max_body) == (True, True, MAX_SOURCE)
    assert urls(parsed) == ["https://e.org/a"]
    assert parsed.items == []


@pytest.mark.parametrize("is_start", [True, False])
def test_a_list_may_redirect_anywhere(is_start: bool) -> None:
    parser = PageParser(PageSpider(), Scope(hosts=["e.org"]), grow_scope=False)
    queued = row(trail=("https://e.org/robots.txt",))
    queued.is_start = is_start

    hop = parser.hop(queued, "https://cdn.example/s.xml", 301)

    assert (hop.skip, hop.is_start) == (None, is_start)
    assert decode(hop.payload).source
    assert decode(hop.payload).trail == ("https://e.org/robots.txt",)
