from __future__ import annotations

import ssl

import aiohttp
import pytest
from yarl import URL

from crawler.fetch.access import Access, Way
from crawler.fetch.addresses import AddressGuard, AddressRefused
from crawler.fetch.client_place import MAX_PLACES, Places
from crawler.fetch.request_head import RequestHead
from crawler.messages import FetchRequest
from crawler.policy.access import Proxy

OPEN = AddressGuard("allow")
HEADS = RequestHead({"User-Agent": "test/1"})
PROXY = Way(Proxy("proxy.example", 3128, "Basic c2VjcmV0"))


def usual() -> Way:
    return Access().way(FetchRequest(url="http://h/"), OPEN)


@pytest.fixture
async def places() -> Places:
    return Places(OPEN, "test/1", HEADS)


async def test_urls_of_one_origin_have_one_place(places: Places) -> None:
    one, other = (places.find(f"http://example.org:81/{path}", usual()) for path in "ab")

    assert one is other
    assert one.authority == "example.org:81"


async def test_another_scheme_port_or_way_is_another_place(places: Places) -> None:
    ways = (usual(), Way(tls=ssl.create_default_context()), PROXY, Way(Proxy("other.example", 1)))
    origins = ("http://a.example", "https://a.example", "https://a.example:444")
    keys = {
        places.find(f"{origin}/", way).connection_key
        for origin in origins
        for way in ways
    }  # fmt: skip

    assert len(keys) == len(ways) * len(origins)


async def test_two_users_of_a_proxy_share_no_connection(places: Places) -> None:
    other = Way(Proxy("proxy.example", 3128, "Basic b3RoZXI="))
    url = "https://a.example/"

    assert places.find(url, PROXY).connection_key != places.find(url, other).connection_key


async def test_the_connector_is_told_what_aiohttps_own_client_would_tell_it(
    places: Places,
) -> None:
    url = "https://a.example:444/x"
    own = aiohttp.ClientRequest("GET", URL(url), proxy=URL("http://proxy.example:3128"))
    made = places.find(url, Way(Proxy("proxy.example", 3128)))

    assert made.connection_key._replace(proxy_headers_hash=None) == own.connection_key
    assert (made.host, made.port, made.is_ssl()) == (own.host, own.port, own.is_ssl())


async def test_only_a_plain_request_through_a_proxy_names_its_whole_url(places: Places) -> None:
    assert places.find("http://a.example/", PROXY).asks_proxy
    assert not places.find("https://a.example/", PROXY).asks_proxy
    assert not places.find("http://a.example/", usual()).asks_proxy


async def test_a_private_address_is_no_place_each_time() -> None:
    places = Places(AddressGuard("start"), "test/1", HEADS)

    for _ in range(2):
        with pytest.raises(AddressRefused):
            places.find("http://127.0.0.1/", usual())


async def test_the_places_of_very_many_hosts_are_forgotten(places: Places) -> None:
    first = places.find("http://0.example/", usual())
    for number in range(1, MAX_PLACES + 1):
        places.find(f"http://{number}.example/", usual())

    assert places.find("http://0.example/", usual()) is not first
