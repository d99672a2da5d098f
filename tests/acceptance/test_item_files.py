"""Items that name files: each is fetched, kept, and what came of it stands in the item."""

from __future__ import annotations

import json
from typing import Any

from tests.acceptance.conftest import Job, Site
from tests.acceptance.test_files import BACKENDS, check_whole, picture, put, stored

SPIDER = """
from crawler import Spider

class Shop(Spider):
    name = "shop"

    async def parse(self, response):
        yield {"name": "a", "image_urls": ["/one.png", "/page.png", "/gone.png", "/secret/x.png"]}
        yield {"name": "b", "file_urls": ["/one.txt"], "image_urls": ["/moved.png", "http://["]}
        yield {"name": "c"}
"""
FIELDS = {"name": {"css": "h1::text"}, "image_urls": {"css": "img::attr(src)", "all": True}}


def shop(site: Site) -> None:
    site.pages["/"] = site.answer(b"<h1>a</h1><img src=/one.png><img src=/two.png>")
    site.pages["/robots.txt"] = site.answer(
        b"User-agent: *\nDisallow: /secret/", content_type="text/plain"
    )
    put(site, "/one.png", picture(1))
    put(site, "/two.png", picture(2))
    put(site, "/page.png", b"<html>nothing</html>")
    put(site, "/one.txt", b"a text", content_type="text/plain")
    put(site, "/secret/x.png", picture(3))
    site.redirect("/moved.png", "/one.png")


def items(job: Job) -> list[dict[str, Any]]:
    newest = max((job.folder / "data/job").glob("*.jsonl"))
    return [json.loads(line) for line in newest.read_text().splitlines()]


def write(job: Job, site: Site, backend: str, **keys: Any) -> None:
    job.write(
        start=[site.url("/")], scope={"follow": False}, run={"backend": backend},
        files={"path": "images/{sha256:2}/{sha256}{ext}"}, **({"fetch": {"retries": 0}} | keys),
    )  # fmt: skip


@BACKENDS
async def test_a_spiders_items_are_filled_with_their_files(
    job: Job, site: Site, backend: str
) -> None:
    shop(site)
    (job.folder / "shop.py").write_text(SPIDER)
    write(job, site, backend, spider="shop.py:Shop")

    ran = await job.run()

    assert ran.code == 0, ran.err
    a, b, c = items(job)
    one = a["images"][0]
    assert one == {
        "url": site.url("/one.png"), "path": one["path"], "sha256": one["sha256"],
        "status": "stored", "error": None,
    }  # fmt: skip
    assert (job.folder / one["path"]).read_bytes() == picture(1)
    said = [(file["status"], file["error"]) for file in a["images"]]
    assert said[1:] == [("failed", "type"), ("failed", "status"), ("skipped", "robots")]
    assert [file["status"] for file in b["files"]] == ["stored"]
    assert [(file["status"], file["error"]) for file in b["images"]] == [
        ("kept", None), ("failed", "url"),
    ]  # fmt: skip
    assert "images" not in c
    assert site.hits["/secret/x.png"] == 0
    assert len(stored(job)) == 2
    check_whole(job)


@BACKENDS
async def test_pictures_of_crawled_pages_are_fetched_and_resized(
    job: Job, site: Site, backend: str
) -> None:
    shop(site)
    rule = {"item": "Page", "url": "**", "fields": FIELDS}
    step = {"resize": {"fit": "40x40"}, "save_as": "small/{sha256}.jpg"}
    write(
        job, site, backend, extract=[rule],
        transform={"workers": 1, "steps": [step, {"python": "steps.py:mark"}]},
    )  # fmt: skip
    (job.folder / "steps.py").write_text("def mark(item):\n    return item | {'marked': True}\n")

    ran = await job.run()

    assert ran.code == 0, ran.err
    (item,) = items(job)
    assert item["marked"]
    assert [file["status"] for file in item["images"]] == ["stored", "stored"]
    assert all((job.folder / file["resized"]).is_file() for file in item["images"])


async def test_a_kill_leaves_no_item_without_its_files_and_fetches_none_twice(
    job: Job, site: Site
) -> None:
    for page in range(12):
        links = f"<a href=/{page + 1}>next</a>" if page < 11 else ""
        body = f"<h1>{page}</h1><img src=/{page}a.png><img src=/{page}b.png>{links}"
        site.pages[f"/{page}"] = site.answer(body.encode())
        put(site, f"/{page}a.png", picture(page))
        put(site, f"/{page}b.png", picture(100 + page))
    rule = {"item": "Page", "url": "**", "fields": FIELDS}
    job.write(
        start=[site.url("/0")], extract=[rule], files={"path": "images/{sha256}{ext}"},
        run={"backend": "asyncio"},
    )  # fmt: skip
    for point in ("download.place.after:5", "download.put.after:6"):
        ran = await job.run(env={"CRAWLER_FAILPOINT": f"{point}:kill"})
        assert ran.code == -9, ran.err

    ran = await job.run()

    assert ran.code == 0, ran.err
    found = items(job)
    assert len(found) == 12
    assert all(file["status"] in ("stored", "kept") for one in found for file in one["images"])
    assert len(stored(job)) == 24
    twice = sum(site.hits[f"/{page}{side}.png"] - 1 for page in range(12) for side in "ab")
    assert twice <= 2
    check_whole(job)


@BACKENDS
async def test_items_wait_for_room_on_the_disk_for_their_files(
    job: Job, site: Site, backend: str
) -> None:
    shop(site)
    write(job, site, backend, extract=[{"item": "Product", "fields": FIELDS}])

    ran = await job.run(env={"CRAWLER_FAILPOINT": "download.piece:2:enospc"})

    assert ran.code == 0, ran.err
    assert "\ngoing on: there is room again" in ran.err
    (item,) = items(job)
    assert [file["status"] for file in item["images"]] == ["stored", "stored"]
    assert (site.hits["/"], site.hits["/two.png"]) == (1, 2)
    check_whole(job)
