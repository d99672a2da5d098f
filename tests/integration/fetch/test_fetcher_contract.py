"""What every fetcher does; the fake of `crawler.testing` is held to it beside the real one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from crawler.errors import FetchError
from crawler.interfaces import Fetcher
from crawler.messages import FetchRequest, HttpResponse
from crawler.outcome import ErrorClass
from crawler.testing.fake_clock import FakeClock
from crawler.testing.fake_fetcher import FakeFetcher, Reply
from crawler.testing.raw_server import RawServer, answer

NewFetcher = Callable[..., AbstractAsyncContextManager[Fetcher]]
Ask = Callable[..., Awaitable[HttpResponse]]

PHRASES = {200: "OK", 301: "Moved Permanently", 404: "Not Found", 503: "Service Unavailable"}


@pytest.fixture(params=["fake", "real"])
async def ask(request: pytest.FixtureRequest, new_fetcher: NewFetcher) -> Ask:
    """Return a function that asks a server which gives one reply."""

    async def ask_fake(reply: Reply, **fields: object) -> HttpResponse:
        url = "http://127.0.0.1:8/page"
        fetcher = FakeFetcher(FakeClock(), {url: reply})
        return await fetcher.fetch(FetchRequest(url=url, **fields))  # type: ignore[arg-type]

    async def ask_real(reply: Reply, **fields: object) -> HttpResponse:
        named = {name.lower().replace("-", "_"): value for name, value in reply.headers.items()}
        if reply.retry_after is not None:
            named["retry_after"] = f"{reply.retry_after:.0f}"
        raw = answer(reply.body, status=f"{reply.status} {PHRASES[reply.status]}", **named)
        async with RawServer(raw) as server, new_fetcher() as fetcher:
            url = server.url("/page")
            return await fetcher.fetch(FetchRequest(url=url, **fields))  # type: ignore[arg-type]

    return ask_fake if request.param == "fake" else ask_real


async def test_an_answer_has_its_status_fields_and_body(ask: Ask) -> None:
    response = await ask(Reply(body=b"hello", headers={"Content-Type": "text/html; charset=x"}))

    assert (response.status, response.body, response.wire_size) == (200, b"hello", 5)
    assert response.media_type == "text/html"
    assert response.url.endswith("/page")


async def test_a_refusal_is_an_answer_and_no_error(ask: Ask) -> None:
    response = await ask(Reply(status=404, body=b"no"))

    assert (response.status, response.body) == (404, b"no")


async def test_a_redirect_is_an_answer_without_a_body(ask: Ask) -> None:
    reply = Reply(status=301, body=b"moved", headers={"Location": "/there"})

    response = await ask(reply)

    assert (response.status, response.body) == (301, b"")
    assert response.headers.text("location") == "/there"


async def test_retry_after_is_in_seconds(ask: Ask) -> None:
    assert (await ask(Reply(status=503, retry_after=17.0))).retry_after == 17
    assert (await ask(Reply(status=503))).retry_after is None


async def test_a_body_over_the_limit_is_too_large(ask: Ask) -> None:
    with pytest.raises(FetchError) as caught:
        await ask(Reply(body=b"x" * 1000), max_body=999, any_type=True)

    assert caught.value.kind == ErrorClass.TOO_LARGE


async def test_a_body_over_the_limit_is_cut_for_whoever_asks(ask: Ask) -> None:
    response = await ask(Reply(body=b"x" * 1000), max_body=999, any_type=True, cut=True)

    assert response.flags == ("body_cut",)
    assert b"x" * 1000 != response.body == b"x" * len(response.body)


async def test_no_answer_is_an_error_of_a_class_that_names_the_url(
    new_fetcher: NewFetcher,
) -> None:
    url = "http://127.0.0.1:9/"
    fake = FakeFetcher(FakeClock(), {url: Reply(error="connect")})
    async with new_fetcher() as real:
        for fetcher in (fake, real):
            with pytest.raises(FetchError) as caught:
                await fetcher.fetch(FetchRequest(url=url))
            assert (caught.value.kind, caught.value.url) == (ErrorClass.CONNECT, url)
