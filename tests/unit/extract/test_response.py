from __future__ import annotations

import pytest

from crawler.extract.response import (
    HtmlResponse,
    JsonResponse,
    Response,
    TextResponse,
    XmlResponse,
    make_response,
)
from crawler.messages import Headers, HttpResponse, Request

URL = "https://e.org/a/b"
PAGE = b"""<?xml version="1.0"?><html><base href="/c/"><body>
<a href=" x#part ">one <b>bold</b></a><a name=n>two</a><link href=s.css><p>no link</p></body></html>
"""


def page(body: bytes | str = PAGE, **meta: object) -> HtmlResponse:
    return HtmlResponse(URL, body=body, request=Request(URL, meta=meta, cb_kwargs={"k": 1}))


@pytest.mark.parametrize(
    ("content_type", "body", "kind"),
    [
        ("text/html; charset=utf-8", b"", HtmlResponse),
        ("application/rss+xml", b"", XmlResponse),
        ("application/json", b"", JsonResponse),
        ("text/plain", b"<html>", TextResponse),
        ("image/png", b"", Response),
        (None, b"<!doctype html>", HtmlResponse),
    ],
)
def test_the_class_follows_the_media_type(
    content_type: str | None, body: bytes, kind: type[Response]
) -> None:
    headers = Headers({"Content-Type": content_type} if content_type else None)

    made = make_response(
        HttpResponse(url=URL, status=200, headers=headers, body=body), Request(URL)
    )

    assert type(made) is kind


def test_a_page_that_begins_like_xml_is_selected_as_html() -> None:
    assert page().css("a::text").getall() == ["one ", "two"]
    assert page().xpath("//a[@name=$n]/text()", n="n").get() == "two"
    assert page().selector.type == "html"


def test_xml_and_json_are_selected_as_what_they_are() -> None:
    assert XmlResponse(URL, body=b"<r><Item>x</Item></r>").xpath("//Item/text()").get() == "x"
    assert JsonResponse(URL, body=b'{"a": ["x"]}').jmespath("a[0]").get() == "x"


def test_urls_are_joined_with_the_base_of_the_page() -> None:
    assert page().urljoin("x y") == "https://e.org/c/x%20y"
    assert page(b"<p>x").urljoin("x") == "https://e.org/a/x"
    assert Response(URL).urljoin("x") == "https://e.org/a/x"


def test_follow_takes_urls_elements_and_attributes() -> None:
    response = page()

    followed = [
        response.follow("x"),
        response.follow(response.css("a")[0]),
        response.follow(response.css("a::attr(href)")[0]),
        response.follow(response.css("link")[0]),
    ]

    assert [one.url.removeprefix("https://e.org/c/") for one in followed] == [
        "x", "x#part", "x#part", "s.css",
    ]  # fmt: skip


def test_follow_hands_its_options_to_the_request() -> None:
    request = page().follow("x", "parse_x", priority=3, cb_kwargs={"a": 1}, label="l")

    assert (request.callback, request.priority, request.cb_kwargs, request.label) == (
        "parse_x", 3, {"a": 1}, "l",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("css", "message"),
    [("a[name]", "has no href"), ("p", "only <a>, <area> and <link>")],
)
def test_follow_refuses_an_element_that_links_nowhere(css: str, message: str) -> None:
    response = page()

    with pytest.raises(ValueError, match=message):
        response.follow(response.css(css)[0])


def test_follow_refuses_a_list_of_selectors() -> None:
    response = page()

    with pytest.raises(ValueError, match="SelectorList"):
        response.follow(response.css("a"))


def test_follow_refuses_what_is_no_url_at_all() -> None:
    with pytest.raises(TypeError, match="cannot follow a int"):
        page().follow(3)


def test_follow_all_passes_over_anchors_without_an_href() -> None:
    response = page()
    expected = ["https://e.org/c/x#part"]

    assert [one.url for one in response.follow_all(css="a")] == expected
    assert [one.url for one in response.follow_all(xpath="//a")] == expected
    assert [one.url for one in response.follow_all(response.css("a"))] == expected


def test_follow_all_wants_exactly_one_source() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        page().follow_all(["x"], css="a")
    with pytest.raises(ValueError, match="exactly one"):
        page().follow_all()


def test_meta_cb_kwargs_and_depth_are_those_of_the_request() -> None:
    response = page(depth=3)

    assert (response.meta, response.cb_kwargs, response.depth) == ({"depth": 3}, {"k": 1}, 3)


def test_a_response_without_a_request_says_so() -> None:
    with pytest.raises(AttributeError, match="not tied to any request"):
        _ = Response(URL).meta


def test_json_is_parsed_once_even_when_it_is_null() -> None:
    response = JsonResponse(URL, body=b"null")

    assert response.json() is None
    assert response.json() is None


def test_what_is_no_json_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        page().json()


def test_text_and_selectors_are_for_text() -> None:
    picture = Response(URL, body=b"\x89PNG")

    with pytest.raises(AttributeError, match="isn't text"):
        _ = picture.text
    with pytest.raises(AttributeError, match="isn't text"):
        picture.css("a")
    with pytest.raises(AttributeError, match="isn't text"):
        picture.xpath("//a")


def test_a_given_encoding_wins_over_the_declared_one() -> None:
    response = HtmlResponse(URL, headers={"Content-Type": "text/html; charset=utf-8"}, body=b"\xff",
                            encoding="koi8-r")  # fmt: skip

    assert (response.text, response.encoding) == ("Ъ", "koi8-r")


def test_replace_changes_what_it_is_told_and_keeps_the_rest() -> None:
    response = page()

    other = response.replace(body=b"<p>x", status=404)

    assert (other.status, other.url, other.request) == (404, URL, response.request)
    assert response.status == 200
    assert isinstance(response.replace(cls=TextResponse), TextResponse)


def test_a_copy_has_headers_of_its_own() -> None:
    response = HtmlResponse(URL, headers={"A": "1"})

    response.copy().headers["A"] = "2"

    assert response.headers["a"] == b"1"
