"""Endless sites end; sites that only look like it are fetched whole."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from crawler.testing.raw_server import Exchange

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Play, Site

BOOK = {"item": "Book", "url": "/book/*", "fields": {"title": {"css": "h1::text"}}}


def anchors(*links: str) -> str:
    return "".join(f'<a href="{link}">on</a>' for link in links)


def endless(site: Site, path: str, *, text: str, onward: str) -> Play:
    """Answer whatever is asked: a text, and links whose addresses are made of the own one."""

    async def play(exchange: Exchange) -> None:
        number = int("".join(filter(str.isdigit, exchange.path)) or 0)
        links = [part.format(n=number, path=exchange.path) for part in onward.split()]
        await exchange.send(site.answer(f"<p>{text.format(n=number)}</p>{anchors(*links)}"))

    site.pages[path] = play
    return play


class AnyPage(dict[str, "bytes | Play"]):
    """Pages of which those that nobody has put there are all the same one."""

    def __init__(self, pages: dict[str, bytes | Play], rest: Play) -> None:
        super().__init__(pages)
        self.rest = rest

    def get(self, path: str, default: object = None) -> bytes | Play:
        return super().get(path, self.rest)


TRAPS = {
    "calendar": ("No readings in month {n}.", "/m/{n}1 /m/{n}2"),
    "chain": ("No readings in month {n}.", "/cal/{n}1.html"),
    "path": ("Here is nothing.", "{path}/a/b"),
    "session": ("Welcome back.", "/s/{n}1/home /s/{n}2/home"),
    "query": ("Seven shirts.", "/list?a={n}1 /list?b={n}2 /list?a=1&b={n}1"),
}


@pytest.mark.parametrize("trap", TRAPS)
async def test_a_trap_is_cut_and_what_lies_beside_it_is_fetched_whole(
    job: Job, site: Site, trap: str
) -> None:
    text, onward = TRAPS[trap]
    site.html("/", "/0", *(f"/book/{n}" for n in range(60)))
    for n in range(60):
        site.html(f"/book/{n}", body=f"<h1>Book {n}</h1>")
    site.pages = AnyPage(site.pages, endless(site, "/0", text=text, onward=onward))
    job.write(extract=[BOOK], fetch={"robots": "ignore", "concurrency": 8})

    ran = await job.run()

    summary = job.summary()
    assert ran.code == 0
    assert len(job.items()) == 60
    pattern, cut = next(iter(summary["traps"].items()))
    left_out = sum(one["cut"] for one in summary["traps"].values())
    assert summary["books"]["skipped"]["trap"] == left_out > 0
    assert summary["books"]["done"] < 2_500
    assert f"trap    {pattern}: {cut['pages']:,} pages" in ran.err
    assert cut["example"][:120] in ran.err


async def test_the_practice_calendar_is_cut_without_a_limit_of_depth(job: Job) -> None:
    job.write(start=["{demo}/"], demo=True, extract=[BOOK | {"url": "/catalogue/*/index.html"}])

    ran = await job.run()

    [name] = job.summary()["traps"]
    assert ran.code == 0
    assert name.endswith("/calendar/#/#.html")
    assert len(job.items()) == 200


async def test_a_shop_whose_pages_look_alike_is_never_cut(job: Job, site: Site) -> None:
    count = 3_000

    async def product(exchange: Exchange) -> None:
        number = int(exchange.path.rpartition("/")[2])
        onward = [f"/book/{n}" for n in (number * 2, number * 2 + 1) if n < count]
        page = f"<h1>Book {number}</h1><b>{number * 3} EUR</b>{anchors(*onward)}"
        await exchange.send(site.answer(page))

    site.html("/", "/book/1")
    site.pages = AnyPage(site.pages, product)
    rules = {"extract": [BOOK]}
    for keys in (rules, {}):  # with rules, and where each page is an item
        job.write(fetch={"robots": "ignore", "concurrency": 8}, **keys)

        ran = await job.run()

        assert ran.code == 0
        assert job.summary()["traps"] == {}
        assert job.summary()["books"]["done"] == count


async def test_a_resumed_run_neither_forgets_a_trap_nor_counts_it_anew(
    job: Job, site: Site
) -> None:
    site.html("/", "/0")
    site.pages = AnyPage(site.pages, endless(site, "/0", text="Nothing.", onward="/m/{n}1"))
    play, hits = site.pages.get("/x"), 0

    async def count(exchange: Exchange) -> None:
        nonlocal hits
        hits += 1
        if hits in (40, 80):
            running.send(signal.SIGKILL)
        assert not isinstance(play, bytes)
        await play(exchange)

    site.pages = AnyPage({"/": site.pages["/"]}, count)
    job.write(extract=[BOOK], fetch={"robots": "ignore"}, checks={"allow_empty": True})
    for _ in range(3):
        running = await job.start()
        ran = await running.end()

    assert ran.code == 0
    assert job.summary()["resumed"]
    assert len(job.summary()["traps"]) == 1
    assert hits < 135
