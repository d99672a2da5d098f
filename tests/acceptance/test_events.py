"""Events of incremental jobs: what happened to an item is told once, whatever happens."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from crawler.fail_points import VARIABLE as FAIL_AT

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Ran, Site

RULE = {
    "item": "Book", "url": "/b*",
    "fields": {"upc": {"css": "i::text"}, "price": {"css": "b::text"}},
}  # fmt: skip
SCHEMA = {"Book": {"upc": {"type": "str", "key": True}, "price": "decimal"}}
BOOKS = 24


def book(site: Site, number: int, price: str, path: str | None = None) -> None:
    site.html(path or f"/b{number}", body=f"<i>u{number}</i><b>{price}</b>")


def index(site: Site) -> None:
    site.html("/", *sorted(path for path in site.pages if path != "/"))


def shop(site: Site) -> None:
    for number in range(BOOKS):
        book(site, number, f"{number}.50")
    index(site)


def write(job: Job, **incremental: Any) -> None:
    gone = {"after_misses": 2, "recheck": False} | incremental.pop("gone", {})
    job.write(
        extract=[RULE], schemas=SCHEMA, checks={"max_failed": "50%"},
        output=[{"path": "data/{run_id}.jsonl"}],
        incremental={"events": "events.jsonl", "gone": gone, **incremental},
    )  # fmt: skip


def events(job: Job) -> list[dict[str, Any]]:
    text = (job.folder / "events.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def told(job: Job, since: int = 0) -> list[tuple[str, str]]:
    return [(one["event"], one["key"]) for one in events(job)[since:]]


async def first_night(job: Job, site: Site) -> int:
    shop(site)
    write(job)
    assert (await job.run("-q")).code == 0
    assert Counter(event for event, _ in told(job)) == {"new": BOOKS}
    return BOOKS


def some_changes(site: Site) -> None:
    """Change two books, move one, take one away, add one."""
    book(site, 3, "99.00")
    book(site, 4, "98.00")
    book(site, 7, "7.50", "/b7-now")
    book(site, 90, "1.00")
    del site.pages["/b7"], site.pages["/b5"]
    index(site)


CHANGES = {("changed", "u3"), ("changed", "u4"), ("moved", "u7"), ("new", "u90")}


async def test_what_changed_is_told_and_nothing_else(job: Job, site: Site) -> None:
    known = await first_night(job, site)
    assert (await job.run("-q")).code == 0
    assert told(job, known) == []
    some_changes(site)

    assert (await job.run("-q")).code == 0

    assert set(told(job, known)) == CHANGES
    assert len(told(job, known)) == len(CHANGES)
    changed = next(one for one in events(job) if one["event"] == "changed" and one["key"] == "u3")
    assert (changed["old"], changed["new"]) == ({"price": 3.5}, {"price": 99.0})
    assert (
        job.summary()["items"]["Book"] | {"new": 1, "changed": 2, "moved": 1, "gone": 0}
        == (job.summary()["items"]["Book"])
    )


async def test_gone_is_told_after_as_many_misses_as_the_job_says_and_back_after_one_sight(
    job: Job, site: Site
) -> None:
    known = await first_night(job, site)
    del site.pages["/b5"]
    await job.run("-q")
    assert told(job, known) == []

    await job.run("-q")
    assert told(job, known) == [("gone", "u5")]
    await job.run("-q")
    assert told(job, known) == [("gone", "u5")]
    book(site, 5, "5.50")
    await job.run("-q", "--set", "output.0.only=[new, changed]")

    assert told(job, known) == [("gone", "u5"), ("back", "u5")]
    # Its page is as it was, but whoever hears of changes alone had heard that it was gone.
    assert [item["upc"] for item in job.items(f"data/{job.summary()['run']}.jsonl")] == ["u5"]
    await job.run("-q", "--set", "output.0.only=[new, changed]")
    assert job.items(f"data/{job.summary()['run']}.jsonl") == []


async def test_a_page_that_is_missing_is_asked_once_more(job: Job, site: Site) -> None:
    await first_night(job, site)
    write(job, gone={"recheck": True})
    del site.pages["/b5"]
    site.hits.clear()

    await job.run("-q")

    assert site.hits["/b5"] == 2
    assert site.hits["/b6"] == 1


async def test_when_more_than_the_share_is_missing_nothing_is_told(job: Job, site: Site) -> None:
    known = await first_night(job, site)
    for number in range(10):
        del site.pages[f"/b{number}"]

    for _ in range(3):
        ran = await job.run("-q")
        assert ran.code == 6
        assert "10 of 24 known items are missing" in ran.err
    assert told(job, known) == []

    for _ in range(2):
        ran = await job.run("-q", "--set", "incremental.gone.max_share=100%")
        assert ran.code == 0
    assert Counter(event for event, _ in told(job, known)) == {"gone": 10}


async def test_a_site_that_answers_with_an_error_page_for_all_changes_nothing(
    job: Job, site: Site
) -> None:
    known = await first_night(job, site)
    for number in range(BOOKS):
        site.html(f"/b{number}", body=f"<i>u{number}</i><b>0</b>")

    assert (await job.run("-q")).code == 6
    shop(site)
    assert (await job.run("-q")).code == 0

    assert told(job, known) == []


async def test_a_redesign_names_the_field_and_tells_no_event_of_it(job: Job, site: Site) -> None:
    known = await first_night(job, site)
    for number in range(BOOKS):
        book(site, number, f"{number}99")

    ran = await job.run("-q")

    assert ran.code == 3
    assert "Book.price changed in 24 items at once" in ran.err
    assert told(job, known) == []
    assert (await job.run("-q")).code == 0
    assert told(job, known) == []


POINTS = [
    "settling.before:1", "settling.after:1", "commit.before:1", "commit.after:3",
    *(f"items.settle:{hit}" for hit in (1, 2, 3)), "output.write.half:1", "end.before:1",
    "finish.before:1", "end.after:1",
]  # fmt: skip


@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_at_any_point_neither_loses_nor_doubles_an_event(
    job: Job, site: Site, point: str
) -> None:
    known = await first_night(job, site)
    write(job, gone={"after_misses": 9})
    some_changes(site)
    killed: Ran = await job.run("-q", env={FAIL_AT: f"{point}:kill"})
    assert killed.code == -9

    assert (await job.run("-q")).code == 0

    assert sorted(told(job, known)) == sorted(CHANGES)


async def test_a_kill_while_events_are_half_written_neither_loses_nor_doubles_one(
    job: Job, site: Site
) -> None:
    known = await first_night(job, site)
    write(job, gone={"after_misses": 9})
    some_changes(site)
    # Every page is done then, so that the next run writes nothing but the events.
    for point in ("settling.before:1", "output.write.half:1"):
        assert (await job.run("-q", env={FAIL_AT: f"{point}:kill"})).code == -9

    assert (await job.run("-q")).code == 0

    assert sorted(told(job, known)) == sorted(CHANGES)


@pytest.mark.parametrize("run", [{"backend": "threads"}, {"workers": 2}])
async def test_events_are_the_same_whoever_fetches(
    job: Job, site: Site, run: dict[str, Any]
) -> None:
    known = await first_night(job, site)
    some_changes(site)

    options = [f"run.{name}={value}" for name, value in run.items()]
    assert (await job.run("-q", "--set", options[0])).code == 0

    assert sorted(told(job, known)) == sorted(CHANGES)


async def test_events_and_items_need_a_file_each(job: Job, site: Site) -> None:
    shop(site)
    job.write(
        incremental={"events": "data/all.jsonl"},
        output=[{"path": "data/all.jsonl", "mode": "append"}],
    )

    ran = await job.run("-q")

    assert ran.code == 2
    assert "items go to this file" in ran.err


async def test_without_recheck_an_item_is_missed_to_whose_page_nothing_leads(
    job: Job, site: Site
) -> None:
    known = await first_night(job, site)
    # Two books that lead to each other, as related ones do, are out of the list.
    site.html("/b5", "/b6", body="<i>u5</i><b>5.50</b>")
    site.html("/b6", "/b5", "/", body="<i>u6</i><b>6.50</b>")
    site.html("/", *(f"/b{number}" for number in range(BOOKS) if number not in (5, 6)))

    await job.run("-q")
    missing = job.summary()["changes"]["missing"]
    await job.run("-q")
    gone = told(job, known)
    await job.run("-q")
    site.html("/", *(f"/b{number}" for number in range(BOOKS)))
    await job.run("-q")

    assert missing == 2
    assert gone == [("gone", "u5"), ("gone", "u6")]
    assert told(job, known + 2) == [("back", "u5"), ("back", "u6")]


async def test_without_recheck_an_item_moves_from_a_page_that_nothing_leads_to(
    job: Job, site: Site
) -> None:
    known = await first_night(job, site)
    book(site, 5, "5.50", "/book-5")
    site.html("/", "/book-5", *(f"/b{number}" for number in range(BOOKS) if number != 5))

    await job.run("-q")
    await job.run("-q")
    await job.run("-q")

    assert told(job, known) == [("moved", "u5")]


async def test_with_recheck_a_page_that_nothing_leads_to_is_asked_though_it_is_not_due(
    job: Job, site: Site
) -> None:
    shop(site)
    write(job, gone={"recheck": True}, revisit={"policy": "fixed", "every": "30d"})
    await job.run("-q")
    known = len(events(job))
    site.html("/", *(f"/b{number}" for number in range(BOOKS) if number not in (5, 6)))
    del site.pages["/b6"]
    site.hits.clear()

    await job.run("-q")
    await job.run("-q")

    asked = {path: hits for path, hits in site.hits.items() if path not in ("/", "/robots.txt")}
    assert asked["/b5"] == 2
    assert asked.keys() == {"/b5", "/b6"}
    assert told(job, known) == [("gone", "u6")]


@pytest.mark.parametrize("recheck", [True, False])
async def test_what_drops_out_of_a_news_sitemap_is_gone_only_once_it_is_not_there(
    job: Job, site: Site, recheck: bool
) -> None:
    shop(site)

    def news(*numbers: int) -> None:
        entries = "".join(
            f"<url><loc>{site.url(f'/b{number}')}</loc><news:news><news:publication_date>"
            "2026-03-01T00:00:00Z</news:publication_date></news:news></url>"
            for number in numbers
        )
        spaces = (
            'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
            ' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
        )
        site.pages["/news.xml"] = site.answer(
            f"<urlset {spaces}>{entries}</urlset>", content_type="application/xml"
        )

    news(*range(BOOKS))
    write(job, gone={"recheck": recheck})
    text = job.file.read_text()
    start = f"start: {{sitemap: ['{site.url('/news.xml')}'], lastmod: ignore}}"
    job.file.write_text(text.replace(f"start:\n- {site.url()}\n", f"{start}\n"))
    assert start in job.file.read_text()
    await job.run("-q")
    known = len(events(job))
    news(*range(5, BOOKS))
    del site.pages["/b0"]

    for _ in range(3):
        await job.run("-q")

    assert known == BOOKS
    assert told(job, known) == [("gone", "u0")]
