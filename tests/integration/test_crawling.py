"""`crawl()` as a script or a notebook uses it: real pages, served on loopback."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from crawler import ConfigError, Response, Spider, crawl, crawl_sync

CONFIGS = Path(__file__).parents[2] / "configs"
API = CONFIGS / "api.yaml"


class Titles(Spider):
    name = "titles"

    def parse(self, response: Response) -> Any:
        yield {"title": response.url}


async def test_every_item_is_given_once() -> None:
    upcs = [item["upc"] async for item in crawl(API)]

    assert len(upcs) == len(set(upcs)) == 200


async def test_a_limit_ends_it() -> None:
    assert len([item async for item in crawl(API, limit=7)]) == 7


async def test_its_end_can_be_looked_at() -> None:
    async with crawl(API) as crawling:
        async for _ in crawling:
            pass

    assert crawling.result is not None
    assert crawling.result.exit_code == 0
    assert crawling.result.summary["items"]["Book"]["out"] == 200


async def test_stopping_finishes_what_is_in_flight_and_ends() -> None:
    seen = 0
    async with crawl(CONFIGS / "site.yaml") as crawling:
        async for _ in crawling:
            seen += 1
            await crawling.stop()

    assert crawling.result is not None
    assert crawling.result.summary["reason"] == "stopped"
    assert 0 < seen < 200


async def test_leaving_early_leaves_nothing_running() -> None:
    items = aiter(crawl(CONFIGS / "site.yaml"))

    await anext(items)
    await items.aclose()  # what `break` comes to

    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_leaving_before_it_began_leaves_nothing_running() -> None:
    async with crawl(API):
        pass

    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_slow_reader_gets_every_item_all_the_same() -> None:
    count = 0
    async for _ in crawl(API):
        count += 1
        await asyncio.sleep(0)

    assert count == 200


async def test_a_config_that_is_wrong_says_so_when_it_is_read() -> None:
    with pytest.raises(ConfigError, match="there is no file"):
        await anext(aiter(crawl("absent.yaml")))


async def test_an_exception_of_the_reader_is_its_own() -> None:
    async def read() -> None:
        async for _ in crawl(API):
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await read()


def test_without_async_it_works_twice() -> None:
    assert len(list(crawl_sync(API))) == len(list(crawl_sync(API))) == 200


async def test_without_async_it_works_where_a_loop_is_running() -> None:
    assert next(crawl_sync(API))["title"]


def test_a_spider_class_gets_its_attributes() -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        list(crawl_sync(Titles, start_urls=["nowhere:"]))


def test_what_cannot_be_reached_gives_nothing_and_raises_nothing() -> None:
    settings = {"fetch.retries": "0"}

    assert list(crawl_sync(Titles, start_urls=["http://127.0.0.1:1/"], settings=settings)) == []


async def test_a_list_without_a_url_is_an_error_as_it_is_for_the_command(tmp_path: Path) -> None:
    (tmp_path / "urls.txt").write_text("zzz\n")
    job = tmp_path / "job.yaml"
    job.write_text("name: job\nstart: {from_file: urls.txt}\n")

    with pytest.raises(ConfigError, match=r"urls\.txt:1: .*'zzz'"):
        _ = [item async for item in crawl(job)]
