"""Nothing that a spider passes on from a page becomes a further header field or request."""

from __future__ import annotations

import pytest

from crawler.clock import SystemClock
from crawler.errors import FetchError
from crawler.fetch.addresses import AddressGuard
from crawler.fetch.cookie_jar import CookieJar
from crawler.fetch.http_client import AiohttpFetcher
from crawler.fetch.limits import FetchLimits
from crawler.fetch.threads_client import Urllib3Fetcher
from crawler.interfaces import Fetcher
from crawler.messages import FetchRequest
from crawler.testing.raw_server import RawServer, answer
from crawler.workers.threads import ThreadedFetcher

BREAKS = ["\r\nX-Injected: 1", "\nX-Injected: 1", "\rX-Injected: 1", "\0X-Injected: 1",
          "\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"]  # fmt: skip
PLACES = ["value", "name", "cookie", "cookie name", "method"]


def request_with(place: str, text: str, url: str) -> FetchRequest:
    return {
        "value": lambda: FetchRequest(url=url, headers=(("x-a", f"a{text}".encode()),)),
        "name": lambda: FetchRequest(url=url, headers=((f"x-a{text}", b"a"),)),
        "cookie": lambda: FetchRequest(url=url, cookies=(("a", f"b{text}"),)),
        "cookie name": lambda: FetchRequest(url=url, cookies=((f"a{text}", "b"),)),
        "method": lambda: FetchRequest(url=url, method=f"GET{text}"),
    }[place]()


@pytest.mark.parametrize("text", BREAKS, ids=repr)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("backend", ["asyncio", "threads"])
async def test_a_line_break_ends_in_an_error_and_sends_nothing(
    backend: str, place: str, text: str
) -> None:
    kind = AiohttpFetcher if backend == "asyncio" else Urllib3Fetcher
    limits = FetchLimits(timeout=5.0, connect_timeout=5.0, deadline=10.0)
    inner = kind(
        limits, user_agent="test/1", headers={}, jar=CookieJar(), guard=AddressGuard("allow"),
        clock=SystemClock(),
    )  # fmt: skip
    fetcher: Fetcher = ThreadedFetcher(inner, 2) if isinstance(inner, Urllib3Fetcher) else inner
    async with RawServer(answer(b"x", connection="close")) as server:
        with pytest.raises(FetchError):
            await fetcher.fetch(request_with(place, text, server.url("/")))
        await fetcher.close()

        assert server.exchanges == []
