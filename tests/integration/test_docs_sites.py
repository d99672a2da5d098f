"""Whole crawls of real documentation behind a real server, through the command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.bench.docs import write_config
from scripts.bench.docs_site import POSTGRESQL_DOCS, PYTHON_DOCS, DocsSite
from scripts.bench.walk import reachable_pages


@pytest.mark.slow
@pytest.mark.parametrize(
    "folder",
    [
        pytest.param(POSTGRESQL_DOCS, id="postgresql"),
        pytest.param(PYTHON_DOCS, id="python"),
    ],
)
def test_every_page_that_links_reach_is_an_item_once(folder: Path, tmp_path: Path) -> None:
    if reason := DocsSite.missing(folder):
        pytest.skip(reason)
    with DocsSite(folder.resolve()) as site:
        config = write_config(tmp_path / "docs.yaml", site.url)

        subprocess.run(
            [sys.executable, "-m", "crawler", str(config), "-q"],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            timeout=100,
            check=True,
        )

        pages = reachable_pages(folder, site.url)
        fetches = site.fetches()
    (output,) = (tmp_path / "data" / "docs").iterdir()
    urls = [json.loads(line)["url"] for line in output.read_bytes().splitlines()]
    assert set(urls) - pages == set()
    assert pages - set(urls) == set()
    assert len(urls) == len(pages)
    assert [target for target, times in fetches.items() if times > 1] == []
