"""Nights of an incremental job at sites that lie, break or are made anew: nothing false is told."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from crawler.testing.raw_server import Exchange
from tests.acceptance.conftest import Job, Ran, Site

#: So many that the guards against mass changes and mass losses count.
THINGS = 30

SCHEMA: dict[str, Any] = {
    "sku": {"type": "str", "key": True},
    "name": {"type": "str", "optional": True},
    "price": {"type": "str", "optional": True},
}
FIELDS: dict[str, Any] = {
    "sku": {"css": "b.sku", "then": ["text"]},
    "name": {"css": "h1", "then": ["text"]},
    "price": {"css": "i.price", "then": ["text"]},
}


class Shop:
    """A start page with links to things, all as they are told to be."""

    def __init__(self, site: Site, count: int = THINGS) -> None:
        self.site = site
        self.numbers = list(range(count))
        self.price = dict.fromkeys(self.numbers, "1")
        self.name = {number: f"Thing {number}" for number in self.numbers}
        self.price_class = "price"
        self.open()

    def open(self) -> None:
        """Put all pages there, as they are now."""
        self.site.html("/", *(f"/thing/{number}" for number in self.numbers))
        for number in self.numbers:
            self.site.pages[f"/thing/{number}"] = self.site.answer(self._page(number))

    def _page(self, number: int) -> str:
        return (
            f"<title>{number}</title><h1>{self.name[number]}</h1><b class=sku>s{number}</b>"
            f"<i class={self.price_class}>{self.price[number]}</i>"
        )

    def sorry(self) -> None:
        """Answer everything with the same page, as if all was well."""
        for path in list(self.site.pages):
            self.site.pages[path] = self.site.answer("<title>Sorry</title><h1>Out of order</h1>")


class Nights:
    """A job that runs night after night, and what it told."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.read = 0

    def write(self, **keys: Any) -> None:
        wanted = {
            "schemas": {"Thing": SCHEMA},
            "extract": [{"item": "Thing", "url": "/thing/*", "fields": FIELDS}],
            "checks": {"max_failed": "100%"},
            "output": [{"path": "data/job/latest.jsonl", "mode": "replace"}],
        }
        incremental = {"events": "data/job/changes.jsonl"} | keys.pop("incremental", {})
        self.job.write(incremental=incremental, **(wanted | keys))

    async def night(self, date: str, *options: str) -> Ran:
        return await self.job.run(*options, env={"CRAWLER_PRACTICE_DATE": f"{date}T03:15"})

    def told(self) -> list[dict[str, Any]]:
        """Return the events since the last call."""
        path = self.job.folder / "data/job/changes.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        fresh, self.read = lines[self.read :], len(lines)
        return [json.loads(line) for line in fresh]

    def kinds(self) -> list[tuple[str, str]]:
        """Return kind and key of the events since the last call, in order."""
        return sorted((event["event"], event["key"]) for event in self.told())

    def latest(self) -> list[str]:
        """Return the keys in the output that is replaced."""
        return sorted(item["sku"] for item in self.job.items("data/job/latest.jsonl"))


@pytest.fixture
def shop(site: Site) -> Shop:
    return Shop(site)


@pytest.fixture
def nights(job: Job) -> Nights:
    return Nights(job)


def says_304(site: Site, path: str, *, always: bool) -> Callable[[], int]:
    """Have a page answer 304 for ever to those who have it; returns how often it did.

    Args:
        site: The site.
        path: Of the page, which is there.
        always: To everybody, from the second request on, whether they have it or not.
    """
    page, answered = site.pages[path], [0, 0]
    assert isinstance(page, bytes)
    page = page.replace(b"\r\n\r\n", b'\r\netag: "for-ever"\r\n\r\n', 1)

    async def play(exchange: Exchange) -> None:
        answered[0] += 1
        known = "if-none-match" in exchange.fields
        if known or (always and answered[0] > 1):
            answered[1] += 1
            await exchange.send(b'HTTP/1.1 304 -\r\netag: "for-ever"\r\n\r\n')
        else:
            await exchange.send(page)

    site.pages[path] = play
    return lambda: answered[1]


@pytest.mark.parametrize("recheck", [True, False])
@pytest.mark.parametrize("policy", ["always", "adaptive"])
async def test_nothing_behind_an_index_that_answers_304_for_ever_is_gone(
    nights: Nights, shop: Shop, recheck: bool, policy: str
) -> None:
    not_modified = says_304(shop.site, "/", always=False)
    nights.write(
        incremental={
            "gone": {"recheck": recheck, "after_misses": 1},
            "revisit": {"policy": policy},
        }
    )
    await nights.night("2026-02-01")
    assert len(nights.told()) == THINGS

    for day in range(2, 14):
        ran = await nights.night(f"2026-02-{day:02}")

        assert ran.code == 0, ran.err
        assert nights.told() == []
        assert nights.latest() == sorted(f"s{number}" for number in shop.numbers)
    assert not_modified() >= 10
    # What it cannot say, its pages do.
    if policy == "always":
        shop.price[3] = "2"
        says = shop.site.pages["/"]
        shop.open()
        shop.site.pages["/"] = says
        await nights.night("2026-02-14")
        assert nights.kinds() == [("changed", "s3")]


@pytest.mark.parametrize("recheck", [True, False])
async def test_nor_behind_one_that_says_so_to_whoever_does_not_ask_for_it(
    nights: Nights, shop: Shop, recheck: bool
) -> None:
    says_304(shop.site, "/", always=True)
    nights.write(incremental={"gone": {"recheck": recheck, "after_misses": 1}})
    await nights.night("2026-02-01")
    assert len(nights.told()) == THINGS

    for day in range(2, 14):
        await nights.night(f"2026-02-{day:02}")

        assert nights.told() == []
    assert nights.latest() == sorted(f"s{number}" for number in shop.numbers)


async def test_a_state_of_a_newer_version_is_refused_and_left_as_it_is(
    nights: Nights, shop: Shop
) -> None:
    nights.write()
    await nights.night("2026-02-01")
    nights.told()
    state = nights.job.folder / "state/job/crawl.sqlite"
    with sqlite3.connect(state) as database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        database.execute(f"PRAGMA user_version = {version + 1}")
    database.close()
    before = state.read_bytes()

    ran = await nights.night("2026-02-02")

    assert ran.code == 5
    assert "newer" in ran.err
    assert state.read_bytes() == before
    assert nights.told() == []
    assert len(nights.latest()) == THINGS


async def test_an_item_without_its_key_is_quarantined_and_no_event_is_told_of_it(
    nights: Nights, shop: Shop
) -> None:
    shop.site.pages["/thing/4"] = shop.site.answer("<title>4</title><h1>Nameless</h1>")
    nights.write()

    first = await nights.night("2026-02-01")
    told = nights.told()
    second = await nights.night("2026-02-02")

    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert len(told) == THINGS - 1
    assert nights.told() == []
    counts = nights.job.summary(0)["items"]["Thing"]
    assert (counts["out"], counts["quarantined"]) == (THINGS - 1, 1)


async def test_a_key_that_is_lost_for_a_time_does_not_make_its_item_gone_and_new(
    nights: Nights, shop: Shop
) -> None:
    nights.write(incremental={"gone": {"after_misses": 3}})
    await nights.night("2026-02-01")
    nights.told()
    shop.site.pages["/thing/4"] = shop.site.answer("<title>4</title><h1>Nameless</h1>")
    await nights.night("2026-02-02")
    await nights.night("2026-02-03")
    shop.open()
    ran = await nights.night("2026-02-04")

    assert ran.code == 0, ran.err
    assert nights.told() == []


async def test_of_a_double_key_the_first_counts_and_both_pages_are_named(
    nights: Nights, shop: Shop
) -> None:
    double = shop.site.pages["/thing/1"]
    assert isinstance(double, bytes)
    shop.site.pages["/thing/2"] = double.replace(b"Thing 1", b"Thing X")
    nights.write()

    first = await nights.night("2026-02-01")
    told = nights.told()

    assert first.code in (0, 3), first.err
    assert [event["event"] for event in told] == ["new"] * (THINGS - 1)
    assert sum(event["key"] == "s1" for event in told) == 1
    said = (nights.job.reports[0] / "summary.json").read_text()
    assert "/thing/1" in said
    assert "/thing/2" in said
    # Whichever is read first in another night, it is no change.
    for day in range(2, 6):
        await nights.night(f"2026-02-{day:02}")
        assert nights.told() == []


async def test_a_key_that_one_page_gives_twice_is_told_once(nights: Nights, shop: Shop) -> None:
    shop.site.pages["/thing/1"] = shop.site.answer(
        "<p><h1>One</h1><b class=sku>s1</b></p><p><h1>Two</h1><b class=sku>s1</b></p>"
    )
    rule = {"item": "Thing", "url": "/thing/*", "each": "b.sku", "fields": {"sku": {"css": "*"}}}
    rule["fields"] = {"sku": {"xpath": "./text()"}}
    nights.write(extract=[rule])

    first = await nights.night("2026-02-01")
    told = nights.told()
    await nights.night("2026-02-02")

    assert first.code in (0, 3), first.err
    assert [event["key"] for event in told].count("s1") == 1
    assert nights.told() == []


@pytest.mark.parametrize("policy", ["always", "adaptive", "fixed", "decay"])
async def test_a_clock_that_goes_back_or_far_ahead_hides_no_change(
    nights: Nights, shop: Shop, policy: str
) -> None:
    nights.write(incremental={"revisit": {"policy": policy}})
    await nights.night("2026-02-10")
    nights.told()

    changed = []
    for number, date in enumerate(("2026-01-01", "2026-02-12", "2036-02-12", "2026-02-20")):
        shop.price[number] = "2"
        shop.open()
        ran = await nights.night(date)
        assert ran.code == 0, ran.err
        changed += nights.kinds()

    assert changed == [("changed", f"s{number}") for number in range(4)]


def required(name: str) -> dict[str, Any]:
    return {**SCHEMA, name: {"type": "str"}}


@pytest.mark.parametrize(
    ("keys", "codes"),
    [
        ({}, (3, 6)),
        ({"schemas": {"Thing": required("price")}}, (3, 6)),
        # Every page gives something, and all give the same.
        ({"schemas": None, "extract": None}, (6,)),
    ],
    ids=["optional", "required", "pages"],
)
async def test_error_pages_that_say_200_change_nothing(
    nights: Nights, shop: Shop, keys: dict[str, Any], codes: tuple[int, ...]
) -> None:
    nights.write(**keys, incremental={"gone": {"after_misses": 1}})
    await nights.night("2026-02-01")
    nights.told()
    shop.sorry()

    bad = [await nights.night(f"2026-02-{day:02}") for day in range(2, 5)]

    assert all(ran.code in codes for ran in bad), [ran.err for ran in bad]
    assert nights.told() == []
    shop.open()
    ran = await nights.night("2026-02-05")
    assert ran.code == 0, ran.err
    assert nights.told() == []


async def test_a_redesign_names_the_field_and_tells_no_change_of_it(
    nights: Nights, shop: Shop
) -> None:
    nights.write()
    await nights.night("2026-02-01")
    nights.told()
    shop.price_class = "cost"
    shop.name[7] = "Another name"
    shop.open()

    ran = await nights.night("2026-02-02")

    assert ran.code == 3, ran.err
    assert "price" in ran.err
    (event,) = nights.told()
    assert (event["event"], event["key"]) == ("changed", "s7")
    assert event["old"] == {"name": "Thing 7"}
    assert event["new"] == {"name": "Another name"}
    # It is said once; what is hidden now is how things are.
    after = await nights.night("2026-02-03")
    assert after.code == 0, after.err
    assert nights.told() == []


async def test_a_redesign_that_hides_what_must_be_there_makes_nothing_gone(
    nights: Nights, shop: Shop
) -> None:
    nights.write(
        schemas={"Thing": required("price")}, incremental={"gone": {"after_misses": 1}}
    )  # fmt: skip
    await nights.night("2026-02-01")
    nights.told()
    shop.price_class = "cost"
    shop.open()

    bad = [await nights.night(f"2026-02-{day:02}") for day in range(2, 5)]

    assert all(ran.code in (3, 6) for ran in bad), [ran.err for ran in bad]
    assert nights.told() == []
    assert len(nights.latest()) == THINGS, "the output of the last good night is kept"
    shop.price_class = "price"
    shop.open()
    ran = await nights.night("2026-02-05")
    assert ran.code == 0, ran.err
    assert nights.told() == []


async def test_a_site_that_loses_a_few_things_every_night_is_believed(
    nights: Nights, site: Site
) -> None:
    shop = Shop(site, 100)
    nights.write(incremental={"gone": {"after_misses": 3}})
    await nights.night("2026-02-01")
    nights.told()

    told = []
    for day in range(2, 8):
        for number in shop.numbers[:4]:
            del site.pages[f"/thing/{number}"]
        del shop.numbers[:4]
        shop.open()
        ran = await nights.night(f"2026-02-{day:02}")
        assert ran.code == 0, ran.err
        told.append(nights.kinds())

    # What is missed on the second night is gone on the fourth, and so on.
    gone = [sorted(("gone", f"s{4 * night + one}") for one in range(4)) for night in range(4)]
    assert told == [[], [], *gone]


@pytest.mark.parametrize("recheck", [True, False])
async def test_many_things_that_are_lost_at_once_are_not_believed(
    nights: Nights, shop: Shop, recheck: bool
) -> None:
    nights.write(incremental={"gone": {"after_misses": 1, "recheck": recheck}})
    await nights.night("2026-02-01")
    nights.told()
    for number in shop.numbers[:12]:
        del shop.site.pages[f"/thing/{number}"]

    for day in range(2, 5):
        ran = await nights.night(f"2026-02-{day:02}")

        assert ran.code == 6, ran.err
        assert "max_share" in ran.err
        assert nights.told() == []
    # What was a mistake of the site is none of ours.
    shop.open()
    ran = await nights.night("2026-02-05")
    assert (ran.code, nights.told()) == (0, [])


@pytest.mark.parametrize("stop", ["limit", "pages"])
async def test_a_run_that_a_limit_ends_misses_nothing(
    nights: Nights, shop: Shop, stop: str
) -> None:
    keys = {"gone": {"after_misses": 1}}
    nights.write(incremental=keys)
    await nights.night("2026-02-01")
    nights.told()
    shop.numbers = shop.numbers[5:]
    for number in range(5):
        del shop.site.pages[f"/thing/{number}"]
    shop.open()
    if stop == "limit":
        ran = await nights.night("2026-02-02", "--limit", "10")
    else:
        nights.write(incremental=keys, scope={"max_pages": 12})
        ran = await nights.night("2026-02-02")

    assert ran.code == 0, ran.err
    assert not [one for one in nights.kinds() if one[0] == "gone"]


async def test_what_robots_forbids_since_is_neither_asked_for_nor_gone(
    nights: Nights, shop: Shop
) -> None:
    nights.write(incremental={"gone": {"after_misses": 1}})
    await nights.night("2026-02-01")
    nights.told()
    shop.site.hits.clear()
    shop.site.pages["/robots.txt"] = shop.site.answer(
        "User-agent: *\nDisallow: /thing/3$\n", content_type="text/plain"
    )

    # What it says holds for a day (RFC 9309 §2.4).
    ran = await nights.night("2026-02-03")

    assert ran.code == 0, ran.err
    assert shop.site.hits["/thing/3"] == 0
    assert nights.told() == []


async def test_what_is_gone_and_comes_back_is_told_so_with_what_it_is_now(
    nights: Nights, shop: Shop
) -> None:
    nights.write(incremental={"gone": {"after_misses": 2}})
    await nights.night("2026-02-01")
    nights.told()
    page = shop.site.pages.pop("/thing/3")
    shop.site.html("/", *(f"/thing/{number}" for number in shop.numbers if number != 3))
    told, asked = [], []
    for day in range(2, 5):
        shop.site.hits.clear()
        await nights.night(f"2026-02-{day:02}")
        told.append(nights.kinds())
        asked.append(shop.site.hits["/thing/3"])
    shop.site.pages["/thing/3"] = page

    ran = await nights.night("2026-02-05")

    assert ran.code == 0, ran.err
    assert told == [[], [("gone", "s3")], []]
    assert asked == [2, 2, 0]  # what is gone is looked for less often, and then once
    (event,) = nights.told()
    assert (event["event"], event["key"]) == ("back", "s3")
    await nights.night("2026-02-06")
    assert nights.told() == []


async def test_what_is_out_of_scope_since_is_neither_asked_for_nor_gone(
    nights: Nights, shop: Shop
) -> None:
    keys = {"gone": {"after_misses": 1}}
    nights.write(incremental=keys)
    await nights.night("2026-02-01")
    nights.told()
    shop.site.hits.clear()

    nights.write(incremental=keys, scope={"deny": ["/thing/3"]})
    ran = await nights.night("2026-02-02")

    assert ran.code == 0, ran.err
    assert shop.site.hits["/thing/3"] == 0
    assert nights.told() == []
