"""Claims about what may be written about access to servers."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.policy.access import Proxy, basic, origin_of, proxy_of


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://shop.example", "https://shop.example"),
        ("HTTPS://Shop.Example/", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_origin_is_scheme_host_and_port(written: str, origin: str) -> None:
    assert origin_of(written) == origin


@pytest.mark.parametrize(
    "written",
    [
        "", "shop.example", "*.shop.example", "https://", "ftp://shop.example", "https://a/b",
        "https://a?b", "https://a#b", "https://ann@a", "https://ann:pw@a", "https://a:99999",
    ],
)  # fmt: skip
def test_whatever_says_less_or_more_is_no_origin(written: str) -> None:
    with pytest.raises(ValueError, match="is no origin"):
        origin_of(written)


def test_a_proxy_has_a_place_and_perhaps_a_user() -> None:
    assert proxy_of("http://Proxy.example:8080") == Proxy("proxy.example", 8080)
    assert proxy_of("http://[::1]:3128/").name == "[::1]:3128"
    assert proxy_of("http://ann:p%40w@h:80") == Proxy("h", 80, basic("ann", "p@w"))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=80))
def test_any_text_is_a_proxy_or_refused_in_words_that_do_not_repeat_it(text: str) -> None:
    for url in (text, f"http://ann:hunter2@{text}", f"socks5://ann:hunter2@{text}"):
        said = _said_of(url)
        assert "hunter2" not in said
        assert "@" not in said.removesuffix(_AT)


_AT = "in user and password of a proxy, write %40 for @ and %20 for a space"


def _said_of(url: str) -> str:
    try:
        return repr(proxy_of(url))
    except ValueError as error:
        return str(error)


@given(st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"])), st.text())
def test_basic_credentials_can_be_read_back(user: str, password: str) -> None:
    password = password.encode("utf-8", "replace").decode()
    scheme, _, value = basic(user, password).partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(value).decode() == f"{user}:{password}"
