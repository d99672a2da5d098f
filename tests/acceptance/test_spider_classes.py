"""Spiders in Python, named by a config."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site


async def test_a_callback_may_have_any_shape(job: Job, site: Site) -> None:
    site.html("/")
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        "    async def parse(self, response):\n"
        "        yield {'from': 'async generator'}\n"
        "        for name in ('generator', 'coroutine', 'many', 'one', 'none'):\n"
        "            yield response.follow('/', callback=name, dont_filter=True)\n"
        "    def generator(self, response):\n"
        "        yield {'from': 'generator'}\n"
        "    async def coroutine(self, response):\n"
        "        return [{'from': 'coroutine'}]\n"
        "    def many(self, response):\n"
        "        return [{'from': 'list'}]\n"
        "    def one(self, response):\n"
        "        return {'from': 'one item'}\n"
        "    def none(self, response):\n"
        "        return None\n"
    )

    ran = await job.run()

    assert ran.code == 0
    assert [item["from"] for item in job.items()] == [
        "async generator", "generator", "coroutine", "list", "one item",
    ]  # fmt: skip


async def test_a_spider_follows_links_to_named_callbacks_with_arguments(
    job: Job, site: Site
) -> None:
    site.html("/", "/a", "/b", "http://elsewhere.invalid/")
    site.html("/a")
    site.html("/b")
    (job.folder / "spiders").mkdir()
    (job.folder / "spiders/shop.py").write_text(
        "from functools import partial\n"
        "from crawler import Spider\n"
        "class Shop(Spider):\n"
        "    name = 'shop'\n"
        "    async def parse(self, response):\n"
        "        yield response.follow('/a', callback=self.leaf, cb_kwargs={'rank': 1})\n"
        "        yield response.follow(response.css('a')[1], callback='leaf', meta={'m': (1, 2)})\n"
        "        yield response.follow('http://elsewhere.invalid/')\n"
        "    def leaf(self, response, rank=0):\n"
        "        title = response.xpath('//title/text()').get()\n"
        "        yield {'title': title, 'rank': rank, 'section': self.section,\n"
        "               'm': list(response.meta.get('m', ()))}\n"
    )
    job.write(spider="spiders/shop.py:Shop", args={"section": "archive"})

    ran = await job.run()

    items = [{k: v for k, v in item.items() if not k.startswith("_")} for item in job.items()]
    assert ran.code == 0
    assert items == [
        {"title": "/a", "rank": 1, "section": "archive", "m": []},
        {"title": "/b", "rank": 0, "section": "archive", "m": [1, 2]},
    ]
    assert job.summary()["offsite"]["links"] == 1


async def test_a_spider_may_begin_by_itself_and_read_json(job: Job, site: Site) -> None:
    for page in (1, 2):
        body = json.dumps({"rows": [{"n": page}], "next": page < 2 and "/api2"})
        site.pages[f"/api{page}"] = site.answer(body, content_type="application/json")
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        f"    start_urls = ['{site.url('/api1')}']\n"
        "    def parse(self, response):\n"
        "        data = response.json()\n"
        "        yield from data['rows']\n"
        "        if data['next']:\n"
        "            yield response.follow(data['next'])\n",
        start=None,
    )

    ran = await job.run()

    assert (ran.code, [item["n"] for item in job.items()]) == (0, [1, 2])


async def test_start_may_give_requests_and_items(job: Job, site: Site) -> None:
    site.html("/a")
    site.html("/b")
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        "    async def start(self):\n"
        "        yield {'first': True}\n"
        "        for path in ('/a', '/b', '/a'):\n"
        f"            yield Request('{site.url('')}' + path, priority=path == '/b')\n"
        "    def parse(self, response):\n"
        "        yield {'title': response.css('title::text').get()}\n",
        start=None,
        scope={"hosts": [f"127.0.0.1:{site.server.port}"]},
    )

    ran = await job.run()

    assert ran.code == 0
    assert job.items()[0]["first"] is True
    assert [item["title"] for item in job.items()[1:]] == ["/b", "/a"]


async def test_a_callback_that_raises_fails_its_page_alone_and_names_its_line(
    job: Job, site: Site
) -> None:
    site.tree(3)
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        yield {'title': response.css('title::text').get()}\n"
        "        yield from response.follow_all(css='a')\n"
        "        if response.url.endswith('leaf1'):\n"
        "            raise ValueError('no price')\n",
        checks={"max_failed": "30%"},
    )

    ran = await job.run()

    row = job.requests()["/leaf1"]
    assert ran.code == 0
    assert (row["outcome"], row["reason"], row["status"]) == ("failed", "callback", 200)
    assert "ValueError: no price" in row["error"]
    assert "spider.py:8 in parse" in row["error"]
    # Nothing of the page is kept, what it gave before it raised included.
    assert sorted(item["title"] for item in job.items()) == ["/", "/leaf0", "/leaf2"]
    assert "spider.py:8 in parse" in job.log()
    (body,) = job.reports[0].glob("bodies/callback/*.body")
    assert b"<title>/leaf1" in body.read_bytes()


UNKEPT = [
    "yield 7",
    "yield Request(response.urljoin('/x'), callback=lambda r: None)",
    "yield Request('/relative')",
    "yield response.follow('/x', cb_kwargs={'r': response})",
    "self.state['x'] = object()",
]


async def test_a_request_or_state_that_cannot_be_kept_fails_its_page_in_words(
    job: Job, site: Site
) -> None:
    site.html("/", *(f"/{number}" for number in range(len(UNKEPT))))
    code = "class S(Spider):\n    name = 's'\n    def parse(self, response):\n"
    code += "        yield from response.follow_all(css='a')\n"
    for number, line in enumerate(UNKEPT):
        site.html(f"/{number}")
        code += f"        if response.url.endswith('/{number}'):\n            {line}\n"
    job.spider(code, checks={"max_failed": "100%", "allow_empty": True})

    ran = await job.run()

    rows = job.requests()
    assert ran.code == 0
    for number, line in enumerate(UNKEPT):
        row = rows[f"/{number}"]
        assert (row["outcome"], row["reason"]) == ("failed", "callback"), line
        # The state is looked at when the callback has ended: no line of it is at fault.
        place = "state" if "state" in line else f"spider.py:{7 + 2 * number} in parse"
        assert place in row["error"], line


async def test_an_item_that_cannot_be_kept_spoils_no_other_and_its_line_is_told(
    job: Job, site: Site
) -> None:
    site.html("/")
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        yield {'a': 1}\n"
        "        yield {'a': 2, 'when': object()}\n"
        "        yield {'a': 3}\n"
    )

    ran = await job.run()

    (line,) = (job.reports[0] / "quarantine.jsonl").read_text("utf-8").splitlines()
    assert ran.code == 0
    assert job.requests()["/"]["outcome"] == "done"
    assert [item["a"] for item in job.items()] == [1, 3]
    assert "spider.py:6 in parse" in line


@pytest.mark.parametrize(
    "words", ["raise SystemExit(0)", "raise KeyboardInterrupt", "raise asyncio.CancelledError"]
)
async def test_a_callback_cannot_end_the_process_nor_vanish(
    job: Job, site: Site, words: str
) -> None:
    site.html("/")
    job.spider(
        "import asyncio\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    async def parse(self, response):\n"
        f"        {words}\n",
        checks={"max_failed": "100%", "allow_empty": True},
        scope={"max_runtime": "5s"},
    )

    ran = await job.run()

    assert (ran.code, job.summary()["reason"]) == (0, "finished")
    assert job.requests()["/"]["reason"] == "callback"


async def test_a_start_that_raises_half_way_fails_the_run_but_crawls_what_it_gave(
    job: Job, site: Site
) -> None:
    site.html("/")
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        "    async def start(self):\n"
        f"        yield Request('{site.url()}')\n"
        "        raise KeyError('token')\n"
        "    def parse(self, response):\n"
        "        yield {'title': 'got'}\n",
        start=None,
        fetch={"private_addresses": "allow"},
    )

    ran = await job.run()

    assert (ran.code, len(job.items())) == (3, 1)
    assert "the spider's start raised KeyError: 'token'" in ran.err
    assert "spider.py:6 in start" in ran.err


async def test_closed_is_told_how_it_ended_and_may_use_the_logger(job: Job, site: Site) -> None:
    site.html("/")
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        self.logger.warning('odd page %s', 7)\n"
        "    async def closed(self, reason):\n"
        "        self.logger.info('closed: %s', reason)\n"
        "        raise RuntimeError('too late')\n",
        checks={"allow_empty": True},
    )

    ran = await job.run()

    assert ran.code == 0
    assert "odd page 7" in job.log()
    assert "closed: finished" in job.log()
    assert "the spider's closed() raised RuntimeError: too late (" in job.log()


async def test_rules_of_a_config_work_beside_a_class(job: Job, site: Site) -> None:
    site.html("/", "/a", "/b")
    site.html("/a")
    site.html("/b")
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        yield {'from': 'class'}\n",
        follow=[{"css": "a", "label": "leaf"}],
        extract=[{"item": "Leaf", "label": "leaf", "fields": {"t": {"css": "title::text"}}}],
    )

    ran = await job.run()

    assert ran.code == 0
    assert {name: kind["out"] for name, kind in job.summary()["items"].items()} == {
        "item": 3,
        "Leaf": 2,
    }
