"""URLs by the WHATWG standard, and patterns on their paths."""

from __future__ import annotations

import re
from urllib.parse import urljoin

from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import ConfigError
from crawler.globs import compile_patterns
from crawler.policy.scope import Scope
from crawler.url_patterns import UrlPatterns
from crawler.urls import (
    MAX_URL_LENGTH,
    CanonicalRules,
    Resolver,
    UrlError,
    host_key,
    hostname,
    join,
    origin,
    parse,
    path_and_query,
    port,
    registrable_domain,
    same_site,
    split_port,
)
from tests.property.examples import examples

_pieces = st.sampled_from(
    [
        *"/\\@[]%?#.a=&\t\n \0+|^:", "http", "https", "ftp", "//", "user", "e.org", "EX.org",
        "1.2.3.4", "0x7f", "[::1]", "%41", "%zz", "..", ":80", ":0", ":99999", "\u00e9", "\u3002",
        "xn--", "\ud800", "utm_source=x",
    ]
)  # fmt: skip
soup = st.lists(_pieces, max_size=12).map("".join)
urls = (
    st.tuples(st.sampled_from(["http://e.org", "https://[::1]:8443", "http://1.2.3.4:80"]), soup)
    .map("".join)
    .filter(lambda text: _is_url(text))
    .map(parse)
)


def _is_url(text: str) -> bool:
    try:
        parse(text)
    except UrlError:
        return False
    return True


@examples()
@given(urls)
def test_a_serialised_url_is_its_parts(url: str) -> None:
    assert origin(url) + path_and_query(url) == url
    assert re.fullmatch(r"https?://[!-~]+/[!-~]*", url)
    assert len(url) <= MAX_URL_LENGTH
    host, number = split_port(host_key(url))
    assert host == hostname(url)
    assert 0 <= port(url) <= 65_535
    assert number != (443 if url.startswith("https") else 80)
    assert same_site(url, url)
    domain, host = registrable_domain(host), host.rstrip(".")
    assert domain == "" or host == domain or host.endswith(f".{domain}")


@examples()
@given(urls, urls)
def test_a_url_is_the_same_wherever_it_is_linked_from(base: str, url: str) -> None:
    assert join(base, url) == url
    assert Resolver(base, "cp1252").resolve(url) == url


@examples()
@given(urls)
def test_a_key_is_its_own_key_and_its_path_stays(url: str) -> None:
    rules = CanonicalRules()

    key = rules.canonical(url)

    assert rules.canonical(key) == key
    assert origin(key) == origin(url)
    assert rules.canonical(parse(key)) == key


_segments = st.sampled_from(["a", "b.html", "..", ".", "c%41"])


@examples()
@given(st.lists(_segments, max_size=4), st.lists(_segments, min_size=1, max_size=6))
def test_a_plain_reference_is_resolved_as_rfc_3986_has_it(path: list[str], href: list[str]) -> None:
    base = parse(f"http://e.org/{'/'.join(path)}")

    assert join(base, "/".join(href)) == urljoin(base, "/".join(href))


@examples()
@given(st.lists(st.text(max_size=10) | st.sampled_from(["/**", "*", "re:(", "/a?*"])), urls)
def test_any_pattern_is_refused_or_decides(texts: list[str], url: str) -> None:
    try:
        patterns = compile_patterns(texts)
    except ConfigError:
        return
    assert patterns.match(path_and_query(url)) in (True, False)


@examples()
@given(st.text(max_size=20) | soup, urls)
def test_any_host_of_a_scope_is_refused_or_decides(host: str, url: str) -> None:
    try:
        scope = Scope(hosts=[host])
    except ConfigError:
        return
    assert scope.admits(url) is scope.decide(url).admitted


@examples()
@given(urls, urls)
def test_a_pattern_of_a_url_is_short_and_stays(one: str, other: str) -> None:
    patterns = UrlPatterns()
    before = patterns.pattern_of(one)
    patterns.note(other)

    assert patterns.pattern_of(one) == before
    assert len(before) <= 401
