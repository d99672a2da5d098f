"""Incremental jobs: what is as it was is not read again, and nothing behind it is lost."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from crawler.testing.raw_server import Exchange

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Ran, Site

RULE = {"item": "Page", "url": "**", "fields": {"title": {"css": "title::text"}}}
#: The night of a run, by the clock that rehearsals go by.
VARIABLE = "CRAWLER_PRACTICE_DATE"


def tagged(site: Site, path: str, text: str, *links: str, tag: str | None = None) -> None:
    """Put a page there that answers 304 to its own ETag; the tag is that of the text."""
    anchors = "".join(f'<a href="{link}">{link}</a>' for link in links)
    put(site, path, f"<title>{text}</title><body>{anchors}</body>", tag or str(abs(hash(text))))


def put(site: Site, path: str, body: str, tag: str, **fields: str) -> None:
    """Put something there that answers 304 to its own ETag."""
    etag = f'"{tag}"'
    whole = site.answer(body, 200, etag=etag, **fields)

    async def play(exchange: Exchange) -> None:
        asked = conditions(exchange)
        same = site.answer(b"", 304, etag=etag)
        await exchange.send(same if asked.get("if-none-match") == etag else whole)

    site.pages[path] = play


def conditions(exchange: Exchange) -> dict[str, str]:
    return {name: value for name, value in exchange.fields.items() if name.startswith("if-")}


def asked(site: Site, path: str) -> list[bool]:
    """Return of each request for a path whether it was conditional."""
    return [bool(conditions(one)) for one in site.seen if one.path == path]


def small(site: Site) -> None:
    """Put up an index and two pages behind it."""
    tagged(site, "/", "index", "/a", "/b")
    tagged(site, "/a", "a")
    tagged(site, "/b", "b")


async def night(job: Job, number: int, *options: str) -> Ran:
    return await job.run(*options, env={VARIABLE: f"2026-03-{number:02}T03:15"})


def same(job: Job, run: int = -1) -> dict[str, int]:
    counts: dict[str, int] = job.summary(run)["incremental"]["same"]
    return counts


def titles(job: Job) -> list[str]:
    newest = sorted((job.folder / "data/job").glob("*.jsonl"))[-1]
    return sorted(item["title"] for item in job.items(str(newest.relative_to(job.folder))))


async def test_a_304_gives_items_and_links_again(job: Job, site: Site) -> None:
    small(site)
    job.write(extract=[RULE], incremental={})
    assert (await night(job, 1)).code == 0

    ran = await night(job, 2)

    assert ran.code == 0, ran.err
    assert same(job) == {"not_modified": 3}
    assert titles(job) == ["a", "b", "index"]
    assert job.summary()["bytes"] == 0
    assert {path: row["outcome"] for path, row in job.requests().items()} == dict.fromkeys(
        ("/", "/a", "/b"), "done"
    )
    assert "3 pages unchanged (304 3)" in ran.err


async def test_behind_an_index_that_says_304_for_ever_nothing_is_lost(job: Job, site: Site) -> None:
    small(site)
    job.write(extract=[RULE], incremental={"unconditional_every": 1000})

    for number in range(1, 5):
        tagged(site, "/a", f"a{number}")
        assert (await night(job, number)).code == 0

        assert titles(job) == [f"a{number}", "b", "index"]
    assert asked(site, "/") == [False, True, True, True]


async def test_of_so_many_visits_one_is_unconditional(job: Job, site: Site) -> None:
    small(site)
    job.write(extract=[RULE], incremental={"unconditional_every": 3})

    for number in range(1, 6):
        assert (await night(job, number)).code == 0

    assert asked(site, "/a") == [False, True, True, False, True]


async def test_a_host_whose_304s_prove_wrong_is_asked_no_condition_any_more(
    job: Job, site: Site
) -> None:
    small(site)
    tagged(site, "/a", "a", tag="fixed")
    job.write(extract=[RULE], incremental={"unconditional_every": 3})
    for number in (1, 2, 3):
        await night(job, number)
    tagged(site, "/a", "another a", tag="fixed")

    found = await night(job, 4)
    later = await night(job, 5)

    host = site.url("").removeprefix("http://")
    assert job.summary(3)["incremental"]["wrong_304"] == {host: site.url("/a")}
    assert f"{host} said 304 of a page that changed" in found.err
    assert "another a" in titles(job)
    assert asked(site, "/b")[-1] is False
    assert same(job) == {"same_body": 3}
    assert "said 304" not in later.err


async def test_the_same_body_is_not_read_again_and_the_same_fields_are_no_change(
    job: Job, site: Site
) -> None:
    site.html("/", "/a", "/b")
    site.html("/a")
    site.html("/b", body="one")
    job.write(extract=[RULE], incremental={})
    await night(job, 1)
    site.html("/b", body="another")

    await night(job, 2)

    assert same(job) == {"same_body": 2, "same_fields": 1}
    assert titles(job) == ["/", "/a", "/b"]


async def test_what_changes_by_itself_is_left_out_where_bodies_are_compared(
    job: Job, site: Site
) -> None:
    site.html("/", body='<p class="now">10:00</p>')
    job.write(extract=[RULE], incremental={"ignore": [".now"]})
    await night(job, 1)
    site.html("/", body='<p class="now">11:00</p>')

    await night(job, 2)

    assert same(job) == {"same_body": 1}


async def test_texts_that_differ_little_are_the_same_where_a_job_says_so(
    job: Job, site: Site
) -> None:
    words = " ".join(f"word{number}" for number in range(600))
    site.html("/", body=f"<p>{words}</p>")
    job.write(incremental={"fingerprint": {"fuzzy": 3}})
    await night(job, 1)
    site.html("/", body=f"<p>{words} visitor 17</p>")
    await night(job, 2)
    near = same(job)
    site.html("/", body="<p>Something else was written here, of which nobody knew before.</p>")

    await night(job, 3)

    assert (near, same(job)) == ({"same_fields": 1}, {"changed": 1})


async def test_a_page_that_is_not_due_is_not_asked_and_gives_what_it_gave(
    job: Job, site: Site
) -> None:
    small(site)
    job.write(extract=[RULE], incremental={"revisit": {"policy": "fixed", "every": "3d"}})
    await night(job, 1)
    site.hits.clear()

    ran = await night(job, 2)

    assert ran.code == 0, ran.err
    assert {path for path in site.hits if path != "/robots.txt"} == {"/"}  # seeds always are
    assert same(job) == {"not_modified": 1, "not_due": 2}
    assert titles(job) == ["a", "b", "index"]
    assert job.summary()["books"]["skipped"] == {"not_due": 2}
    await night(job, 4)
    assert site.hits["/a"] == 1


async def test_a_page_that_changes_is_visited_more_often_than_one_that_does_not(
    job: Job, site: Site
) -> None:
    small(site)
    revisit = {"policy": "adaptive", "first": "1d", "min": "1d", "max": "8d"}
    job.write(extract=[RULE], incremental={"revisit": revisit})

    for number in range(1, 10):
        tagged(site, "/a", f"a{number}")
        assert (await night(job, number)).code == 0

    assert site.hits["/a"] == 9
    assert site.hits["/b"] < 6


async def test_a_clock_that_was_set_back_makes_pages_due(job: Job, site: Site) -> None:
    small(site)
    job.write(extract=[RULE], incremental={"revisit": {"policy": "fixed", "every": "3d"}})
    await night(job, 20)
    site.hits.clear()

    assert (await night(job, 2)).code == 0

    assert site.hits["/a"] == site.hits["/b"] == 1
    site.hits.clear()
    assert (await night(job, 3)).code == 0
    assert site.hits["/a"] == 0


async def test_changed_rules_make_pages_due_and_are_named(job: Job, site: Site) -> None:
    small(site)
    revisit = {"policy": "fixed", "every": "30d"}
    job.write(extract=[RULE], incremental={"revisit": revisit})
    await night(job, 1)
    site.seen.clear()
    fields = {**RULE["fields"], "address": {"value": "{url}"}}  # type: ignore[dict-item]
    job.write(extract=[{**RULE, "fields": fields}], incremental={"revisit": revisit})

    ran = await night(job, 2)

    assert "changed since what is known was read: extract" in ran.err
    assert "2 pages are read anew" in ran.err
    assert asked(site, "/a") == [False]
    assert all(item["address"] for item in job.items()[3:])
    await night(job, 3)
    assert len(asked(site, "/a")) == 1


async def test_a_fresh_run_asks_and_reads_everything_and_forgets_nothing(
    job: Job, site: Site
) -> None:
    small(site)
    job.write(extract=[RULE], incremental={"revisit": {"policy": "fixed", "every": "3d"}})
    await night(job, 1)
    site.seen.clear()

    assert (await night(job, 2, "--fresh")).code == 0

    assert [asked(site, path) for path in ("/", "/a", "/b")] == [[False]] * 3
    assert same(job) == {"same_fields": 3}
    await night(job, 3)
    assert same(job) == {"not_modified": 1, "not_due": 2}


async def test_what_a_limit_left_over_comes_first_in_the_next_run_and_is_told(
    job: Job, site: Site
) -> None:
    paths = site.tree(6)
    job.write(extract=[RULE], incremental={}, fetch={"concurrency": 1})
    await night(job, 1)
    job.write(extract=[RULE], incremental={}, scope={"max_pages": 4}, fetch={"concurrency": 1})
    site.hits.clear()

    limited = await night(job, 2)

    first = {path for path in site.hits if path.startswith("/leaf")}
    assert limited.code == 0
    left = job.summary()["incremental"]["not_reached"]
    assert left == len(paths) - 1 - len(first) > 0
    assert re.search(rf"{left} of \d pages that were due were not reached", limited.err)
    site.hits.clear()
    await night(job, 3)
    second = {path for path in site.hits if path.startswith("/leaf")}
    assert second >= {path for path in paths if path.startswith("/leaf")} - first


async def test_pages_that_failed_are_asked_again_in_each_run(job: Job, site: Site) -> None:
    small(site)
    site.pages["/a"] = site.answer("", 500)
    checks = {"max_failed": "90%"}
    job.write(
        extract=[RULE], incremental={"revisit": {"policy": "fixed", "every": "3d"}}, checks=checks
    )
    await night(job, 1)
    tagged(site, "/a", "healed")

    assert (await night(job, 2, "--refresh")).code == 0

    assert same(job) == {"not_modified": 1, "new": 1, "not_due": 1}
    assert titles(job) == ["b", "healed", "index"]


async def test_a_page_that_fails_now_is_remembered_for_when_it_is_back(
    job: Job, site: Site
) -> None:
    small(site)
    job.write(extract=[RULE], incremental={}, checks={"max_failed": "90%"})
    await night(job, 1)
    back = site.pages["/a"]
    site.pages["/a"] = site.answer("", 503)
    await night(job, 2)
    assert titles(job) == ["b", "index"]
    site.pages["/a"] = back

    await night(job, 3)

    assert titles(job) == ["a", "b", "index"]
    assert same(job) == {"not_modified": 3}


async def test_a_page_that_nothing_leads_to_any_more_is_still_visited(job: Job, site: Site) -> None:
    small(site)
    job.write(extract=[RULE], incremental={})
    await night(job, 1)
    tagged(site, "/", "shorter index", "/b")

    await night(job, 2)

    assert titles(job) == ["a", "b", "shorter index"]


@pytest.mark.parametrize("run", [{"backend": "threads"}, {"workers": 2}])
async def test_every_kind_of_worker_remembers_the_same(
    job: Job, site: Site, run: dict[str, Any]
) -> None:
    async def three_nights(name: str, **keys: Any) -> list[tuple[dict[str, int], list[str]]]:
        small(site)
        site.html("/c", body="one")
        tagged(site, "/", "index", "/a", "/b", "/c", "/d")
        site.html("/d", "/a")
        job.write(extract=[RULE], incremental={}, name=name, **keys)
        told = []
        for number in (1, 2, 3):
            if number == 2:
                tagged(site, "/a", "a changed")
                site.html("/c", body="two")
            assert (await night(job, number)).code == 0
            reports = sorted((job.folder / "reports" / name).iterdir())
            counts = json.loads((reports[-1] / "summary.json").read_bytes())
            newest = sorted((job.folder / "data" / name).glob("*.jsonl"))[-1]
            lines = job.items(str(newest.relative_to(job.folder)))
            told.append(
                (counts["incremental"]["same"], sorted(f"{i['title']} {i['_url']}" for i in lines))
            )
        return told

    plain = await three_nights("plain")

    assert await three_nights("other", run=run) == plain
    assert plain[1][0] == {"not_modified": 2, "changed": 1, "same_fields": 1, "same_body": 1}


async def test_a_spider_class_gives_again_what_its_callbacks_gave(job: Job, site: Site) -> None:
    small(site)
    job.spider(
        """
from decimal import Decimal

class S(Spider):
    name = "s"

    def parse(self, response):
        yield {"title": response.css("title::text").get(), "price": Decimal("1.50")}
        for rank, link in enumerate(response.css("a")):
            yield response.follow(link, self.parse_leaf, cb_kwargs={"rank": rank})

    def parse_leaf(self, response, rank):
        yield {"title": f"leaf {rank}"}
""",
        incremental={},
    )
    first = await night(job, 1)
    assert first.code == 0, first.err

    await night(job, 2)

    assert same(job) == {"not_modified": 3}
    assert titles(job) == ["index", "leaf 0", "leaf 1"]


RANKED = """
class S(Spider):
    name = "s"

    def parse(self, response):
        for rank, link in enumerate(response.css("a")):
            yield response.follow(link, self.parse_leaf, cb_kwargs={ARGUMENTS})

    def parse_leaf(self, response, **given):
        yield {{"title": response.css("title::text").get(), **given}}
"""


async def test_callbacks_get_the_arguments_that_links_give_today(job: Job, site: Site) -> None:
    small(site)
    revisit = {"policy": "fixed", "every": "30d"}
    job.spider(RANKED.format(ARGUMENTS='{"rank": rank}'), incremental={"revisit": revisit})
    await night(job, 1)
    job.spider(RANKED.format(ARGUMENTS='{"place": rank + 1}'), incremental={"revisit": revisit})
    await night(job, 2)
    changed = job.items()[-2:]
    tagged(site, "/", "another index", "/b", "/a")

    await night(job, 3)
    await night(job, 4)

    order = [{"title": item["title"], "place": item["place"]} for item in changed]
    assert sorted(order, key=str) == [{"title": "a", "place": 1}, {"title": "b", "place": 2}]
    for moved in (job.items()[-4:-2], job.items()[-2:]):
        assert {item["title"]: item["place"] for item in moved} == {"b": 1, "a": 2}
    # Of a page whose arguments are others a 304 would not do; neither is it due again at once.
    assert asked(site, "/a") == [False, False, False]


async def test_pages_get_the_label_that_links_give_today(job: Job, site: Site) -> None:
    small(site)
    revisit = {"policy": "fixed", "every": "30d"}

    def write(label: str) -> None:
        rule = {"item": "Page", "label": label, "fields": RULE["fields"]}
        incremental = {"revisit": revisit, "events": "events.jsonl"}
        job.write(follow=[{"css": "a", "label": label}], extract=[rule], incremental=incremental)

    write("leaf")
    await night(job, 1)
    write("page")

    await night(job, 2)
    await night(job, 3)

    assert sorted(item["title"] for item in job.items()) == ["a"] * 3 + ["b"] * 3
    assert len(job.items("events.jsonl")) == 2
    assert (same(job), job.summary()["changes"]["missing"]) == (
        {"not_due": 2, "not_modified": 1},
        0,
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("run: {durability: 'off'}\nincremental: {}", "off keeps nothing"),
        ("incremental: {revisit: {min: 2d, max: 1d}}", "min is more than max"),
        ("incremental: {revisit: {policy: sometimes}}", "not one of always, adaptive"),
        ("incremental: {ignore: ['a:::b']}", "is no CSS selector"),
        (
            "incremental: {fingerprint: {fuzzy: 3}}\nextract: [{item: A, fields: {a: {css: b}}}]",
            "fingerprint.of",
        ),
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused(job: Job, text: str, says: str) -> None:
    job.write(f"name: job\nstart: ['{job.site.url()}']\n{text}\n")

    ran = await job.run()

    assert ran.code == 2
    assert says in ran.err


async def test_only_an_incremental_job_can_be_refreshed(job: Job) -> None:
    job.write()

    ran = await job.run("--refresh")

    assert ran.code == 2
    assert "is not incremental" in ran.err


def listed(site: Site, **dates: str) -> None:
    """Put up a sitemap of pages with the dates of their last changes."""
    entries = "".join(
        f"<url><loc>{site.url(f'/{name}')}</loc><lastmod>{date}</lastmod></url>"
        for name, date in dates.items()
    )
    body = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'
    site.pages["/map.xml"] = site.answer(body, 200, content_type="application/xml")


def leaves(site: Site, count: int) -> list[str]:
    names = [f"p{number}" for number in range(count)]
    for name in names:
        tagged(site, f"/{name}", name)
    return names


def leaves_asked(site: Site) -> list[str]:
    return sorted(path for path in site.hits if path.startswith("/p"))


def listing(site: Site, path: str, kind: str, *targets: str) -> None:
    """Put a sitemap, or an index of them, there that answers 304 to its own ETag."""
    name = "url" if kind == "urlset" else "sitemap"
    entries = "".join(f"<{name}><loc>{site.url(one)}</loc></{name}>" for one in targets)
    body = f'<{kind} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</{kind}>'
    put(site, path, body, str(abs(hash(body))), content_type="application/xml")


async def test_sitemaps_that_are_as_they_were_lead_where_they_led(job: Job, site: Site) -> None:
    leaves(site, 3)
    listing(site, "/map.xml", "sitemapindex", "/a.xml", "/b.xml")
    listing(site, "/a.xml", "urlset", "/p0", "/lost")
    listing(site, "/b.xml", "urlset", "/p1")
    start = {"sitemap": [site.url("/map.xml")]}
    job.write(start=start, extract=[RULE], incremental={}, checks={"max_failed": "90%"})
    await night(job, 1)
    site.hits.clear()

    assert (await night(job, 2)).code == 0

    # A page that was never there is asked for because the sitemap, unread, still leads to it.
    assert site.hits["/lost"] == 1
    assert same(job) == {"not_modified": 2}
    assert [job.summary(run)["source_files"] for run in (0, 1)] == [2, 2]
    listing(site, "/b.xml", "urlset", "/p1", "/p2")
    assert (await night(job, 3)).code == 0
    assert titles(job) == ["p0", "p1", "p2"]
    assert asked(site, "/map.xml") == asked(site, "/a.xml") == [False, True, True]
    # What a list may give depends on its own settings, too.
    job.write(start=start | {"max_sitemap_files": 1}, extract=[RULE], incremental={})
    assert (await night(job, 4)).code == 0
    assert asked(site, "/map.xml")[-1] is False
    assert asked(site, "/p0")[-1] is True


async def test_a_date_in_a_sitemap_makes_a_page_due_before_its_time(job: Job, site: Site) -> None:
    leaves(site, 3)
    start = {"sitemap": [site.url("/map.xml")]}
    incremental = {"revisit": {"policy": "fixed", "every": "5d"}}
    job.write(start=start, extract=[RULE], incremental=incremental)
    listed(site, p0="2026-02-01", p1="2026-02-02", p2="2026-02-03")
    await night(job, 1)
    site.hits.clear()
    listed(site, p0="2026-02-01", p1="2026-03-01T20:00:00Z", p2="2026-02-03")

    assert (await night(job, 2)).code == 0

    assert leaves_asked(site) == ["/p1"]
    assert same(job) == {"not_modified": 1, "not_due": 2}
    site.hits.clear()
    listed(site, **dict.fromkeys(("p0", "p1", "p2"), "2026-03-02T20:00:00Z"))
    assert (await night(job, 3)).code == 0
    # One date for all of them is when the list was made.
    assert leaves_asked(site) == []


@pytest.mark.parametrize(("lastmod", "asked_for"), [("trust", 1), ("hint", 3), ("ignore", 3)])
async def test_a_date_that_is_trusted_spares_a_visit(
    job: Job, site: Site, lastmod: str, asked_for: int
) -> None:
    leaves(site, 3)
    start = {"sitemap": [site.url("/map.xml")], "lastmod": lastmod}
    job.write(start=start, extract=[RULE], incremental={})
    listed(site, p0="2026-02-01", p1="2026-02-02", p2="2026-02-03")
    await night(job, 1)
    site.hits.clear()
    listed(site, p0="2026-02-01", p1="2026-03-01T20:00:00Z", p2="2026-02-03")

    assert (await night(job, 2)).code == 0

    assert len(leaves_asked(site)) == asked_for
    assert titles(job) == ["p0", "p1", "p2"]


async def test_dates_are_trusted_once_they_proved_right(job: Job, site: Site) -> None:
    names = leaves(site, 12)
    job.write(start={"sitemap": [site.url("/map.xml")]}, extract=[RULE], incremental={})
    listed(site, **{name: f"2026-02-{place + 1:02}" for place, name in enumerate(names)})
    asked_for = []
    for number in (1, 2, 3, 4):
        site.hits.clear()
        assert (await night(job, number)).code == 0
        asked_for.append(len(leaves_asked(site)))

    assert asked_for == [12, 12, 12, 0]


async def test_dates_that_are_wrong_are_never_trusted(job: Job, site: Site) -> None:
    names = leaves(site, 12)
    job.write(start={"sitemap": [site.url("/map.xml")]}, extract=[RULE], incremental={})
    listed(site, **{name: f"2026-02-{place + 1:02}" for place, name in enumerate(names)})
    for number in (1, 2, 3, 4, 5):
        for name in names[:4]:  # they change, and nobody says so
            tagged(site, f"/{name}", f"{name} {number}")
        site.hits.clear()
        assert (await night(job, number)).code == 0

    assert len(leaves_asked(site)) == 12


KILLED = (
    "begin.before", "begin.after", "commit.before:2", "commit.after:2", "output.write.half",
    "end.before",
)  # fmt: skip


@pytest.mark.parametrize("point", KILLED)
async def test_a_refresh_that_is_killed_goes_on_and_gives_everything_once(
    job: Job, site: Site, point: str
) -> None:
    small(site)
    job.write(extract=[RULE], incremental={"revisit": {"policy": "fixed", "every": "3d"}})
    await night(job, 1)
    name, _, number = point.partition(":")
    env = {
        VARIABLE: "2026-03-02T03:15", "CRAWLER_FAILPOINT": f"{name}:{number or 1}:kill"
    }  # fmt: skip
    killed = await (await job.start(env=env)).end()

    assert (await night(job, 2)).code == 0

    assert killed.code == -9
    assert titles(job) == ["a", "b", "index"]
    assert same(job)["not_due"] == 2


async def test_an_endless_calendar_does_not_grow_from_night_to_night(job: Job, site: Site) -> None:
    months: list[str] = []

    async def month(exchange: Exchange) -> None:
        number = exchange.path.removeprefix("/m/")
        months.append(number)
        await exchange.send(
            site.answer(f'<p>Nothing.</p><a href="/m/{number}1">1</a><a href="/m/{number}2">2</a>')
        )

    class Calendar(dict[str, Any]):
        def get(self, path: str, default: object = None) -> Any:
            return month if path.startswith("/m/") else super().get(path, default)

    site.html("/", "/m/1")
    site.pages = Calendar(site.pages)
    rule = RULE | {"url": "/book/*"}
    job.write(
        extract=[rule], fetch={"robots": "ignore", "concurrency": 8}, incremental={},
        checks={"allow_empty": True},
    )  # fmt: skip
    assert (await night(job, 1)).code == 0
    first = set(months)
    months.clear()

    ran = await night(job, 2)

    assert ran.code == 0, ran.err
    assert len(first) > 10
    assert set(months) == first
