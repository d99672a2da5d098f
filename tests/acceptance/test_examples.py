"""Every example config runs as it is, and gives what it says."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import ROOT, Job

#: Items of each example by kind.
EXAMPLES = {
    "api": {"Book": 200},
    "docs-nightly": {"Page": 277},
    "images": {"File": 13},
    "list": {"Price": 12},
    "news": None,  # as many as the last days brought
    "site": {"Book": 200},
    "spider": {"Review": 81},
}


def summary(job: Job) -> dict[str, Any]:
    (folder,) = (job.folder / "reports").glob("*/*")
    loaded: dict[str, Any] = json.loads((folder / "summary.json").read_bytes())
    return loaded


@pytest.fixture
def configs(job: Job) -> Path:
    shutil.copytree(ROOT / "configs", job.folder / "configs")
    return job.folder / "configs"


def test_every_example_is_tried_here() -> None:
    assert {path.stem for path in (ROOT / "configs").glob("*.yaml")} == EXAMPLES.keys()


@pytest.mark.parametrize("name", EXAMPLES)
async def test_an_example_runs_to_a_good_end(job: Job, configs: Path, name: str) -> None:
    ran = await job.run("--", f"configs/{name}.yaml")

    assert ran.code == 0, ran.err
    items = {kind: counts["out"] for kind, counts in summary(job)["items"].items()}
    expected = EXAMPLES[name]
    assert items == expected if expected is not None else items["Article"] >= 8
    assert all(counts["quarantined"] == 0 for counts in summary(job)["items"].values())


async def test_the_table_and_the_lines_of_an_example_hold_the_same(job: Job, configs: Path) -> None:
    await job.run("--", "configs/site.yaml")

    lines = job_lines(job.folder / "data/site")
    with (job.folder / "data/site/latest.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert Counter(line["upc"] for line in lines) == Counter(row["upc"] for row in table)
    assert {line["price"] for line in lines} == {float(row["price"]) for row in table}


async def test_columns_of_a_list_reach_its_items(job: Job, configs: Path) -> None:
    await job.run("--", "configs/list.yaml")

    with (job.folder / "data/list/prices.csv").open(newline="") as file:
        rows = {row["sku"]: row["colour"] for row in csv.DictReader(file)}
    with (configs / "inputs/products.csv").open(newline="") as file:
        assert rows == {row["sku"]: row["colour"] for row in csv.DictReader(file)}


async def test_news_are_packed_and_appended(job: Job, configs: Path) -> None:
    first, second = [await job.run("--", "configs/news.yaml") for _ in range(2)]

    (file,) = (job.folder / "data/news").glob("*.jsonl.gz")
    articles = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    assert (first.code, second.code) == (0, 0)
    assert all(article["authors"] and article["published"] for article in articles)
    assert max(Counter(article["url"] for article in articles).values()) == 2


async def test_the_example_of_every_night_tells_and_writes_only_what_changed(
    job: Job, configs: Path
) -> None:
    first, same, later = [
        await job.run(
            "--", "configs/docs-nightly.yaml", env={"CRAWLER_PRACTICE_DATE": f"{date}T03:15"}
        )
        for date in ("2026-01-20", "2026-01-21", "2026-01-23")
    ]  # fmt: skip

    assert (first.code, same.code, later.code) == (0, 0, 0), first.err + same.err + later.err
    data = job.folder / "data/docs-nightly"
    events = [json.loads(line) for line in (data / "changes.jsonl").read_text().splitlines()]
    runs = list(dict.fromkeys(event["run"] for event in events))
    assert len(runs) == 3
    kinds = [Counter(one["event"] for one in events if one["run"] == run) for run in runs]
    assert kinds[0].keys() == {"new"}
    # Some books change each day, and with them the lists that show them.
    assert all(20 < kind["changed"] < 100 for kind in kinds[1:])
    files = sorted(data.glob("*.jsonl.gz"))
    written = [gzip.decompress(file.read_bytes()).splitlines() for file in files]
    assert [file.name[:10] for file in files] == ["2026-01-20", "2026-01-21", "2026-01-23"]
    assert [len(lines) for lines in written] == [kind["new"] + kind["changed"] for kind in kinds]


async def test_a_redesign_is_noticed(job: Job, configs: Path) -> None:
    ran = await job.run("--", "configs/site.yaml", env={"CRAWLER_PRACTICE_DATE": "2026-03-01"})

    assert ran.code == 3
    assert "quarantine" in ran.err
    (folder,) = (job.folder / "reports/site").iterdir()
    lines = (folder / "quarantine.jsonl").read_text().splitlines()
    broken = [json.loads(line) for line in lines]
    assert len(broken) > 200
    assert {one["item"] for one in broken} == {"Book"}
    assert all(one["problems"] and one["url"] for one in broken)
    assert not (job.folder / "data/site/latest.csv").exists()


def job_lines(folder: Path) -> list[dict[str, Any]]:
    (file,) = folder.glob("*.jsonl")
    return [json.loads(line) for line in file.read_text().splitlines()]
