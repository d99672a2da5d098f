from __future__ import annotations

from crawler.fetch.cookie_jar import CookieJar
from crawler.fetch.receive import Received
from crawler.fetch.responder import Responder
from crawler.messages import FetchRequest, Headers, HttpResponse
from crawler.testing.fake_clock import FakeClock

HEADERS = Headers([("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Retry-After", "7")])


def respond(jar: CookieJar, status: int, *, use_jar: bool = True) -> HttpResponse:
    clock = FakeClock()
    request = FetchRequest(url="http://example.org/", use_jar=use_jar)
    received = Received(b"body", 3, ("odd",))
    return Responder(jar, clock).response(
        request, status, HEADERS, received, clock.monotonic() - 2.5
    )


def test_a_response_is_what_was_received() -> None:
    response = respond(CookieJar(), 200)

    assert (response.body, response.wire_size, response.flags) == (b"body", 3, ("odd",))
    assert (response.status, response.elapsed, response.headers) == (200, 2.5, HEADERS)


def test_its_cookies_are_kept_unless_the_request_will_have_none_of_it() -> None:
    jar, other = CookieJar(), CookieJar()

    assert [one.name for one in respond(jar, 200).cookies_set] == ["a", "b"]
    assert respond(other, 200, use_jar=False).cookies_set == ()
    assert (len(jar), len(other)) == (2, 0)


def test_only_an_error_asks_us_to_wait() -> None:
    assert respond(CookieJar(), 429).retry_after == 7.0
    assert respond(CookieJar(), 200).retry_after is None
