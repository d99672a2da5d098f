"""Items that break their schema: kept aside with page and reason, once, kills or not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site

RULES = {
    "schemas": {"Leaf": {"title": "str", "price": {"type": "decimal", "ge": 0}}},
    "extract": [{
        "item": "Leaf", "url": "/leaf*",
        "fields": {"title": {"css": "title::text"}, "price": {"css": "b::text"}},
    }],
}  # fmt: skip


@pytest.fixture
def leaves(site: Site) -> list[str]:
    """Pages of which every third has a price that is none."""
    paths = site.tree(12)[1:]
    for number, path in enumerate(paths):
        price = "sold out" if number % 3 == 0 else f"{number}.50"
        site.html(path, body=f"<b>{price}</b>")
    return paths


def quarantined(job: Job) -> list[dict[str, Any]]:
    lines = (job.reports[-1] / "quarantine.jsonl").read_bytes().splitlines()
    return [json.loads(line) for line in lines]


async def test_an_item_that_breaks_its_schema_is_kept_aside_with_its_page_and_reason(
    job: Job, site: Site, leaves: list[str]
) -> None:
    job.write(**RULES)

    ran = await job.run()

    assert ran.code == 0
    assert [item["title"] for item in job.items()] == [p for n, p in enumerate(leaves) if n % 3]
    lines = quarantined(job)
    assert [line["url"] for line in lines] == [site.url(path) for path in leaves[::3]]
    for line in lines:
        assert (line["item"], line["field"], line["value"]) == ("Leaf", "price", "sold out")
        assert line["reason"]
        assert line["problems"][0]["field"] == "price"
        assert line["data"]["price"] == "sold out"
    assert len({line["_id"] for line in lines}) == 4
    kind = job.summary()["items"]["Leaf"]
    assert (kind["in"], kind["out"], kind["quarantined"]) == (12, 8, 4)


async def test_a_good_run_has_no_quarantine(job: Job, site: Site) -> None:
    site.tree(2)
    job.write()

    ran = await job.run()

    assert ran.code == 0
    assert not (job.reports[-1] / "quarantine.jsonl").exists()


async def test_kills_lose_and_repeat_nothing_in_quarantine(
    job: Job, site: Site, leaves: list[str]
) -> None:
    job.write(**RULES)
    for path in ("/leaf4", "/leaf7"):
        held = site.hold(path)
        running = await job.start()
        await held.asked.wait()
        await running.kill()
        held.answer.set()

    ran = await job.run()

    lines = quarantined(job)
    assert ran.code == 0
    assert sorted(line["data"]["title"] for line in lines) == sorted(leaves[::3])
    assert len({line["_id"] for line in lines}) == len(lines)
    kind = job.summary()["items"]["Leaf"]
    assert (kind["out"], kind["quarantined"]) == (8, 4)


async def test_quarantine_is_kept_beside_items_that_go_to_standard_output(
    job: Job, leaves: list[str]
) -> None:
    job.write(**RULES)

    ran = await job.run("-o", "-")

    assert (ran.code, len(ran.lines), len(quarantined(job))) == (0, 8, 4)


async def test_a_broken_item_of_start_has_no_page(job: Job, site: Site) -> None:
    site.tree(2)
    job.spider(
        "class Leaf(Item):\n"
        "    title = Field()\n"
        "    price = Field()\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    async def start(self):\n"
        "        yield Leaf(title='good', price=1)\n"
        "        yield Leaf(title='bad', price='none')\n"
        "        yield Request(self.start_urls[0])\n"
        "    def parse(self, response):\n"
        "        yield Leaf(title='also good', price='2')\n",
        schemas=RULES["schemas"],
    )

    ran = await job.run()

    (line,) = quarantined(job)
    assert ran.code == 0
    assert (line["url"], line["_id"], line["field"]) == (None, "start-q1", "price")
    assert [item["title"] for item in job.items()] == ["good", "also good"]


async def test_a_limit_counts_good_items_only(job: Job, site: Site) -> None:
    site.tree(2)
    job.spider(
        "class Leaf(Item):\n"
        "    title = Field()\n"
        "    price = Field()\n"
        "class S(Spider):\n"
        "    name = 's'\n"
        "    async def start(self):\n"
        "        for price in ('bad', 1, 'worse', 2, 'worst', 3):\n"
        "            yield Leaf(title='t', price=price)\n",
        schemas=RULES["schemas"],
    )

    ran = await job.run("--limit", "2")

    kind = job.summary()["items"]["Leaf"]
    assert (ran.code, len(job.items())) == (3, 2)  # no page was fetched
    assert (kind["out"], kind["quarantined"]) == (2, len(quarantined(job)))
    assert [line["_id"] for line in quarantined(job)][:2] == ["start-q0", "start-q2"]
