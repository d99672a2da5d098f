"""Outputs that are made when the run ends: CSV and gzip, in every mode, killed and not."""

from __future__ import annotations

import csv
import gzip
import io
import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow
import pytest
from pyarrow import parquet

if TYPE_CHECKING:
    from tests.acceptance.conftest import Held, Job, Site

MODES = ("new", "append", "replace")
ENDINGS = (".csv", ".csv.gz", ".jsonl.gz", ".parquet")
EVERY = [
    {"path": f"{mode}{ending}", "mode": mode} for mode in MODES for ending in (*ENDINGS, ".jsonl")
]


def as_parquet(table: dict[str, list[str]]) -> bytes:
    out = io.BytesIO()
    parquet.write_table(pyarrow.table(table), out)
    return out.getvalue()


OLD = {
    ".csv": b"title,old\nbefore,1\n",
    ".csv.gz": gzip.compress(b"title,old\nbefore,1\n"),
    ".jsonl.gz": gzip.compress(b'{"title":"before"}\n'),
    ".jsonl": b'{"title":"before"}\n',
    ".parquet": as_parquet({"title": ["before"]}),
}


def titles(path: Path) -> list[str]:
    """Return what each item is titled, which is its page's path, in order."""
    if path.suffix == ".parquet":
        return [str(title) for title in parquet.read_table(path)["title"].to_pylist()]
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    if ".jsonl" in path.name:
        return [json.loads(line)["title"] for line in text.splitlines()]
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert all(None not in row and None not in row.values() for row in rows)
    return [row["title"] for row in rows]


def put_old_files(job: Job) -> None:
    for ending, content in OLD.items():
        for mode in ("append", "replace"):
            (job.folder / f"{mode}{ending}").write_bytes(content)


def hidden(job: Job) -> set[str]:
    return {one.name for one in job.folder.iterdir() if one.name.startswith(".")}


NOTES = {f".append{ending}.crawler" for ending in OLD}


@pytest.fixture
def paths(site: Site) -> list[str]:
    return site.tree(12)


async def killed_at(job: Job, held: Held, *options: str) -> None:
    """Run until the held page is asked for, then kill the whole group."""
    running = await job.start(*options)
    await held.asked.wait()
    await running.kill()


async def test_all_kinds_in_all_modes_have_every_item(job: Job, paths: list[str]) -> None:
    job.write(output=EVERY)
    put_old_files(job)

    ran = await job.run()

    assert ran.code == 0
    for ending in OLD:
        assert titles(job.folder / f"new{ending}") == paths
        assert titles(job.folder / f"append{ending}") == ["before", *paths]
        assert titles(job.folder / f"replace{ending}") == paths
    assert hidden(job) == NOTES


async def test_kills_in_mid_crawl_lose_and_repeat_nothing(
    job: Job, site: Site, paths: list[str]
) -> None:
    job.write(output=EVERY)
    put_old_files(job)
    for path in ("/leaf3", "/leaf8"):
        held = site.hold(path)
        await killed_at(job, held)
        held.answer.set()
        for ending in OLD:
            assert titles(job.folder / f"replace{ending}") == ["before"]

    ran = await job.run()

    assert ran.code == 0
    for ending in OLD:
        assert sorted(titles(job.folder / f"new{ending}")) == sorted(paths)
        assert sorted(titles(job.folder / f"replace{ending}")) == sorted(paths)
        before, *rest = titles(job.folder / f"append{ending}")
        assert (before, sorted(rest)) == ("before", sorted(paths))
    assert hidden(job) == NOTES


async def test_a_run_that_is_given_up_leaves_what_it_had_committed(
    job: Job, site: Site, paths: list[str]
) -> None:
    outputs = [{"path": f"{{run_id}}{ending}"} for ending in ENDINGS]
    outputs += [{"path": f"all{ending}", "mode": "append"} for ending in ENDINGS]
    job.write(output=outputs)
    held = site.hold("/leaf5")
    await killed_at(job, held)
    held.answer.set()

    ran = await job.run("--fresh")

    assert ran.code == 0
    committed = titles(min(job.folder.glob("2*.csv")))
    assert committed == paths[: len(committed)]
    assert 0 < len(committed) <= paths.index("/leaf5")
    for ending in ENDINGS:
        given_up, whole = sorted(job.folder.glob(f"2*{ending}"))
        assert (titles(given_up), titles(whole)) == (committed, paths)
        assert titles(job.folder / f"all{ending}") == [*committed, *paths]
    assert hidden(job) == {f".all{ending}.crawler" for ending in ENDINGS}


async def test_an_output_that_is_taken_away_keeps_what_it_had(
    job: Job, site: Site, paths: list[str]
) -> None:
    job.write(output=[{"path": "one.csv"}])
    held = site.hold("/leaf5")
    await killed_at(job, held)
    held.answer.set()
    job.write(output=[{"path": "two.csv"}])

    ran = await job.run()

    one, two = titles(job.folder / "one.csv"), titles(job.folder / "two.csv")
    assert (ran.code, one) == (0, paths[: len(one)])
    assert 0 < len(one) <= paths.index("/leaf5")
    assert sorted(one + two) == sorted(paths)
    assert not hidden(job)


@pytest.mark.parametrize("ending", ENDINGS)
async def test_o_writes_what_its_ending_says(job: Job, paths: list[str], ending: str) -> None:
    job.write()

    ran = await job.run("-o", f"out{ending}")

    assert (ran.code, titles(job.folder / f"out{ending}")) == (0, paths)


@pytest.mark.parametrize("name", ["out.parquet.gz", "out.gz", "out.csv.zip", "items.sqlite"])
async def test_o_refuses_kinds_that_are_not_there_yet(job: Job, site: Site, name: str) -> None:
    site.tree(2)
    job.write()

    ran = await job.run("-o", name)

    assert ran.code == 2
    assert f"{name} has no known format; end it in .parquet, or in .jsonl or .csv" in ran.err
    assert not site.hits


@pytest.mark.parametrize("ending", ENDINGS)
async def test_new_refuses_a_file_that_is_there_and_leaves_it_alone(
    job: Job, site: Site, ending: str
) -> None:
    site.tree(2)
    path = job.folder / f"out{ending}"
    path.write_text("mine\n")
    job.write(output=[{"path": path.name}])

    ran = await job.run()

    assert (ran.code, path.read_text(), dict(site.hits)) == (2, "mine\n", {})
    assert "exists already" in ran.err
    assert not (job.folder / "reports").exists()


@pytest.mark.parametrize("ending", ENDINGS)
async def test_a_look_or_a_bad_end_replaces_nothing(
    job: Job, paths: list[str], ending: str
) -> None:
    path = job.folder / f"out{ending}"
    path.write_bytes(OLD[ending])
    job.write(output=[{"path": path.name, "mode": "replace"}], checks={"min_items": 99})

    look = await job.run("--limit", "1")
    kept = titles(path)
    bad = await job.run()

    assert (look.code, bad.code) == (0, 3)
    assert kept == titles(path) == ["before"]


async def test_what_cannot_be_appended_to_is_exit_5_before_anything_is_fetched(
    job: Job, site: Site
) -> None:
    site.tree(2)
    path = job.folder / "out.csv.gz"
    path.write_bytes(b"title\nplain text, by mistake\n")
    job.write(output=[{"path": path.name, "mode": "append"}])

    ran = await job.run()

    assert (ran.code, dict(site.hits)) == (5, {})
    assert "out.csv.gz is no whole gzip file" in ran.err
    assert path.read_bytes().startswith(b"title")


async def test_without_items_a_table_still_has_its_header(job: Job, paths: list[str]) -> None:
    rule = {"item": "Row", "url": "/nowhere", "fields": {"b": {"css": "h1"}, "a": {"css": "h2"}}}
    job.write(output=[{"path": "out.csv"}], extract=[rule], checks={"allow_empty": True})

    ran = await job.run()

    assert (ran.code, (job.folder / "out.csv").read_text()) == (0, "b,a,_url,_id\n")


async def test_the_last_lines_name_files_that_have_the_items_and_no_others(
    job: Job, site: Site
) -> None:
    site.tree(12)
    job.write(output=[{"path": "all.csv"}, {"path": "latest.jsonl", "mode": "replace"}])
    put_old_files(job)
    held = site.hold("/leaf5")
    running = await job.start()
    await held.asked.wait()
    running.send(signal.SIGINT)
    await running.said("stopping")
    held.answer.set()

    stopped = await running.end()
    bad = await job.run("--set", "checks.min_items=99")
    good = await job.run("--set", "output.0.path=good.csv")

    assert " .all.csv.part (not in all.csv yet) · .latest.jsonl.part (not in latest" in stopped.err
    assert " all.csv · .latest.jsonl.part (not in latest.jsonl) · " in bad.err
    assert " good.csv · latest.jsonl · " in good.err
