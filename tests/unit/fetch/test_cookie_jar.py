from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.fetch.cookie_jar import MAX_PER_DOMAIN, MAX_TOTAL, CookieJar
from crawler.messages import StoredCookie

NOW = 1_700_000_000.0
SITE = "https://www.example.org/docs/page"


def jar_with(*fields: str, url: str = SITE) -> CookieJar:
    jar = CookieJar()
    jar.learn(url, [field.encode() for field in fields], NOW)
    return jar


@pytest.mark.parametrize(
    ("field", "asked", "sent"),
    [
        # Domain
        pytest.param("a=1", "https://www.example.org/docs/", True, id="host-itself"),
        pytest.param("a=1", "https://sub.www.example.org/docs/", False, id="host-only-by-default"),
        pytest.param("a=1", "https://example.org/docs/", False, id="host-only-not-parent"),
        pytest.param("a=1; Domain=example.org", "https://example.org/docs/", True, id="parent"),
        pytest.param("a=1; Domain=.EXAMPLE.org", "https://x.example.org/docs/", True, id="sibling"),
        pytest.param("a=1; Domain=example.org", "https://badexample.org/docs/", False, id="suffix"),
        pytest.param("a=1; Domain=", "https://www.example.org/docs/", True, id="empty-domain"),
        pytest.param("a=1; Domain=other.org", "https://other.org/docs/", False, id="other-domain"),
        pytest.param("a=1; Domain=sub.www.example.org", SITE, False, id="below-itself"),
        pytest.param("a=1; Domain=org", SITE, False, id="public-suffix"),
        # Path
        pytest.param("a=1", "https://www.example.org/docs", True, id="default-path"),
        pytest.param("a=1", "https://www.example.org/docs/a/b", True, id="default-path-below"),
        pytest.param("a=1", "https://www.example.org/docsx", False, id="default-path-not-prefix"),
        pytest.param("a=1", "https://www.example.org/", False, id="default-path-not-above"),
        pytest.param("a=1; Path=/", "https://www.example.org/", True, id="root-path"),
        pytest.param("a=1; Path=/x/", "https://www.example.org/x/y", True, id="slash-path"),
        pytest.param("a=1; Path=/x/", "https://www.example.org/x", False, id="slash-path-itself"),
        pytest.param("a=1; Path=x", SITE, True, id="relative-path-is-the-default"),
        pytest.param("a=1; Path=/x; Path=/docs", SITE, True, id="last-path-wins"),
        pytest.param("a=1; Path=/docs", "https://www.example.org/docs?q=/", True, id="query"),
        # Secure and prefixes
        pytest.param("a=1; Secure", SITE, True, id="secure"),
        pytest.param("a=1; Secure", "http://www.example.org/docs/", False, id="secure-not-plain"),
        pytest.param("__Secure-a=1", SITE, False, id="secure-prefix-without"),
        pytest.param("__Secure-a=1; Secure", SITE, True, id="secure-prefix"),
        pytest.param("__Host-a=1; Secure; Path=/", SITE, True, id="host-prefix"),
        pytest.param("__Host-a=1; Secure", SITE, False, id="host-prefix-without-path"),
        # Expiry
        pytest.param("a=1; Max-Age=60", SITE, True, id="max-age"),
        pytest.param("a=1; Max-Age=0", SITE, False, id="max-age-0"),
        pytest.param("a=1; Max-Age=-1", SITE, False, id="max-age-negative"),
        pytest.param("a=1; Max-Age=1e9; Max-Age=x", SITE, True, id="max-age-junk-is-ignored"),
        pytest.param("a=1; Max-Age=" + "9" * 400, SITE, True, id="max-age-huge"),
        pytest.param("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", SITE, False, id="expired"),
        pytest.param("a=1; Expires=Sun, 01-Jan-2034 00:00:00 GMT", SITE, True, id="expires"),
        pytest.param("a=1; Expires=never", SITE, True, id="expires-junk-is-ignored"),
        pytest.param(
            "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=9", SITE, True, id="max-age-wins"
        ),
        # Shape
        pytest.param("a=1; SameSite=Junk; Priority=High; ;=;", SITE, True, id="junk-attributes"),
        pytest.param("a", SITE, False, id="no-equals-sign"),
        pytest.param("=1", SITE, False, id="no-name"),
        pytest.param("a=1\x01", SITE, False, id="control-character"),
        pytest.param("a=" + "x" * 4096, SITE, False, id="over-4-kib"),
    ],
)
def test_a_cookie_goes_where_rfc_6265_sends_it(field: str, asked: str, sent: bool) -> None:
    header = jar_with(field).header_for(asked, NOW)

    assert bool(header) is sent


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("http://www.example.co.uk/", "co.uk"),
        ("http://me.github.io/", "github.io"),
        ("http://a.b.ck/", "b.ck"),
        ("http://127.0.0.1/", "0.0.1"),
        ("http://localhost.localdomain/", "localdomain"),
    ],
)
def test_no_cookie_spans_a_public_suffix_or_an_address(url: str, domain: str) -> None:
    assert len(jar_with(f"a=1; Domain={domain}", url=url)) == 0


@pytest.mark.parametrize("host", ["github.io", "localhost", "127.0.0.1", "[::1]"])
def test_a_host_that_names_itself_gets_a_host_only_cookie(host: str) -> None:
    jar = jar_with(f"a=1; Domain={host.strip('[]')}", url=f"http://{host}:8000/")

    assert [cookie.host_only for cookie in jar] == [True]
    assert jar.header_for(f"http://{host}:8000/", NOW) == "a=1"


def test_a_name_that_ends_in_a_digit_shares_cookies_like_any_name() -> None:
    jar = jar_with("a=1; Domain=lab.node1", url="http://www.lab.node1/")

    assert jar.header_for("http://ftp.lab.node1/", NOW) == "a=1"


def test_a_plain_answer_sets_no_secure_cookie() -> None:
    assert len(jar_with("a=1; Secure", url="http://www.example.org/")) == 0


def test_values_are_sent_back_as_they_came() -> None:
    jar = jar_with('a="1 2, 3=\u00e9"; Path=/')

    assert jar.header_for(SITE, NOW) == 'a="1 2, 3=\u00e9"'


def test_longer_paths_go_first_and_then_older_cookies() -> None:
    jar = jar_with("old=1; Path=/")
    jar.learn(SITE, [b"new=2; Path=/", b"deep=3; Path=/docs"], NOW + 1)

    assert jar.header_for(SITE, NOW + 2) == "deep=3; old=1; new=2"


def test_cookies_of_the_request_win_over_those_of_the_jar() -> None:
    jar = jar_with("a=1", "b=2")

    assert jar.header_for(SITE, NOW, [("a", "9")]) == "a=9; b=2"
    assert CookieJar().header_for(SITE, NOW, [("a", "9")]) == "a=9"


def test_an_expired_cookie_is_not_sent() -> None:
    jar = jar_with("a=1; Max-Age=60")

    assert jar.header_for(SITE, NOW + 59) == "a=1"
    assert jar.header_for(SITE, NOW + 60) == ""


def test_a_new_value_keeps_the_time_of_creation() -> None:
    jar = jar_with("a=1")

    (changed,) = jar.learn(SITE, [b"a=2"], NOW + 9)

    assert (changed.value, changed.created, len(jar)) == ("2", NOW, 1)


def test_the_same_cookie_again_is_no_change() -> None:
    jar = jar_with("a=1")

    assert jar.learn(SITE, [b"a=1"], NOW + 9) == ()


def test_a_renewal_is_a_change_once_it_moved_the_end_by_a_tenth() -> None:
    jar = jar_with("a=1; Max-Age=1000")

    assert jar.learn(SITE, [b"a=1; Max-Age=1000"], NOW + 50) == ()
    assert len(jar.learn(SITE, [b"a=1; Max-Age=1000"], NOW + 100)) == 1
    assert jar.header_for(SITE, NOW + 1050) == "a=1"


def test_a_removal_is_told_once() -> None:
    jar = jar_with("a=1")

    (gone,) = jar.learn(SITE, [b"a=; Max-Age=0"], NOW + 9)

    assert (gone.name, gone.expires, len(jar)) == ("a", 0.0, 0)
    assert jar.learn(SITE, [b"a=; Max-Age=0"], NOW + 9) == ()


def test_one_host_keeps_50_and_pushes_out_the_oldest() -> None:
    jar = CookieJar()
    for n in range(MAX_PER_DOMAIN):
        jar.learn(SITE, [f"c{n}=1".encode()], NOW + n)

    new, gone = jar.learn(SITE, [b"last=1"], NOW + 99)

    assert (new.name, gone.name, gone.expires) == ("last", "c0", 0.0)
    assert len(jar) == MAX_PER_DOMAIN


def test_expired_cookies_are_pushed_out_before_older_ones() -> None:
    jar = CookieJar()
    for n in range(MAX_PER_DOMAIN):
        age = "; Max-Age=100" if n == 7 else ""
        jar.learn(SITE, [f"c{n}=1{age}".encode()], NOW + n)

    _, gone = jar.learn(SITE, [b"last=1"], NOW + 500)

    assert gone.name == "c7"


def test_all_hosts_together_keep_3000() -> None:
    jar = CookieJar()
    for n in range(MAX_TOTAL + 5):
        jar.learn(f"http://h{n}.example/", [b"a=1"], NOW + n)

    assert len(jar) == MAX_TOTAL
    assert jar.header_for("http://h4.example/", NOW + 9_999) == ""
    assert jar.header_for("http://h5.example/", NOW + 9_999) == "a=1"


def test_what_was_learnt_loads_into_a_jar_that_answers_the_same() -> None:
    jar = jar_with("a=1; Domain=example.org", "b=2; Max-Age=9", "c=3; Secure; Path=/")
    twin = CookieJar()

    stored = msgspec.json.encode(list(jar))
    twin.load(msgspec.json.decode(stored, type=list[StoredCookie]))

    for url in (SITE, "https://example.org/docs/", "http://www.example.org/docs/x"):
        assert twin.header_for(url, NOW) == jar.header_for(url, NOW)


def test_a_stored_removal_removes() -> None:
    jar = jar_with("a=1")
    gone = CookieJar()
    gone.load(jar)

    gone.load(jar.learn(SITE, [b"a=; Max-Age=0"], NOW))

    assert len(gone) == 0


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_no_field_breaks_the_jar_or_the_header(fields: list[bytes]) -> None:
    jar = CookieJar()

    jar.learn(SITE, fields, NOW)

    header = jar.header_for(SITE, NOW)
    assert not set(header) & set("\r\n\0")
    assert len(jar) == len(list(jar))


def test_cookies_of_the_config_stay_at_their_origin_and_its_https_form() -> None:
    jar = CookieJar()
    jar.give("http://e.org/start", {"a": "1"})

    there = [jar.header_for(url, 0.0) for url in ("http://e.org/x", "https://e.org/x")]
    elsewhere = ["http://e.org:8080/", "http://www.e.org/", "https://e.org:8443/", "http://f.org/"]

    assert there == ["a=1", "a=1"]
    assert [jar.header_for(url, 0.0) for url in elsewhere] == ["", "", "", ""]


def test_cookies_of_the_config_for_https_do_not_go_out_in_the_clear() -> None:
    jar = CookieJar()
    jar.give("https://e.org/", {"a": "1"})

    assert jar.header_for("http://e.org/", 0.0) == ""


def test_a_cookie_that_the_site_sets_takes_the_place_of_one_of_the_config() -> None:
    jar = CookieJar()
    jar.give("http://e.org/", {"a": "1", "b": "2"})

    jar.learn("http://e.org/", [b"a=new"], 0.0)

    assert jar.header_for("http://e.org/", 0.0) == "b=2; a=new"


def test_a_cookie_of_the_config_that_the_site_ends_is_gone_after_a_resume_too() -> None:
    jar, resumed = CookieJar(), CookieJar()
    jar.give("http://e.org/", {"a": "1"})

    changes = jar.learn("http://e.org/", [b"a=; Max-Age=0"], 10.0)
    resumed.give("http://e.org/", {"a": "1"})
    resumed.load(changes)

    assert jar.header_for("http://e.org/", 10.0) == resumed.header_for("http://e.org/", 10.0) == ""


def test_a_cookie_that_is_set_at_an_unusual_port_stays_there() -> None:
    jar = CookieJar()
    jar.learn("http://e.org:8080/", [b"a=1"], 0.0)
    jar.learn("http://e.org/", [b"b=2"], 0.0)

    assert jar.header_for("http://e.org:8080/x", 0.0) == "a=1"
    assert jar.header_for("https://e.org:8080/x", 0.0) == "a=1"
    assert jar.header_for("http://e.org:8081/", 0.0) == ""
    assert jar.header_for("https://e.org/", 0.0) == "b=2"


def test_a_cookie_with_a_domain_goes_to_every_port_of_it() -> None:
    jar = CookieJar()

    jar.learn("http://e.org:8080/", [b"a=1; Domain=e.org"], 0.0)

    assert jar.header_for("http://www.e.org:8081/", 0.0) == "a=1"
