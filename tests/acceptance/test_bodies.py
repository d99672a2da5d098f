"""`incremental.bodies` and `crawler reparse`: other rules read kept pages without a request."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site

TITLE = {"item": "Page", "url": "**", "fields": {"title": {"css": "title::text"}}}
BOTH = {"item": "Page", "url": "**",
        "fields": {"title": {"css": "title::text"}, "name": {"css": "title::text"}}}  # fmt: skip


@pytest.fixture
def paths(site: Site) -> list[str]:
    return site.tree(3)


def write(job: Job, rule: dict[str, Any], policy: str = "fixed", **more: Any) -> None:
    incremental = {"bodies": {}, "revisit": {"policy": policy, "every": "7d"}, **more}
    job.write(extract=[rule], incremental=incremental)


def ends(job: Job) -> dict[str, str]:
    return {path: line["reason"] for path, line in job.requests().items()}


def items(job: Job) -> list[dict[str, Any]]:
    return job.items(f"data/job/{job.summary()['run']}.jsonl")


@pytest.mark.parametrize(
    "options", [(), ("--set", "run.backend=threads"), ("--set", "run.workers=2")]
)
async def test_changed_rules_read_pages_that_are_not_due_from_their_kept_bodies(
    job: Job, site: Site, paths: list[str], options: tuple[str, ...]
) -> None:
    write(job, TITLE)
    first = await job.run(*options)
    asked = dict(site.hits)
    reasons = [ends(job)]
    write(job, BOTH)

    second = await job.run(*options)
    reasons.append(ends(job))
    third = await job.run(*options)
    reasons.append(ends(job))

    assert (first.code, second.code, third.code) == (0, 0, 0)
    assert "read anew, 3 of them from bodies that are kept" in second.err
    assert "4 pages read anew by the rules of today: 3 out of kept bodies, 1 asked" in second.err
    assert reasons[1] == dict.fromkeys(paths, "other_rules,kept,reread") | {
        "/": "other_rules,reread"
    }
    assert reasons[0] == dict.fromkeys(paths, "new")
    assert set(reasons[2].values()) == {"same_body", "not_due"}
    assert {path: site.hits[path] - asked[path] for path in paths[1:]} == dict.fromkeys(
        paths[1:], 0
    )
    assert sorted(one["name"] for one in items(job)) == sorted(paths)
    assert "read anew" not in third.err


async def test_a_page_that_is_due_and_as_it_was_is_read_from_its_kept_body(
    job: Job, site: Site, paths: list[str]
) -> None:
    page = site.answer("<title>/leaf1</title>", 200, ETag='"1"', Content_Type="text/html")
    asked: list[bool] = []

    async def play(exchange: Any) -> None:
        conditional = "if-none-match" in exchange.fields
        asked.append(conditional)
        await exchange.send(site.answer("", 304, ETag='"1"') if conditional else page)

    site.pages["/leaf1"] = play
    write(job, TITLE, "always")
    await job.run()
    write(job, BOTH, "always")

    ran = await job.run()

    assert (ran.code, asked) == (0, [False, True])
    assert {one["name"] for one in items(job)} >= {"/leaf1"}


@pytest.mark.parametrize("word", ["job", "job.yaml", "{run}", "reports/job/{run}"])
async def test_reparse_reads_every_kept_page_anew_whatever_it_was_read_by(
    job: Job, site: Site, paths: list[str], word: str
) -> None:
    write(job, TITLE, "always")
    await job.run()
    asked = dict(site.hits)

    ran = await job.run("--", "reparse", word.format(run=job.summary()["run"]))

    assert ran.code == 0
    assert {path: site.hits[path] - asked[path] for path in paths[1:]} == dict.fromkeys(
        paths[1:], 0
    )
    assert sorted(one["title"] for one in items(job)) == sorted(paths)


async def test_reparse_forgives_no_miss_of_a_page_whose_body_is_kept(
    job: Job, site: Site, paths: list[str]
) -> None:
    write(job, TITLE, "always", events="events.jsonl", gone={"after_misses": 2})
    await job.run()
    site.html("/", *paths[2:])
    missing = paths[1]
    del site.pages[missing]
    await job.run()

    ran = await job.run("--", "reparse", "job")

    assert ran.code == 0, ran.err
    assert site.hits[missing] == 3  # alive, and twice as it was missing
    await job.run()
    told = [(event["event"], event["url"]) for event in job.items("events.jsonl")]
    assert told[len(paths) :] == [("gone", site.url(missing))]


async def test_what_cannot_be_read_anew_is_refused_in_a_sentence(
    job: Job, site: Site, tmp_path_factory: pytest.TempPathFactory
) -> None:
    site.html("/")
    write(job, TITLE)
    early = await job.run("--", "reparse", "job.yaml")
    await job.run()
    run = job.summary()["run"]

    unknown = await job.run("--", "reparse", f"{run[:-1]}x")
    elsewhere = tmp_path_factory.mktemp("other")
    (elsewhere / "reports/job" / run).mkdir(parents=True)
    foreign = await job.run("--", "reparse", f"{elsewhere}/reports/job/{run}")
    job.write(name="another", extract=[TITLE], incremental={"bodies": {}})
    renamed = await job.run("--", "reparse", run)
    write(job, TITLE)
    (job.folder / "state/job/crawl.sqlite").unlink()
    wiped = await job.run("--", "reparse", run)

    refused = (early, unknown, foreign, renamed, wiped)
    assert [ran.code for ran in refused] == [2] * 5
    assert "has kept no body yet" in early.err
    assert f"no run and no job '{run[:-1]}x'" in unknown.err
    assert f"is a report of jobs under {elsewhere}; name that with --dir" in foreign.err
    assert "is that of job 'another' now" in renamed.err
    assert f"run {run} of job 'job' kept no state" in wiped.err
    assert all(ran.err.count("\n") == 1 for ran in refused)


async def test_without_kept_bodies_changed_rules_make_pages_due(
    job: Job, site: Site, paths: list[str]
) -> None:
    incremental = {"revisit": {"policy": "fixed", "every": "7d"}}
    job.write(extract=[TITLE], incremental=incremental)
    await job.run()
    asked = dict(site.hits)
    job.write(extract=[BOTH], incremental=incremental)

    ran = await job.run()
    refused = await job.run("--", "reparse", "job")

    assert "read anew" in ran.err
    assert "kept" not in ran.err
    assert all(site.hits[path] == asked[path] + 1 for path in paths)
    assert refused.code == 2
    assert "keeps no bodies" in refused.err


async def test_bodies_take_no_more_room_than_they_may(job: Job, site: Site) -> None:
    paths = [f"/p{number}" for number in range(8)]
    site.html("/", *paths)
    for path in paths:
        site.html(path, body=os.urandom(4_000).hex())
    write(job, TITLE, bodies={"max_size": "20KiB"})
    await job.run()

    kept = list((job.folder / "state/job/bodies").rglob("*.body"))

    assert 0 < sum(path.stat().st_size for path in kept) <= 20 << 10
