from __future__ import annotations

from typing import Any

import pytest

from crawler.fetch.cookie_jar import CookieJar
from crawler.fetch.request_fields import request_fields, standing_fields
from crawler.messages import FetchRequest

URL = "http://example.org/"


def fields(**parts: Any) -> dict[str, str]:
    jar = CookieJar()
    jar.learn(URL, [b"jar=1"], 0.0)
    return request_fields(FetchRequest(url=URL, **parts), jar, 0.0)


def test_cookies_of_jar_and_request_make_one_field() -> None:
    assert fields(cookies=(("own", "2"),)) == {"Cookie": "own=2; jar=1"}


def test_without_the_jar_only_the_cookies_of_the_request_go() -> None:
    assert fields(cookies=(("own", "2"),), use_jar=False) == {"Cookie": "own=2"}
    assert fields(use_jar=False) == {}


def test_a_cookie_field_of_the_request_stands_alone() -> None:
    assert fields(headers=(("cookie", b"mine=3"),)) == {"Cookie": "mine=3"}


def test_a_repeated_field_becomes_one_list() -> None:
    sent = fields(use_jar=False, headers=(("x-a", b"1"), ("X-A", b"2"), ("x-b", "\u00e9".encode())))

    assert sent == {"X-A": "1, 2", "X-B": "\u00e9"}


@pytest.mark.parametrize(
    "field", [("x a", b"1"), ("", b"1"), ("x\n", b"1"), ("x", b"1\r\ny: 2"), ("x", b"\0")]
)
def test_nothing_can_end_a_field_early(field: tuple[str, bytes]) -> None:
    with pytest.raises(ValueError, match="field"):
        fields(headers=(field,))


def test_how_long_a_body_is_nobody_says_but_the_client() -> None:
    lying = (("content-length", b"7"), ("TRANSFER-encoding", b"chunked"), ("x", b"1"))

    assert fields(use_jar=False, headers=lying) == {"X": "1"}
    standing = standing_fields("me", {"content-length": "7", "X-Team": "docs"})
    assert set(standing) == {"User-Agent", "Accept", "Accept-Encoding", "X-Team"}
