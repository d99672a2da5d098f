"""Secrets, proxies and trust in whole runs, on both backends."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.testing.authority import Certificate, CertificateAuthority
from crawler.testing.loopback_proxy import LoopbackProxy
from crawler.testing.raw_server import Exchange, RawServer, answer
from tests.acceptance.conftest import Job, Site

SECRET = "s3cret-of-ours"
STATUSES = (301, 302, 303, 307, 308)
pytestmark = pytest.mark.parametrize("backend", ["asyncio", "threads"])


def names_of_files_with(secret: str, folder: Path) -> list[str]:
    wanted = secret.encode()
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.name != "job.yaml" and wanted in path.read_bytes()
    ]


async def test_a_secret_stays_with_its_origin_and_in_no_file(
    job: Job, site: Site, other_site: Site, backend: str
) -> None:
    away = [f"/away{status}" for status in STATUSES]
    site.html("/", "/page", other_site.url("/linked"), *away)
    site.html("/page")
    other_site.html("/linked")
    other_site.html("/landed")
    for path, status in zip(away, STATUSES, strict=True):
        site.redirect(path, other_site.url(f"/landed?{status}"), status)
    hosts = [one.url("").removeprefix("http://") for one in (site, other_site)]
    job.write(
        scope={"hosts": hosts},
        run={"backend": backend},
        fetch={"auth": {site.url(""): {"bearer": SECRET}}},
    )

    ran = await job.run("-vv")

    assert ran.code == 0, ran.err
    assert {one.fields.get("authorization") for one in site.seen} == {f"Bearer {SECRET}"}
    assert "/robots.txt" in site.hits
    assert other_site.hits["/landed"] == len(STATUSES)
    assert {one.fields.get("authorization") for one in other_site.seen} == {None}
    assert SECRET not in ran.err
    assert names_of_files_with(SECRET, job.folder) == []


async def test_a_dead_proxy_costs_tries_and_no_page(job: Job, site: Site, backend: str) -> None:
    paths = site.tree(6)
    async with LoopbackProxy(user=f"ann:{SECRET}") as alive:
        async with LoopbackProxy() as dead:
            pass
        url = alive.url.replace("://", f"://ann:{SECRET}@")
        job.write(
            run={"backend": backend},
            fetch={"retries": 2, "proxies": {"urls": [dead.url, url], "rotate": "request"}},
        )

        ran = await job.run("-vv")

    assert ran.code == 0, ran.err
    assert sorted(job.paths()) == sorted(paths)
    assert {one.target for one in alive.seen} >= {site.url(path) for path in paths}
    assert all("proxy-authorization" not in one.fields for one in site.seen)
    assert SECRET not in ran.err
    assert names_of_files_with(SECRET, job.folder) == []


async def test_without_a_way_through_the_proxies_the_run_says_so(
    job: Job, site: Site, backend: str
) -> None:
    site.html("/")
    async with LoopbackProxy(user="bob:pw") as proxy:
        job.write(run={"backend": backend}, fetch={"proxies": {"urls": [proxy.url]}})
        ran = await job.run()

    assert ran.code == 4
    assert "wants a user and password (HTTP 407)" in ran.err + job.log()
    assert site.seen == []


async def test_hosts_without_verification_are_named_aloud(
    job: Job, backend: str, tmp_path: Path
) -> None:
    async def page(exchange: Exchange) -> None:
        await exchange.send(answer(b"<title>/</title>", content_type="text/html"))

    authority = CertificateAuthority(tmp_path / "ca")
    tls = authority.context(Certificate.SELF_SIGNED, "127.0.0.1", "self.test")
    async with RawServer(page, tls=tls) as server:
        host = f"127.0.0.1:{server.port}"
        job.write(start=[server.url()], run={"backend": backend})
        refused = await job.run()
        job.write(
            start=[server.url()],
            run={"backend": backend},
            fetch={"tls": {"unverified": [host]}},
        )
        ran = await job.run("-q", "--fresh")

    assert refused.code == 4
    assert ran.code == 0
    assert f"NOT verified for {host}" in ran.err
    assert [row["reason"] for row in job.requests().values()] == ["tls_unverified"]
