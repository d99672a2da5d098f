from __future__ import annotations

import pytest

from crawler.fetch.request_head import RequestHead, plain_get

STANDING = {"User-Agent": "test/1", "Accept": "text/html"}


def lines(head: bytes) -> list[bytes]:
    assert head.endswith(b"\r\n\r\n")
    return head[:-4].split(b"\r\n")


def test_a_request_names_its_target_its_host_and_what_goes_with_all() -> None:
    head = RequestHead(STANDING).text("GET", "/a?b=c", "example.org:8080")

    assert lines(head) == [
        b"GET /a?b=c HTTP/1.1", b"Host: example.org:8080", b"User-Agent: test/1",
        b"Accept: text/html",
    ]  # fmt: skip


def test_fields_of_its_own_win_in_whatever_case_the_config_wrote_them() -> None:
    heads = RequestHead({"user-agent": "test/1", "X-A": "1"})

    head = heads.text("GET", "/", "example.org", {"User-Agent": "own/2", "Host": "other.example"})

    assert lines(head)[1:] == [b"Host: other.example", b"User-Agent: own/2", b"X-A: 1"]


def test_a_standing_field_written_in_another_case_goes_once() -> None:
    head = RequestHead({"Accept": "text/html", "accept": "image/png"}).text("GET", "/", "h")

    assert lines(head)[2:] == [b"accept: image/png"]


@pytest.mark.parametrize(
    ("method", "length", "sent"),
    [("GET", 0, None), ("HEAD", 0, None), ("POST", 0, b"0"), ("PUT", 12, b"12"), ("GET", 3, b"3"),
     ("DELETE", 0, b"0")],
)  # fmt: skip
def test_the_length_is_told_where_a_server_needs_it(
    method: str, length: int, sent: bytes | None
) -> None:
    told = lines(RequestHead({}).text(method, "/", "h", length=length))[2:]

    assert told == ([] if sent is None else [b"Content-Length: " + sent])


def test_the_last_request_of_a_connection_says_so() -> None:
    assert lines(RequestHead({}).text("GET", "/", "h", is_last=True))[-1] == b"Connection: close"


def test_bytes_that_are_no_text_go_out_as_they_were() -> None:
    value = b"\xff\xc3\xa9".decode("utf-8", "surrogateescape")

    assert lines(RequestHead({}).text("GET", "/", "h", {"X-A": value}))[-1] == b"X-A: \xff\xc3\xa9"


@pytest.mark.parametrize("target", ["/a b", "/a\r\nX: 1", "/\n", "/\0", "/\t", "/\x7f"])
def test_a_target_cannot_end_its_line(target: str) -> None:
    with pytest.raises(ValueError, match="space or a control character"):
        RequestHead({}).text("GET", target, "h")


def test_a_plain_get_is_put_together_of_what_was_made_before() -> None:
    heads = RequestHead(STANDING)

    made = plain_get("/a?b=c", heads.tail("example.org:8080"))

    assert made == heads.text("GET", "/a?b=c", "example.org:8080")
    with pytest.raises(ValueError, match="space or a control character"):
        plain_get("/ HTTP/1.1\r\nX: 1\r\n\r\n", heads.tail("h"))


@pytest.mark.parametrize("method", ["GET ", "GET\r\nX: 1", "", "G/T"])
def test_a_method_is_a_word(method: str) -> None:
    with pytest.raises(ValueError, match="is no name"):
        RequestHead({}).text(method, "/", "h")


def test_a_standing_field_cannot_bring_another() -> None:
    with pytest.raises(ValueError, match="X-A holds a line break"):
        RequestHead({"X-A": "1\r\nX-B: 2"})
