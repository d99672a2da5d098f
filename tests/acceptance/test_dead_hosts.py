"""A host that stops working: what it costs, what is said of it, how its pages come after all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site


@pytest.mark.parametrize("backend", ["asyncio", "threads"])
async def test_a_host_that_is_down_is_given_up_and_the_others_are_crawled_in_full(
    job: Job, site: Site, other_site: Site, backend: str
) -> None:
    site.tree(500)
    other_site.tree(200)
    pages = dict(site.pages)
    site.pages |= {path: site.answer("", 503) for path in pages if path != "/"}
    starts = [site.url(), other_site.url()]
    job.write(start=starts, run={"backend": backend}, checks={"max_failed": "90%"})

    ran = await job.run()

    summary, host = job.summary(), site.url("").removeprefix("http://")
    assert ran.code == 0
    assert len(job.items()) == 1 + 201
    # Five failures open the breaker, three probes follow; without retries the first four are dead.
    assert sum(site.hits[path] for path in pages if path != "/") == 8
    assert summary["errors"]["unavailable"] == 496
    assert summary["books"]["dead"] == 500
    assert f"host    {host} given up: the host did not work: 8 failures in a row since" in ran.err
    assert "the last: HTTP 503" in summary["given_up"][host]

    site.pages = dict(pages)
    again = await job.run("--", "retry", job.file.name, "--class", "unavailable")

    assert again.code == 0
    assert job.summary()["books"]["dead"] == 4
    assert len(job.items()) == 1 + 201 + 496


async def test_a_host_that_refuses_everything_is_named(job: Job, site: Site) -> None:
    site.tree(40)
    site.pages |= {path: site.answer("", 403) for path in site.pages if path != "/"}
    job.write(checks={"max_failed": "100%"})

    ran = await job.run()

    host = site.url("").removeprefix("http://")
    assert ran.code == 0
    assert f"host    {host} answers 403 to the last 40 requests: blocked?" in ran.err
    assert sum(site.hits.values()) == 1 + 1 + 40  # robots.txt, the start, each page once
    assert job.summary()["given_up"] == {}
