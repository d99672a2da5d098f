from __future__ import annotations

import pytest

from crawler.errors import FetchError
from crawler.messages import QueuedRequest
from crawler.spider.hop import Hop, follow_redirect
from crawler.spider.payload import EMPTY, Payload

URL = "https://e.org/a/b"


def hop(
    location: str, status: int = 302, method: str = "GET", payload: Payload = EMPTY, limit: int = 20
) -> Hop:
    body = b"x" if method in ("POST", "PUT") else b""
    queued = QueuedRequest(id=1, key=1, url=URL, host="e.org", method=method, body=body)
    return follow_redirect(queued, payload, location, status, limit)


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("c", "https://e.org/a/c"),
        ("/c#part", "https://e.org/c"),
        ("//f.org", "https://f.org/"),
        ("http://e.org/a/b", "http://e.org/a/b"),
        ("/é", "https://e.org/%C3%A9"),
        ("?q", "https://e.org/a/b?q"),
    ],
)
def test_a_location_is_read_relative_to_the_page(location: str, url: str) -> None:
    assert hop(location).url == url


@pytest.mark.parametrize("location", ["", " ", "ftp://e.org/", "javascript:x", "http://["])
def test_an_unusable_location_is_a_redirect_error(location: str) -> None:
    with pytest.raises(FetchError) as caught:
        hop(location, status=301)

    assert (caught.value.kind, caught.value.status, caught.value.url) == ("redirect", 301, URL)


@pytest.mark.parametrize(
    ("status", "method", "expected"),
    [
        (301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"), (307, "POST", "POST"), (308, "POST", "POST"), (301, "PUT", "PUT"),
        (302, "GET", "GET"),
    ],
)  # fmt: skip
def test_the_method_changes_as_in_browsers(status: int, method: str, expected: str) -> None:
    assert hop("/c", status, method).method == expected


def test_a_body_goes_with_the_fields_that_describe_it() -> None:
    payload = Payload(headers=(("content-type", b"x"), ("x-a", b"1")))

    moved = hop("/c", 302, "POST", payload)

    assert moved.body == b""
    assert moved.payload.headers == (("x-a", b"1"),)
    assert hop("/c", 307, "POST", payload).payload.headers == payload.headers


CREDENTIALS = Payload(
    headers=(("authorization", b"s"), ("cookie", b"s"), ("x-a", b"1")), cookies={"a": "s"}
)


@pytest.mark.parametrize("location", ["http://e.org/", "https://e.org:8443/", "https://www.e.org/"])
def test_credentials_do_not_leave_their_origin(location: str) -> None:
    payload = hop(location, payload=CREDENTIALS).payload

    assert (payload.headers, payload.cookies) == ((("x-a", b"1"),), None)


@pytest.mark.parametrize(
    "name",
    ["referer", "cookie2", "x-auth-token", "x-api-key", "apikey", "x-csrf-token", "x-session-id"],
)
def test_fields_that_speak_of_secrets_do_not_leave_their_origin(name: str) -> None:
    payload = Payload(headers=((name, b"s"), ("x-author", b"me"), ("accept", b"*/*")))

    moved = hop("https://f.org/", payload=payload).payload

    assert moved.headers == (("x-author", b"me"), ("accept", b"*/*"))


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize(
    "location", ["https://f.org/", "https://www.e.org/", "https://e.org:1/", "http://e.org/"]
)
def test_a_body_does_not_leave_its_origin(location: str, status: int) -> None:
    with pytest.raises(FetchError, match="body of a POST to another origin"):
        hop(location, status, "POST")


def test_a_body_goes_along_to_the_https_form_of_its_origin() -> None:
    queued = QueuedRequest(id=1, key=1, url="http://e.org/", host="e.org", method="POST", body=b"x")

    assert follow_redirect(queued, EMPTY, "https://e.org/", 308, 20).body == b"x"


def test_credentials_stay_within_their_origin() -> None:
    payload = hop("/c", payload=CREDENTIALS).payload

    assert (payload.headers, payload.cookies) == (CREDENTIALS.headers, CREDENTIALS.cookies)


def test_the_chain_grows_and_ends_at_the_limit() -> None:
    payload = Payload(hops=("https://e.org/1", "https://e.org/2"))

    assert hop("/c", payload=payload, limit=3).payload.hops == (*payload.hops, URL)
    with pytest.raises(FetchError, match="more than 2 redirects"):
        hop("/c", payload=payload, limit=2)


@pytest.mark.parametrize(
    ("location", "returns"), [("", True), ("/first", True), ("/new", False)], ids=repr
)
def test_a_return_into_the_chain_is_known(location: str, returns: bool) -> None:
    payload = Payload(hops=("https://e.org/first",))

    assert hop(location or URL, payload=payload).returns is returns
