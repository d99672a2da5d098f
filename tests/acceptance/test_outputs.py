"""Where items go: the three modes, standard output, and files that are not as they should be."""

from __future__ import annotations

import os
import re
import sqlite3
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site


def output(mode: str, **more: str) -> list[dict[str, str]]:
    return [{"path": "out.jsonl", "mode": mode, **more}]


@pytest.fixture
def paths(site: Site) -> list[str]:
    return site.tree(2)


async def test_new_refuses_a_file_that_is_there_and_leaves_it_alone(
    job: Job, site: Site, paths: list[str]
) -> None:
    job.write(output=output("new"))
    (job.folder / "out.jsonl").write_text("mine\n")

    ran = await job.run()

    assert ran.code == 2
    assert "out.jsonl exists already; use mode: append or replace" in ran.err
    assert (job.folder / "out.jsonl").read_text() == "mine\n"
    assert not site.hits
    assert not (job.folder / "reports").exists()


async def test_a_refused_run_is_no_interrupted_run(job: Job, paths: list[str]) -> None:
    job.write(output=output("new"))
    (job.folder / "out.jsonl").write_text("mine\n")
    assert (await job.run()).code == 2
    (job.folder / "out.jsonl").unlink()

    ran = await job.run()

    assert (ran.code, job.summary()["resumed"]) == (0, False)


async def test_append_goes_on_behind_what_is_there(job: Job, paths: list[str]) -> None:
    job.write(output=output("append"))
    (job.folder / "out.jsonl").write_text('{"title": "before"}\n')

    codes = [(await job.run()).code for _ in range(2)]

    assert codes == [0, 0]
    assert job.paths("out.jsonl") == ["before", *paths, *paths]


async def test_replace_swaps_only_at_a_good_end(job: Job, site: Site, paths: list[str]) -> None:
    old = '{"title": "old"}\n'
    (job.folder / "out.jsonl").write_text(old)
    job.write(output=output("replace"), checks={"min_items": 4})

    bad = await job.run()
    kept = (job.folder / "out.jsonl").read_text()
    job.write(output=output("replace"))
    good = await job.run()

    assert (bad.code, kept, good.code) == (3, old, 0)
    assert job.paths("out.jsonl") == paths


async def test_a_look_with_limit_replaces_nothing(job: Job, paths: list[str]) -> None:
    old = '{"title": "old"}\n'
    (job.folder / "out.jsonl").write_text(old)
    job.write(output=output("replace"))

    ran = await job.run("--limit", "1")

    (kind,) = job.summary()["items"].values()
    assert (ran.code, (job.folder / "out.jsonl").read_text()) == (0, old)
    assert kind["out"] == 1
    assert kind["in"] == kind["out"] + kind["dropped"]


async def test_an_items_own_id_gives_way_to_ours(job: Job, site: Site) -> None:
    site.html("/")
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        "    def parse(self, response):\n"
        "        yield {'_id': 'mine', 'title': '\"_url\": no'}\n"
    )

    await job.run()

    (item,) = job.items()
    assert (item["_id"] == "mine", item["title"]) == (False, '"_url": no')


async def test_o_writes_where_it_says_instead_of_the_configs_outputs(
    job: Job, paths: list[str]
) -> None:
    job.write(output=output("append"))

    ran = await job.run("-o", "sub/other.jsonl", "--dir", "base")

    assert ran.code == 0
    assert job.paths("sub/other.jsonl") == paths
    assert not (job.folder / "out.jsonl").exists()
    assert not (job.folder / "base/data").exists()


async def test_o_refuses_a_file_that_is_there(job: Job, paths: list[str]) -> None:
    job.write()
    (job.folder / "mine").write_text("mine")

    ran = await job.run("-o", "mine")

    assert (ran.code, (job.folder / "mine").read_text()) == (2, "mine")
    assert "exists already; delete it or name another" in ran.err


async def test_o_dash_prints_items_and_nothing_else(job: Job, paths: list[str]) -> None:
    job.write()

    ran = await job.run("-o", "-")

    assert ran.code == 0
    assert [line["title"] for line in ran.lines] == paths
    assert not (job.folder / "data").exists()


async def test_a_reader_that_goes_away_ends_the_run_in_words(job: Job, site: Site) -> None:
    site.tree(40)
    job.write()
    reader, writer = os.pipe()
    os.close(reader)

    running = await job.start("-o", "-", stdout=writer)
    os.close(writer)
    ran = await running.end()

    assert ran.code == 5
    assert "standard output was closed by its reader" in ran.err
    assert "--resume -o -" in ran.err
    assert len(ran.err.splitlines()) == 3


@pytest.mark.parametrize("kind", ["none", "url", "full"])
async def test_provenance_adds_what_it_says(
    job: Job, site: Site, paths: list[str], kind: str
) -> None:
    job.write(output=output("new", provenance=kind))

    ran = await job.run()

    items = job.items("out.jsonl")
    added = [{name for name in item if name.startswith("_")} for item in items]
    url, full = {"_url", "_id"}, {"_url", "_id", "_job", "_run", "_at", "_depth", "_from"}
    assert ran.code == 0
    assert added == [{"none": set(), "url": url, "full": full}[kind]] * 3
    if kind != "none":
        assert [item["_url"] for item in items] == [site.url(path) for path in paths]
        assert len({item["_id"] for item in items}) == 3


async def test_names_in_paths_are_filled_in(job: Job, paths: list[str]) -> None:
    job.write(output=[{"path": "{name}/{date}/{run_id}.jsonl"}])

    ran = await job.run()

    (made,) = (job.folder / "job").glob("*/*.jsonl")
    assert ran.code == 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", made.parent.name)
    assert made.stem == job.reports[0].name


async def test_two_outputs_have_the_same_items(job: Job, paths: list[str]) -> None:
    job.write(output=[{"path": "a.jsonl"}, {"path": "b.jsonl", "provenance": "none"}])

    ran = await job.run()

    assert (ran.code, job.paths("a.jsonl"), job.paths("b.jsonl")) == (0, paths, paths)


@pytest.mark.parametrize("mode", ["new", "append", "replace"])
async def test_an_output_that_is_a_folder_is_exit_5(job: Job, site: Site, mode: str) -> None:
    site.tree(2)
    job.write(output=output(mode))
    (job.folder / "out.jsonl").mkdir()

    ran = await job.run()

    assert ran.code == 5
    assert "out.jsonl" in ran.err
    assert "directory" in ran.err.lower()


async def test_an_output_folder_that_is_a_file_is_exit_5(job: Job, site: Site) -> None:
    site.tree(2)
    job.write()
    (job.folder / "data").write_text("in the way")

    ran = await job.run()

    assert ran.code == 5
    assert "data" in ran.err
    assert (job.folder / "data").read_text() == "in the way"
    assert not site.hits


@pytest.mark.parametrize("name", ["state", "reports"])
async def test_a_state_or_report_folder_that_cannot_be_made_is_exit_5(
    job: Job, site: Site, name: str
) -> None:
    site.tree(2)
    job.write()
    (job.folder / name).write_text("in the way")

    ran = await job.run()

    assert ran.code == 5
    assert name in ran.err
    assert not site.hits


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
async def test_a_read_only_folder_is_exit_5(job: Job, site: Site) -> None:
    site.tree(2)
    job.write()
    (job.folder / "data").mkdir(mode=0o500)

    ran = await job.run()

    assert (ran.code, dict(site.hits)) == (5, {})


async def test_a_full_disk_is_exit_5(job: Job, site: Site) -> None:
    site.tree(2)
    job.write()
    full = os.open("/dev/full", os.O_WRONLY)

    running = await job.start("-o", "-", stdout=full)
    os.close(full)
    ran = await running.end()

    assert ran.code == 5
    assert "No space left" in ran.err


async def test_a_damaged_database_is_exit_5_and_left_alone(job: Job, site: Site) -> None:
    site.tree(2)
    job.write()
    state = job.folder / "state/job/crawl.sqlite"
    state.parent.mkdir(parents=True)
    damaged = b"SQLite format 3\0" + bytes(range(256)) * 40
    state.write_bytes(damaged)

    ran = await job.run()

    assert ran.code == 5
    assert "crawl.sqlite" in ran.err
    assert "--forget" in ran.err or "move it away" in ran.err
    assert (state.read_bytes(), dict(site.hits)) == (damaged, {})


async def test_forget_wipes_a_damaged_database(job: Job, site: Site) -> None:
    site.tree(2)
    job.write()
    state = job.folder / "state/job/crawl.sqlite"
    state.parent.mkdir(parents=True)
    state.write_bytes(b"nothing that SQLite knows" * 50)

    ran = await job.run("--forget")

    assert (ran.code, len(job.items())) == (0, 3)
    assert "wiped, as asked" in ran.err


async def test_a_newer_database_is_exit_5_and_says_what_to_do(job: Job, site: Site) -> None:
    site.tree(2)
    job.write()
    assert (await job.run()).code == 0
    with sqlite3.connect(job.folder / "state/job/crawl.sqlite") as database:
        database.execute("PRAGMA user_version = 999")
    database.close()
    site.hits.clear()

    ran = await job.run()

    assert ran.code == 5
    assert "newer version" in ran.err
    assert not site.hits


async def test_outputs_of_finished_runs_are_the_users_own(job: Job, paths: list[str]) -> None:
    job.write()
    assert (await job.run()).code == 0
    (made,) = (job.folder / "data/job").glob("*.jsonl")
    made.unlink()

    ran = await job.run()

    assert (ran.code, sorted(job.paths())) == (0, sorted(paths))


async def test_what_is_no_file_is_not_said_to_be_one_to_delete(job: Job) -> None:
    job.write()

    ran = await job.run("-o", "/dev/null")

    assert ran.code == 2
    assert "output /dev/null is no file" in ran.err
    assert "delete" not in ran.err


async def test_keep_leaves_the_files_of_the_last_good_runs(job: Job, paths: list[str]) -> None:
    every = ({"path": f"{ending}/{{run_id}}{ending}", "keep": 2} for ending in (".jsonl", ".csv"))
    job.write(output=[{**one, "mode": "append"} for one in every])
    (job.folder / ".jsonl").mkdir()
    (job.folder / ".jsonl" / "mine.jsonl").touch()
    codes = [(await job.run()).code for _ in range(3)]

    bad = await job.run("--set", "checks.min_items=99")
    look = await job.run("--limit", "1")
    before = {kind: len(list((job.folder / kind).glob(f"2*{kind}"))) for kind in (".jsonl", ".csv")}
    good = await job.run()

    assert (codes, bad.code, look.code, good.code) == ([0, 0, 0], 3, 0, 0)
    assert before == {".jsonl": 4, ".csv": 4}
    for kind in (".jsonl", ".csv"):
        runs = sorted(
            path.name.removesuffix(kind) for path in (job.folder / kind).glob(f"2*{kind}")
        )
        notes = {path.name[1:25] for path in (job.folder / kind).glob(".2*.crawler")}
        assert len(runs) == 4  # a good one, the bad one, the look, the last
        assert runs[-1] == job.summary()["run"]
        assert len(notes) == len(runs)
    assert (job.folder / ".jsonl" / "mine.jsonl").exists()


async def test_a_refresh_replaces_by_a_complete_set_and_a_bad_one_by_nothing(
    job: Job, site: Site, paths: list[str]
) -> None:
    every = [f"latest{ending}" for ending in (".jsonl", ".jsonl.gz", ".csv", ".parquet")]
    outputs: list[dict[str, object]] = [{"path": path, "mode": "replace"} for path in every]
    outputs += [{"path": "{run_id}.jsonl", "only": ["new", "changed"]}]
    job.write(output=outputs, incremental={})
    first = await job.run()

    second = await job.run()
    whole = {path: (job.folder / path).read_bytes() for path in every}
    site.pages["/leaf0"] = site.answer("gone", 500)
    bad = await job.run("--set", "checks.min_items=99", "--set", "fetch.retries=0")

    assert (first.code, second.code, bad.code) == (0, 0, 3)
    assert sorted(job.paths("latest.jsonl")) == sorted(paths)
    assert {path: (job.folder / path).read_bytes() for path in every} == whole
    changes = [path.read_text() for path in sorted(job.folder.glob("2*.jsonl"))]
    assert [text.count("\n") for text in changes] == [len(paths), 0, 0]
