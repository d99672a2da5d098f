"""`crawler retry`: asks again for what the last run gave up, and for nothing else."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site

BROKEN = ("/broken", "/refused")
#: Fail points at which a retry that replaces a file is killed.
REPLACING = (
    "begin.before", "begin.after", "output.open", "output.write.half", "commit.before",
    "commit.after:2", "ledger.before", "replace.after", "end.before", "end.after",
)  # fmt: skip


def break_two(site: Site) -> list[str]:
    """Put up a site of six pages of which two fail; returns the paths of all."""
    paths = ["/", "/a", "/b", *BROKEN]
    site.html("/", *paths[1:])
    site.html("/a")
    site.html("/b")
    site.pages["/broken"] = site.answer("", 500)
    site.pages["/refused"] = site.answer("", 403)
    return paths


def heal(site: Site) -> None:
    """Let the two be answered; one leads to a page that nobody knew, and to one that is done."""
    site.html("/broken", "/a", "/new")
    site.html("/refused")
    site.html("/new")
    site.hits.clear()


async def first_run(job: Job, site: Site, **keys: object) -> list[str]:
    paths = break_two(site)
    job.write(checks={"max_failed": "50%"}, **keys)
    assert (await job.run()).code == 0
    return paths


async def retry(job: Job, *options: str) -> tuple[int, str]:
    ran = await job.run("--", "retry", "job", *options)
    return ran.code, ran.err


async def test_only_what_was_given_up_is_fetched_again_and_what_it_leads_to(
    job: Job, site: Site
) -> None:
    paths = await first_run(job, site)
    heal(site)

    code, said = await retry(job)

    assert code == 0, said
    assert set(site.hits) - {"/robots.txt"} == {"/broken", "/refused", "/new"}
    assert set(site.hits.values()) == {1}
    assert len(job.reports) == 2
    assert sorted(job.paths()) == sorted([*paths, "/new"])
    assert len({item["_id"] for item in job.items()}) == 6
    books = job.summary()["books"]
    assert (books["known"], books["done"], books["failed"], books["dead"]) == (6, 6, 0, 0)
    first, second = job.summary(0), job.summary()
    assert (second["retry_of"], second["retried"]) == (first["run"], 2)
    assert (first["retry_of"], second["items"]["Page"]["out"]) == (None, 3)
    assert f"a retry of run {first['run']}" in said


async def test_one_class_is_retried_and_the_others_wait_for_their_turn(
    job: Job, site: Site
) -> None:
    await first_run(job, site)
    heal(site)

    one, _ = await retry(job, "--class", "status")
    hits = set(site.hits)
    none, said = await retry(job, "--class", "timeout,dns")
    other, _ = await retry(job, "--class", "server")

    assert (one, none, other) == (0, 0, 0)
    assert hits - {"/robots.txt"} == {"/refused"}
    assert "gave up server 1, and nothing of class dns, timeout" in said
    assert len(job.reports) == 3
    assert job.summary()["books"]["done"] == 6


async def test_what_fails_again_is_given_up_again_with_a_fresh_budget(job: Job, site: Site) -> None:
    await first_run(job, site, fetch={"retries": 1})
    site.hits.clear()

    code, _ = await retry(job)

    assert code == 0  # the share that failed is that of the whole job, as before
    assert site.hits["/broken"] == 2
    assert job.requests()["/broken"]["attempts"] == 2
    assert job.requests()["/a"]["outcome"] == "done"


async def test_nothing_to_retry_is_a_good_end_and_no_run(job: Job, site: Site) -> None:
    site.tree(1)
    job.write()
    await job.run()

    code, said = await retry(job)

    assert code == 0
    assert "gave nothing up" in said
    assert len(job.reports) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("retry job --class timeuot", "did you mean 'timeout'?"),
        ("retry job --class gone", "there are address, "),
        ("retry jobb", "no job 'jobb' under"),
        ("retry jobb", "did you mean 'job'?"),
        ("retry ../job", "no job '../job'"),
        ("retry absent.yaml", "there is no file absent.yaml"),
        ("retry job --fresh", "no such option: --fresh"),
        ("retry", "NAME|CONFIG.yaml"),
    ],
)
async def test_a_retry_that_makes_no_sense_is_exit_2(
    job: Job, site: Site, words: str, says: str
) -> None:
    site.tree(0)
    job.write()
    await job.run()

    ran = await job.run("--", *words.split())

    assert (ran.code, len(job.reports)) == (2, 1)
    assert says in ran.err


async def test_a_job_that_never_ran_has_nothing_to_retry(job: Job) -> None:
    job.write()

    ran = await job.run("--", "retry", "job.yaml")

    assert ran.code == 2
    assert "has no run of which something could be retried" in ran.err
    assert job.untouched


async def test_a_config_that_moved_is_said_and_may_be_named(job: Job, site: Site) -> None:
    await first_run(job, site)
    heal(site)
    moved = job.file.rename(job.folder / "elsewhere.yaml")

    lost, said = await retry(job)
    found = await job.run("--", "retry", moved.name)

    assert lost == 2
    assert f"was last run with {job.file}, which is not there any more" in said
    assert found.code == 0


async def test_an_interrupted_run_is_to_be_finished_first(job: Job, site: Site) -> None:
    break_two(site)
    held = site.hold("/b")
    job.write()
    running = await job.start()
    await held.asked.wait()
    await running.kill()
    held.answer.set()

    code, said = await retry(job)

    assert code == 2
    assert "go on with it first: python -m crawler" in said
    assert "--resume" in said


async def test_a_retry_that_is_killed_goes_on_and_has_every_item_once(job: Job, site: Site) -> None:
    await first_run(job, site, output=[{"path": "out.jsonl", "mode": "replace"}])
    heal(site)
    held = site.hold("/refused")
    running = await job.start("--", "retry", "job")
    await held.asked.wait()
    await running.kill()
    held.answer.set()

    ran = await job.run("--resume")

    assert ran.code == 0
    assert site.hits["/"] == 0
    assert sorted(job.paths("out.jsonl")) == sorted(["/", "/a", "/b", *BROKEN, "/new"])
    assert job.summary()["retry_of"] == job.summary(0)["run"]
    assert len(job.reports) == 2


@pytest.mark.parametrize("share", ["50%", "10%"])
@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz"])
async def test_a_replaced_file_keeps_what_the_last_run_found_whether_that_was_good_or_not(
    job: Job, site: Site, name: str, share: str
) -> None:
    paths = break_two(site)
    job.write(checks={"max_failed": share}, output=[{"path": name, "mode": "replace"}])
    first = await job.run()
    heal(site)

    code, said = await retry(job)

    raw = (job.folder / name).read_bytes()
    text = gzip.decompress(raw) if name.endswith(".gz") else raw
    assert (first.code, code) == (0 if share == "50%" else 3, 0), said
    assert sorted(json.loads(line)["title"] for line in text.splitlines()) == sorted(
        [*paths, "/new"]
    )


async def test_a_replaced_csv_is_not_replaced_by_a_part_of_its_items(job: Job, site: Site) -> None:
    await first_run(job, site, output=[{"path": "out.csv", "mode": "replace"}])
    heal(site)
    before = (job.folder / "out.csv").read_bytes()

    refused, said = await retry(job)
    beside, _ = await retry(job, "-o", "more.csv")

    assert (refused, beside) == (2, 0)
    assert "-o FILE" in said
    assert (job.folder / "out.csv").read_bytes() == before
    assert len((job.folder / "more.csv").read_text().splitlines()) == 4


async def test_a_replaced_file_that_was_changed_or_cut_short_is_left_alone(
    job: Job, site: Site
) -> None:
    await first_run(job, site, output=[{"path": "out.jsonl", "mode": "replace"}])
    (job.folder / "out.jsonl").write_text("edited\n")
    changed, said = await retry(job)
    site.html("/", "/gone", "/b")
    look = await job.run("--limit", "2")
    cut, why = await retry(job)

    assert (changed, look.code, cut) == (2, 0, 2)
    assert "is not what run" in said
    assert "was ended by --limit" in why
    assert (job.folder / "out.jsonl").read_text() == "edited\n"


async def test_appended_items_come_behind_those_that_are_there(job: Job, site: Site) -> None:
    paths = await first_run(job, site, output=[{"path": "out.jsonl", "mode": "append"}])
    before = (job.folder / "out.jsonl").read_bytes()
    heal(site)

    code, _ = await retry(job)

    assert code == 0
    assert (job.folder / "out.jsonl").read_bytes().startswith(before)
    assert sorted(job.paths("out.jsonl")) == sorted([*paths, "/new"])


async def test_callback_label_depth_and_meta_are_those_of_before(job: Job, site: Site) -> None:
    break_two(site)
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        for a in response.css('a'):\n"
        "            yield response.follow(a, self.leaf, cb_kwargs={'n': 7}, meta={'m': 'x'})\n"
        "    def leaf(self, response, n):\n"
        "        yield {'url': response.url, 'n': n, 'm': response.meta['m']}\n",
        checks={"max_failed": "50%"},
    )
    await job.run()
    heal(site)

    code, _ = await retry(job)

    assert code == 0
    assert {(item["n"], item["m"]) for item in job.items()} == {(7, "x")}
    assert len(job.items()) == 4
    assert {row["depth"] for path, row in job.requests().items() if path != "/"} == {1}


async def test_a_callback_that_was_mended_gets_its_pages_again(job: Job, site: Site) -> None:
    site.tree(2)
    code = (
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        if response.url.endswith('leaf1'):\n"
        "            {}\n"
        "        yield {{'title': response.url}}\n"
        "        yield from response.follow_all(response.css('a'))\n"
    )
    job.spider(code.format("raise ValueError"), checks={"max_failed": "50%"})
    await job.run()
    job.spider(code.format("pass"), checks={"max_failed": "50%"})

    ended, _ = await retry(job, "--class", "callback")

    assert ended == 0
    assert len({item["title"] for item in job.items()}) == len(job.items()) == 3


async def test_a_start_that_was_not_reached_is_reached_by_a_retry(job: Job, site: Site) -> None:
    job.write()
    failed = await job.run()
    site.tree(2)

    code, said = await retry(job)

    assert (failed.code, code) == (4, 0), said
    assert len(job.items()) == 3


async def test_a_limit_of_pages_is_one_of_what_a_retry_fetches(job: Job, site: Site) -> None:
    break_two(site)
    site.html("/", *BROKEN, "/a", "/b")
    job.write(checks={"max_failed": "50%"}, scope={"max_pages": 2})
    await job.run()
    heal(site)

    code, _ = await retry(job)

    assert code == 0
    assert [job.summary(run)["books"]["done"] for run in (0, 1)] == [2, 4]
    assert (job.summary()["books"]["known"], job.summary()["books"]["pending"]) == (5, 1)


async def test_checks_judge_the_whole_of_both_runs(job: Job, site: Site) -> None:
    break_two(site)
    job.write(checks={"min_items": 6})
    first = await job.run()
    heal(site)

    code, said = await retry(job)

    assert (first.code, code) == (3, 0), said


@pytest.mark.parametrize(
    ("mode", "point"),
    [
        *(("replace", point) for point in REPLACING),
        *(("append", point) for point in ("begin.after", "output.write.half", "commit.before")),
    ],
)
async def test_a_retry_that_is_killed_anywhere_has_every_item_once(
    job: Job, site: Site, point: str, mode: str
) -> None:
    paths = await first_run(job, site, output=[{"path": "out.jsonl", "mode": mode}])
    heal(site)
    name, _, number = point.partition(":")
    env = {"CRAWLER_FAILPOINT": f"{name}:{number or 1}:kill"}
    killed = await job.run("--", "retry", "job", env=env)

    ran = await job.run("--", "retry", "job")
    if ran.code == 2:
        assert "go on with it first" in ran.err
        ran = await job.run("--resume")

    assert killed.code == -9
    assert ran.code == 0, ran.err
    assert sorted(job.paths("out.jsonl")) == sorted([*paths, "/new"])
    books = job.summary()["books"]
    assert (books["known"], books["done"]) == (6, 6)
