from __future__ import annotations

import aiohttp
import pytest

from crawler.practice.server import PracticeSite


async def test_the_site_is_served_where_it_says() -> None:
    jar = aiohttp.CookieJar(unsafe=True)  # the client's word for cookies of an address
    async with PracticeSite() as site, aiohttp.ClientSession(cookie_jar=jar) as client:
        async with client.get(f"{site.url}/") as answer:
            assert answer.status == 200
            assert "All books" in await answer.text()
        async with client.get(f"{site.url}/welcome.html") as answer:
            assert (answer.status, len(answer.history)) == (200, 1)
        async with client.get(f"{site.url}/nofollow-header.html") as answer:
            assert answer.headers["X-Robots-Tag"] == "nofollow"
        async with client.get(f"{site.url}/legacy/bare.html") as answer:
            assert answer.headers["Content-Type"] == "text/html"
        assert site.hits == {
            "/": 1, "/welcome.html": 2, "/nofollow-header.html": 1, "/legacy/bare.html": 1
        }  # fmt: skip


async def test_a_site_that_closed_leaves_its_port_to_the_next() -> None:
    async with PracticeSite() as first:
        port = first.port

    async with PracticeSite(port) as second:
        assert second.url == f"http://127.0.0.1:{port}"


async def test_a_port_that_is_taken_is_an_error_and_leaves_nothing_behind() -> None:
    async with PracticeSite() as first:
        second = PracticeSite(first.port)
        with pytest.raises(OSError, match="address already in use"):
            await second.start()
