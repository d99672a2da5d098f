from __future__ import annotations

import pytest

from crawler.errors import FetchError
from crawler.fetch.answer import (
    BodyPlan,
    Head,
    asked_wait,
    check_status,
    is_chunked,
    plan_body,
)
from crawler.fetch.limits import FetchLimits
from crawler.messages import FetchRequest, Headers, HttpResponse, last_type

GET = FetchRequest(url="http://example.org/")
HTML_ONLY = FetchLimits(accept=("text/html", "image/*"))


@pytest.mark.parametrize("status", [200, 204, 299, 301, 404, 500, 599, 600, 999])
def test_ordinary_statuses_pass(status: int) -> None:
    check_status(status, GET)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(0, "protocol"), (101, "protocol"), (199, "protocol"), (1000, "protocol"), (304, "protocol"),
     (206, "truncated")],
)  # fmt: skip
def test_answers_to_another_question_are_errors(status: int, kind: str) -> None:
    with pytest.raises(FetchError) as caught:
        check_status(status, GET)

    assert (caught.value.kind, caught.value.status) == (kind, status)


@pytest.mark.parametrize(
    ("field", "status"),
    [("If-None-Match", 304), ("if-modified-since", 304), ("Range", 206)],
)
def test_304_and_206_pass_when_asked_for(field: str, status: int) -> None:
    check_status(status, FetchRequest(url=GET.url, headers=((field, b"x"),)))


@pytest.mark.parametrize(
    ("head", "method", "plan"),
    [
        pytest.param(Head(200, "text/html"), "GET", BodyPlan.READ, id="page"),
        pytest.param(Head(200, "Text/HTML;charset=x"), "GET", BodyPlan.READ, id="parameters"),
        pytest.param(Head(200, "image/png"), "GET", BodyPlan.READ, id="family"),
        pytest.param(Head(200), "GET", BodyPlan.READ, id="no-type"),
        pytest.param(Head(200, "video/mp4"), "GET", BodyPlan.UNWANTED, id="unwanted"),
        pytest.param(Head(404, "video/mp4"), "GET", BodyPlan.KEEP_WHAT_COMES, id="error"),
        pytest.param(Head(302, has_location=True), "GET", BodyPlan.DISCARD, id="redirect"),
        pytest.param(Head(302), "GET", BodyPlan.KEEP_WHAT_COMES, id="redirect-to-nowhere"),
        pytest.param(Head(300, has_location=True), "GET", BodyPlan.KEEP_WHAT_COMES, id="choices"),
        pytest.param(Head(200, "text/html"), "HEAD", BodyPlan.NONE, id="head"),
        pytest.param(Head(204), "GET", BodyPlan.NONE, id="204"),
        pytest.param(Head(304), "GET", BodyPlan.NONE, id="304"),
    ],
)
def test_the_head_decides_about_the_body(head: Head, method: str, plan: BodyPlan) -> None:
    assert plan_body(head, FetchRequest(url=GET.url, method=method), HTML_ONLY) is plan


def test_a_request_for_any_type_gets_any_type() -> None:
    request = FetchRequest(url=GET.url, any_type=True)

    assert plan_body(Head(200, "video/mp4"), request, HTML_ONLY) is BodyPlan.READ


@pytest.mark.parametrize(("status", "wait"), [(429, 5.0), (503, 5.0), (200, None), (302, None)])
def test_only_errors_ask_to_wait(status: int, wait: float | None) -> None:
    assert asked_wait(status, Headers({"Retry-After": "5"}), now=0.0) == wait


def test_an_error_without_the_field_asks_for_nothing() -> None:
    assert asked_wait(503, Headers(), now=0.0) is None


@pytest.mark.parametrize(
    ("codings", "known"),
    [((), False), (("chunked",), True), (("gzip, Chunked ",), True), (("gzip", "chunked"), True),
     (("chunked", "gzip"), False), (("chunked, gzip",), False), (("xchunked",), False)],
)  # fmt: skip
def test_only_chunks_at_the_very_end_say_where_a_body_ends(
    codings: tuple[str, ...], known: bool
) -> None:
    assert is_chunked(codings) is known


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ((), ""),
        (("nonsense",), "nonsense"),
        (("text/plain", "text/html; charset=x"), "text/html; charset=x"),
        (("text/html", "nonsense"), "text/html"),
        (("text/html", "*/*"), "text/html"),
        (("text/html", "text/html; charset=y"), "text/html; charset=y"),
        (("a b/c", "nonsense"), "nonsense"),
    ],
)
def test_of_several_media_types_the_last_that_is_one_counts(
    values: tuple[str, ...], counts: str
) -> None:
    assert last_type(values) == counts


def test_a_response_is_of_the_last_media_type_that_is_one() -> None:
    headers = Headers({"content-type": ["image/png", "Text/HTML; charset=x", "nonsense"]})
    answer = HttpResponse(url="http://a/", status=200, headers=headers)

    assert answer.media_type == "text/html"
    assert answer.content_type == "Text/HTML; charset=x"
