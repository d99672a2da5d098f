"""Claims about what a row asks the fetcher for."""

from __future__ import annotations

import pytest

from crawler.messages import QueuedRequest
from crawler.spider.asked import fetch_request
from crawler.spider.failure import CallbackFailed
from crawler.spider.payload import Payload

ROW = QueuedRequest(id=1, key=1, url="https://shop.example/", host="shop.example")


@pytest.mark.parametrize(
    ("meta", "proxy"),
    [
        ({}, None),
        ({"proxy": "http://ann:pw@proxy.example:8080"}, "http://ann:pw@proxy.example:8080"),
        ({"proxy": None}, ""),
        ({"proxy": ""}, ""),
    ],
)
def test_a_request_may_name_its_proxy_or_none(meta: dict[str, object], proxy: str | None) -> None:
    assert fetch_request(ROW, Payload(meta=meta)).proxy == proxy


@pytest.mark.parametrize("proxy", ["socks5://ann:s3cret@h:1", "http://ann:s3cret@h", 5])
def test_a_proxy_that_is_none_is_the_spiders_fault_and_not_repeated(proxy: object) -> None:
    with pytest.raises(CallbackFailed, match=r"meta\['proxy'\]") as failed:
        fetch_request(ROW, Payload(meta={"proxy": proxy}))
    assert "s3cret" not in str(failed.value)
