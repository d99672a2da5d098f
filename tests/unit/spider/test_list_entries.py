from __future__ import annotations

from collections.abc import AsyncGenerator

from crawler.messages import NewRequest
from crawler.policy.scope import Scope
from crawler.spider.page_parser import PageParser
from crawler.spider.page_spider import PageSpider
from crawler.spider.payload import decode
from crawler.spider.start_entry import BadStart, StartEntry


async def started(
    *entries: StartEntry | BadStart, scope: Scope | None = None, grow: bool = True
) -> list[NewRequest | BadStart]:
    async def give() -> AsyncGenerator[StartEntry | BadStart, None]:
        for entry in entries:
            yield entry

    parser = PageParser(PageSpider(), scope or Scope(closed=True), entries=give, grow_scope=grow)
    return [one async for one in parser.start() if isinstance(one, NewRequest | BadStart)]


async def test_an_entry_is_a_start_that_carries_its_columns() -> None:
    (request,) = await started(StartEntry(url="HTTPS://e.org", place="a.csv:2", kept={"sku": "1"}))

    assert isinstance(request, NewRequest)
    assert (request.url, request.is_start, request.skip) == ("https://e.org/", True, None)
    assert decode(request.payload).kept == {"sku": "1"}


async def test_an_entry_that_is_no_url_is_reported_with_its_place() -> None:
    (bad,) = await started(StartEntry(url="e.org/x", place="a.csv:2"))

    assert isinstance(bad, BadStart)
    assert bad.place == "a.csv:2"
    assert "e.org/x" in bad.why


async def test_hosts_of_a_list_join_a_scope_without_hosts() -> None:
    scope = Scope(closed=True)

    await started(StartEntry(url="https://e.org/x", place="a.csv:2"), scope=scope)

    assert scope.admits("https://e.org/other")
    assert not scope.admits("https://x.org/")


async def test_an_entry_out_of_scope_is_kept_as_skipped() -> None:
    scope = Scope(hosts=["e.org"], deny=["/no"])
    entries = [StartEntry(url=url, place="p") for url in ("https://x.org/", "https://e.org/no")]

    requests = await started(*entries, scope=scope, grow=False)

    assert [one.skip for one in requests if isinstance(one, NewRequest)] == ["scope", "scope"]


async def test_a_fetched_list_may_lie_where_no_page_is_wanted() -> None:
    scope = Scope(hosts=["e.org"], allow=["/news/**"])

    (request,) = await started(
        StartEntry(url="https://e.org/s.xml", place="start.sitemap.0", source=True),
        scope=scope, grow=False,
    )  # fmt: skip

    assert isinstance(request, NewRequest)
    assert request.skip is None
    assert decode(request.payload).source
