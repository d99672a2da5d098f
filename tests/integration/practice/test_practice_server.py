from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from crawler.practice.server import PracticeSite
from crawler.practice.timeline import REDESIGN


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    jar = aiohttp.CookieJar(unsafe=True)  # the client's word for cookies of an address
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield session


async def test_the_site_is_served_where_it_says(client: aiohttp.ClientSession) -> None:
    async with PracticeSite() as site:
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


async def test_absolute_urls_name_the_port_that_is_listened_on(
    client: aiohttp.ClientSession,
) -> None:
    async with PracticeSite() as site, client.get(f"{site.url}/robots.txt") as answer:
        assert f"Sitemap: {site.url}/sitemap.xml" in await answer.text()


async def test_each_client_is_sent_away_once(client: aiohttp.ClientSession) -> None:
    async with PracticeSite() as site:
        statuses = []
        for agent in ("one", "one", "two", "two"):
            headers = {"User-Agent": agent}
            async with client.get(f"{site.url}/busy.html", headers=headers) as answer:
                statuses.append(answer.status)

    assert statuses == [429, 200, 429, 200]
    assert [(one.path, one.user_agent, one.status) for one in site.log] == [
        ("/busy.html", "one", 429), ("/busy.html", "one", 200),
        ("/busy.html", "two", 429), ("/busy.html", "two", 200),
    ]  # fmt: skip
    assert [one.at for one in site.log] == sorted(one.at for one in site.log)


async def test_a_page_that_the_client_has_is_not_sent_again(
    client: aiohttp.ClientSession,
) -> None:
    async with PracticeSite() as site:
        url = site.url + site.shop.books[0].image
        async with client.get(url) as answer:
            tag, size = answer.headers["ETag"], len(await answer.read())
        async with client.get(url, headers={"If-None-Match": tag}) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
        assert size > 100


async def test_the_form_can_be_signed_with_the_words_it_names(
    client: aiohttp.ClientSession,
) -> None:
    async with PracticeSite() as site:
        async with client.get(f"{site.url}/account.html") as answer:
            assert answer.url.path == "/login.html"
            token = (await answer.text()).partition('name="csrf" value="')[2].partition('"')[0]
        fields = {"csrf": token, "user": "reader", "password": "secret"}
        async with client.post(f"{site.url}/login", data=fields) as answer:
            assert "Hello, reader." in await answer.text()
            assert answer.url.path == "/account.html"


async def test_a_site_closes_at_once_though_somebody_waits_for_the_slow_page(
    client: aiohttp.ClientSession,
) -> None:
    site = PracticeSite()
    await site.start()
    waiting = asyncio.create_task(client.get(f"{site.url}/slow.html"))
    while not site.hits["/slow.html"]:
        async with client.get(f"{site.url}/about.html") as answer:
            assert answer.status == 200

    await asyncio.wait_for(site.close(), 1.5)

    with pytest.raises(aiohttp.ClientError):
        await waiting


async def test_the_site_plays_any_day_and_its_news_any_hour() -> None:
    async with PracticeSite(day=REDESIGN, now=lambda: 1_790_000_000.0) as site:
        assert len(site.shop.books) > 200
        assert 1_790_000_000 - site.shop.articles[0].published < 6 * 3600
