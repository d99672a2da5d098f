"""Claims about what a run says it has cost, beside what the kernel says of its process tree."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.conftest import ROOT

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site

#: A step that takes a twentieth of a second of CPU, and a page that does in its callback.
_BURN = """\
import time

def step(item):
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    return item
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own count is asked for")
async def test_the_cpu_time_of_a_run_is_that_of_workers_and_slots_too(job: Job, site: Site) -> None:
    site.tree(30)
    (job.folder / "burning.py").write_text(_BURN)
    job.write(
        run={"workers": 2}, fetch={"per_host": {"concurrency": 4, "delay": "0s"}},
        transform={"workers": 2, "offload": "always", "steps": [{"python": "burning:step"}]},
    )  # fmt: skip
    report = job.folder / "tree.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scripts.bench.process_tree", str(report),
        sys.executable, "-m", "crawler", "job.yaml", "-q", cwd=job.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert await process.wait() == 0

    counted, summary = json.loads(report.read_bytes()), job.summary()

    assert (counted["code"], counted["left"]) == (0, 0)
    assert len(job.items()) == 31
    # Without the slots 1.5 s are missing. What is, is the very end: the processes' own farewell.
    assert 0.85 * counted["cpu"] <= summary["cpu_s"] <= counted["cpu"]
    assert summary["cpu_ms_per_page"] == pytest.approx(1000 * summary["cpu_s"] / 31, abs=0.1)


@pytest.mark.parametrize("mode", ["process", "power_loss", "off"])
async def test_a_run_says_what_durability_has_cost(job: Job, site: Site, mode: str) -> None:
    site.tree(20)
    job.write(run={"durability": mode, "workers": 1})

    ran = await job.run()

    safe: dict[str, Any] = job.summary()["durability"]
    page = (job.reports[0] / "report.html").read_text()
    assert safe.keys() == {"mode", "cpu_s", "wait_s", "cpu_share", "wait_share"}
    assert safe["mode"] == mode
    assert (safe["cpu_s"] > 0) == (mode != "off")
    assert 0 <= safe["cpu_share"] < 1
    assert 0 <= safe["wait_share"] <= 1
    assert f"{mode}: {safe['cpu_s']:.1f} CPU s, nothing sent for" in page
    assert "ms a page" in ran.err
