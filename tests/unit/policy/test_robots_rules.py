from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.policy.robots import (
    MAX_BYTES,
    RobotsRules,
    parse_rules,
    product_token,
    rules_from_response,
)

AGENT = "crawler/1.0 (+https://crawler.example/)"
SITE = "http://a.example"


def rules(text: str | bytes) -> RobotsRules:
    body = text.encode() if isinstance(text, str) else text
    return rules_from_response(200, body, AGENT)


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        pytest.param("User-agent: *\nDisallow: /a", "/a/b", False, id="prefix"),
        pytest.param("User-agent: *\nDisallow: /a", "/b", True, id="other-path"),
        pytest.param("User-agent: *\nDisallow: /A", "/a", True, id="case-of-path"),
        pytest.param("user-AGENT: *\nDISALLOW: /a", "/a", False, id="case-of-field"),
        pytest.param("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True, id="longest"),
        pytest.param("User-agent: *\nDisallow: /a\nAllow: /a", "/a", True, id="tie-allows"),
        pytest.param("User-agent: *\nDisallow: /*.pdf$", "/x.pdf", False, id="star-and-end"),
        pytest.param("User-agent: *\nDisallow: /*.pdf$", "/x.pdfs", True, id="end"),
        pytest.param("User-agent: *\nDisallow: /a?b=", "/a?b=1", False, id="query"),
        pytest.param("User-agent: *\nDisallow:", "/a", True, id="empty-disallow"),
        pytest.param("User-agent: *\nDisallow: /", "/robots.txt", True, id="robots-itself"),
        pytest.param("User-agent: *\nDisallow: /caf\u00e9", "/caf%C3%A9", False, id="utf-8"),
        pytest.param("User-agent: *\nDisallow: /caf%c3%a9", "/caf%C3%A9", False, id="encoded"),
        pytest.param("User-agent: *\nDisallow: /a # /b", "/a", False, id="comment"),
        pytest.param("User-agent: crawler\nDisallow: /a", "/a", False, id="own-group"),
        pytest.param("User-agent: CRAWLER\nDisallow: /a", "/a", False, id="own-group-any-case"),
        pytest.param("User-agent: crawler/2.1\nDisallow: /a", "/a", False, id="with-version"),
        pytest.param("User-agent: craw\nDisallow: /a", "/a", True, id="part-of-the-name"),
        pytest.param("User-agent: crawlerbot\nDisallow: /a", "/a", True, id="longer-name"),
        pytest.param("User-agent: other\nDisallow: /a", "/a", True, id="others-group"),
        pytest.param(
            "User-agent: *\nDisallow: /\n\nUser-agent: crawler\nDisallow: /a", "/b", True,
            id="own-group-replaces-the-general",
        ),
        pytest.param(
            "User-agent: crawler\nDisallow: /a\n\nUser-agent: x\nDisallow: /\n\n"
            "User-agent: crawler\nDisallow: /b", "/b", False, id="own-groups-merge",
        ),
        pytest.param(
            "User-agent: x\nUser-agent: crawler\nDisallow: /a", "/a", False, id="shared-group"
        ),
        pytest.param(
            "User-agent: crawler\nSitemap: http://x/s.xml\nDisallow: /a", "/a", False,
            id="unknown-line-within",
        ),
        pytest.param("Disallow: /a", "/a", True, id="rule-without-group"),
        pytest.param("<html><body>Disallow: me</body></html>", "/me", True, id="html"),
        pytest.param("", "/a", True, id="empty"),
    ],
)  # fmt: skip
def test_rules_are_read_as_the_rfc_says(text: str, path: str, allowed: bool) -> None:
    assert rules(text).allows(SITE + path) is allowed


def test_robots_txt_itself_may_always_be_had() -> None:
    forbidding = rules("User-agent: *\nDisallow: /\n")

    assert forbidding.allows(SITE + "/robots.txt")
    assert not forbidding.allows(SITE + "/a/robots.txt")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\xef\xbb\xbfUser-agent: *\nDisallow: /a", id="utf-8-mark"),
        pytest.param("\ufeffUser-agent: *\nDisallow: /a".encode("utf-16-le"), id="utf-16"),
        pytest.param(b"User-agent: *\rDisallow: /a", id="carriage-returns"),
        pytest.param(b"User-agent: *\r\nDisallow: /a\r\n", id="both"),
        pytest.param(b"\0User-agent: *\nDisallow: /a\0", id="nul-bytes"),
        pytest.param(b"# caf\xe9\nUser-agent: *\nDisallow: /a", id="latin-1-comment"),
    ],
)
def test_odd_bytes_do_not_hide_a_rule(body: bytes) -> None:
    assert not rules(body).allows(SITE + "/a")
    assert rules(body).allows(SITE + "/b")


def test_a_byte_that_is_no_utf_8_stands_for_itself() -> None:
    assert not rules(b"User-agent: *\nDisallow: /caf\xe9").allows(SITE + "/caf%E9")


def test_beyond_the_size_limit_nothing_is_read_and_no_rule_is_cut_in_two() -> None:
    head = b"User-agent: *\nDisallow: /a\n"
    filler = b"#" * (MAX_BYTES - len(head) - 12) + b"\n"
    body = head + filler + b"Disallow: /private/\nDisallow: /b\n"
    assert body[:MAX_BYTES].endswith(b"Disallow: /")

    read = rules(body)

    assert not read.allows(SITE + "/a")
    assert read.allows(SITE + "/b")
    assert read.allows(SITE + "/private/")


@pytest.mark.parametrize(
    ("status", "reachable", "allowed"),
    [
        (200, True, False), (204, True, False), (301, True, True), (400, True, True),
        (401, True, True), (403, True, True), (404, True, True), (410, True, True),
        (429, False, False), (500, False, False), (503, False, False), (None, False, False),
    ],
)  # fmt: skip
def test_the_status_decides_before_the_rules(
    status: int | None, reachable: bool, allowed: bool
) -> None:
    answer = rules_from_response(status, b"User-agent: *\nDisallow: /", AGENT)

    assert answer.reachable is reachable
    assert answer.allows(SITE + "/x") is allowed


def test_an_unreachable_robots_txt_is_asked_for_again_soon() -> None:
    assert rules_from_response(503, b"", AGENT).lifetime == 300
    assert rules_from_response(404, b"", AGENT).lifetime == 86_400


@pytest.mark.parametrize(
    ("value", "delay"),
    [
        ("2", 2.0), ("0.5", 0.5), ("0", 0.0), ("86400", 60.0), ("1e9", 60.0), ("-1", None),
        ("soon", None), ("nan", None), ("inf", None), ("", None),
    ],
)  # fmt: skip
def test_crawl_delay_is_capped_and_nonsense_passed_over(value: str, delay: float | None) -> None:
    assert rules(f"User-agent: *\nCrawl-delay: {value}\n").crawl_delay == delay


def test_crawl_delay_of_another_robot_is_not_ours() -> None:
    assert rules("User-agent: other\nCrawl-delay: 9\n").crawl_delay is None


def test_sitemaps_are_listed_as_written() -> None:
    text = "Sitemap: http://a.example/1.xml\nUser-agent: x\nSitemap: http://b.example/2.xml\n"

    assert rules(text).sitemaps == ("http://a.example/1.xml", "http://b.example/2.xml")


@pytest.mark.parametrize(
    ("text", "unrestricted"),
    [
        ("", True), ("User-agent: *\nDisallow:\n", True), ("User-agent: *\nAllow: /\n", True),
        ("User-agent: *\nDisallow: # nothing\n", True), ("User-agent: *\nDisallow: /x\n", False),
        ("User-agent: *\n disalow /x\n", False),
    ],
)  # fmt: skip
def test_rules_that_forbid_nothing_need_not_be_asked(text: str, unrestricted: bool) -> None:
    assert rules(text).unrestricted is unrestricted


@pytest.mark.parametrize(
    ("user_agent", "token"),
    [
        (AGENT, "crawler"),
        ("My-Bot_2", "my-bot_2"),
        ("Mozilla/5.0 (compatible; Foobot/1.0; +http://x/)", "foobot"),
        ("Mozilla/5.0 (X11)", "mozilla"),
        ("(nobody)", "*"),
        ("", "*"),
    ],
)
def test_the_product_token_of_a_user_agent(user_agent: str, token: str) -> None:
    assert product_token(user_agent) == token


@given(st.binary(max_size=300), st.sampled_from([AGENT, "", "*", "(x"]))
def test_no_bytes_make_it_raise(noise: bytes, agent: str) -> None:
    read = rules_from_response(200, b"User-agent: *\nDisallow: /x" + noise, agent)

    assert isinstance(read.allows(SITE + "/x"), bool)


@pytest.mark.parametrize("record", ["Foo: bar", "foo bar: x: y", "Sitemap: http://e.org/s", "<p>:"])
def test_records_nobody_knows_do_not_part_the_agents_of_a_group(record: str) -> None:
    body = f"User-agent: crawler\n{record}\nUser-agent: other\n{record}\nDisallow: /a\n".encode()

    found = parse_rules(body, "crawler/1.0")

    assert not found.allows("http://e.org/a")
    assert found.allows("http://e.org/b")


def test_a_misspelt_rule_is_no_unknown_record() -> None:
    found = parse_rules(b"User-agent: *\nDissallow: /a\n", "crawler/1.0")

    assert not found.allows("http://e.org/a")
