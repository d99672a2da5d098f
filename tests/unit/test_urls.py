from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import urls
from crawler.urls import CanonicalRules, Resolver, UrlError

BASE = "http://shop.example/books/list.html?page=2"

any_text = st.text(st.characters(exclude_categories=()), max_size=60)
url_text = st.text(st.sampled_from(list("ab/.:?#&=%2541eEfF@[]\\ \t\n-~é")), max_size=40)


@pytest.mark.parametrize(
    ("raw", "serialised"),
    [
        pytest.param("HTTP://Shop.Example", "http://shop.example/", id="case-of-scheme-and-host"),
        pytest.param("http://a.example:80/", "http://a.example/", id="default-port"),
        pytest.param("https://a.example:80/", "https://a.example:80/", id="other-port"),
        pytest.param("http://a.example/b/../c/./d", "http://a.example/c/d", id="dot-segments"),
        pytest.param("http://a.example/%2e%2e/b", "http://a.example/b", id="encoded-dots"),
        pytest.param("http://a.example/x#frag", "http://a.example/x", id="fragment"),
        pytest.param("http://me:pw@a.example/x", "http://a.example/x", id="user"),
        pytest.param("http://a.example/@me", "http://a.example/@me", id="at-in-path"),
        pytest.param("http://a.example/?q=a@b#c@d", "http://a.example/?q=a@b", id="at-in-query"),
        pytest.param("  http://a.example/\n", "http://a.example/", id="surrounding-space"),
        pytest.param("ht\ttp://a.exa\nmple/", "http://a.example/", id="tabs-inside"),
        pytest.param("http:\\\\a.example\\b", "http://a.example/b", id="backslashes"),
        pytest.param("http:a.example/b", "http://a.example/b", id="no-slashes"),
        pytest.param("http://bücher.example/ü?ü", "http://xn--bcher-kva.example/%C3%BC?%C3%BC"),
        pytest.param("http://0x7f.1/", "http://127.0.0.1/", id="odd-ipv4"),
        pytest.param("http://[::0001]:80/", "http://[::1]/", id="ipv6"),
        pytest.param("http://a.example/%zz", "http://a.example/%zz", id="stray-percent"),
    ],
)
def test_parse_gives_what_a_browser_would_ask_for(raw: str, serialised: str) -> None:
    assert urls.parse(raw) == serialised


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        pytest.param("shop.example", "must begin with http", id="no-scheme"),
        pytest.param("/path", "must begin with http", id="path-only"),
        pytest.param("ftp://a.example/", "'ftp' is not http or https", id="ftp"),
        pytest.param("file:///etc/passwd", "'file' is not http or https", id="file"),
        pytest.param("javascript:alert(1)", "'javascript' is not", id="javascript"),
        pytest.param("localhost:8080/x", "begins with a host", id="port-without-scheme"),
        pytest.param("http://", "no valid host", id="no-host"),
        pytest.param("http://a b/", "no valid host", id="space-in-host"),
        pytest.param("http://a.example:99999/", "no valid host or port", id="port-too-high"),
        pytest.param("http://1.2.3.4.5/", "no valid host", id="five-numbers"),
        pytest.param("http://[::1/", "no valid host", id="open-bracket"),
        pytest.param("http://a.example/" + "x" * 8192, "longer than 8192", id="too-long"),
        pytest.param("http://a.example/" + "é" * 2000, "once encoded", id="too-long-encoded"),
    ],
)
def test_parse_names_what_is_wrong(raw: str, message: str) -> None:
    with pytest.raises(UrlError, match=message):
        urls.parse(raw)


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("item.html", "http://shop.example/books/item.html"),
        ("../a/./b", "http://shop.example/a/b"),
        ("../../../x", "http://shop.example/x"),
        ("/x", "http://shop.example/x"),
        ("//other.example/x", "http://other.example/x"),
        ("?page=3", "http://shop.example/books/list.html?page=3"),
        ("#top", BASE),
        (" \n x.html#y \t", "http://shop.example/books/x.html"),
        ("http:y.html", "http://shop.example/books/y.html"),
        ("https://me@other.example/@x#@", "https://other.example/@x"),
        ("a b.html", "http://shop.example/books/a%20b.html"),
        ("\\x\\y", "http://shop.example/x/y"),
        ("\ud800", "http://shop.example/books/%EF%BF%BD"),
        ("a\x00b", "http://shop.example/books/a%00b"),
    ],
)
def test_a_link_leads_where_a_browser_would_go(href: str, url: str) -> None:
    assert Resolver(BASE).resolve(href) == url
    assert urls.join(BASE, href) == url


@pytest.mark.parametrize(
    "href",
    [
        "", "  \t\n", "mailto:a@b.example", "javascript:void(0)", "JaVa\tScript:x",
        "data:text/html,x", "file:///etc/passwd", "FILE:/x", "ftp://a.example/", "gopher://a/",
        "tel:1",
        "jar:http://a!/b", "httpx://a.example/", "http://[", "//", "http://a:b/",
        "https://a b/",
        "x" * 9000, "é" * 3000,
    ],
)  # fmt: skip
def test_what_is_no_web_link_leads_nowhere(href: str) -> None:
    assert Resolver(BASE).resolve(href) is None


def test_a_base_that_is_no_web_page_joins_to_nothing() -> None:
    assert urls.join("javascript:x", "http://a.example/") is None


@given(any_text | url_text)
def test_resolving_never_raises_and_gives_only_serialised_urls(href: str) -> None:
    url = Resolver(BASE).resolve(href)

    if url is not None:
        assert url.startswith(("http://", "https://"))
        assert "#" not in url
        assert url.isascii()
        assert len(url) <= urls.MAX_URL_LENGTH
        assert urls.parse(url) == url
        assert Resolver(BASE).resolve(url) == url


@given(any_text | url_text.map(lambda tail: "http://" + tail))
def test_parsing_twice_changes_nothing(raw: str) -> None:
    try:
        url = urls.parse(raw)
    except UrlError:
        return
    assert urls.parse(url) == url
    assert urls.origin(url) + urls.path_and_query(url) == url
    assert 0 <= urls.port(url) <= 65535
    assert urls.hostname(url)


def test_a_query_is_written_in_the_encoding_of_the_document() -> None:
    page = Resolver("http://a.example/", "cp1251")

    assert page.resolve("/я?q=я#я") == "http://a.example/%D1%8F?q=%FF"
    assert page.resolve("?q=\u4e2d") == "http://a.example/?q=%26%2320013%3B"


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://a.example/", ("a.example", "http://a.example", "a.example", 80, "/")),
        (
            "https://a.example:8443/x?y",
            ("a.example:8443", "https://a.example:8443", "a.example", 8443, "/x?y"),
        ),
        ("https://[::1]/x", ("[::1]", "https://[::1]", "::1", 443, "/x")),
        ("http://[::1]:81/x", ("[::1]:81", "http://[::1]:81", "::1", 81, "/x")),
        ("http://s/", ("s", "http://s", "s", 80, "/")),
    ],
)
def test_the_parts_of_a_url(url: str, parts: tuple[str, str, str, int, str]) -> None:
    assert (
        urls.host_key(url),
        urls.origin(url),
        urls.hostname(url),
        urls.port(url),
        urls.path_and_query(url),
    ) == parts


@pytest.mark.parametrize(
    ("url", "key"),
    [
        pytest.param("http://a/x?b=1&a=2", "http://a/x?a=2&b=1", id="order"),
        pytest.param("http://a/x?b=2&a=&b=1", "http://a/x?a=&b=2&b=1", id="order-of-values-counts"),
        pytest.param("http://a/x?utm_source=n&id=1&gclid=z", "http://a/x?id=1", id="tracking"),
        pytest.param("http://a/x?utm%5Fsource=n", "http://a/x", id="tracking-in-disguise"),
        pytest.param("http://a/%7eme/%c3%a9", "http://a/~me/%C3%A9", id="percent"),
        pytest.param("http://a/%2F?x=%26", "http://a/%2F?x=%26", id="reserved-stays"),
        pytest.param("http://a/%4%31", "http://a/%4%31", id="nothing-new-decoded"),
        pytest.param("http://a/100%?q=%3a%", "http://a/100%?q=%3A%", id="stray-percent"),
        pytest.param("http://a/X", "http://a/X", id="case-of-path-counts"),
        pytest.param("http://a/x/?", "http://a/x/", id="empty-query"),
        pytest.param("http://a/x?&&a", "http://a/x?a", id="empty-parameters"),
    ],
)
def test_urls_that_mean_the_same_have_one_key(url: str, key: str) -> None:
    assert CanonicalRules().canonical(url) == key


def test_rules_can_let_order_and_any_parameter_count() -> None:
    rules = CanonicalRules(sort_query=False, drop_params=frozenset({"sid"}))

    assert rules.canonical("http://a/?utm_source=n&sid=3&a=1") == "http://a/?utm_source=n&a=1"


@given(
    st.text(st.sampled_from(list("ab%24fF~._-/")), max_size=12),
    st.lists(st.sampled_from([*"ab%24fF~=&;+", "utm_id", "%5F"]), max_size=16).map("".join),
    st.booleans(),
)
def test_a_key_is_its_own_key(path: str, query: str, sort: bool) -> None:
    rules = CanonicalRules(sort_query=sort)
    key = rules.canonical(f"http://a.example/{path}?{query}")

    assert rules.canonical(key) == key


@pytest.mark.parametrize(
    ("host", "suffix", "registrable"),
    [
        ("www.example.co.uk", "co.uk", "example.co.uk"),
        ("example.com", "com", "example.com"),
        ("com", "com", ""),
        ("me.github.io", "github.io", "me.github.io"),
        ("a.b.kobe.jp", "b.kobe.jp", "a.b.kobe.jp"),
        ("x.city.kobe.jp", "kobe.jp", "city.kobe.jp"),
        ("a.xn--fiqs8s", "xn--fiqs8s", "a.xn--fiqs8s"),
        ("a.nosuchsuffix", "nosuchsuffix", "a.nosuchsuffix"),
        ("localhost", "localhost", ""),
        ("127.0.0.1", "", ""),
        ("::1", "", ""),
        ("", "", ""),
    ],
)
def test_the_domain_somebody_registered(host: str, suffix: str, registrable: str) -> None:
    assert urls.public_suffix(host) == suffix
    assert urls.registrable_domain(host) == registrable
    assert urls.is_public_suffix(host) == (bool(host) and host == suffix)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://e.org/a", "http://e.org/b", True),
        ("https://www.e.org/", "https://maps.e.org/", True),
        ("https://e.org/", "https://f.org/", False),
        ("https://a.github.io/", "https://b.github.io/", False),
        ("https://e.org:8443/", "https://www.e.org:8443/", True),
        ("https://e.org:8443/", "https://e.org/", False),
        ("http://127.0.0.1/", "http://127.0.0.2/", False),
        ("http://localhost:1/", "http://localhost:1/x", True),
        ("http://localhost:1/", "http://localhost:2/", False),
    ],
)
def test_a_site_is_what_one_party_registered(one: str, other: str, same: bool) -> None:
    assert urls.same_site(one, other) is same
    assert urls.same_site(other, one) is same
