"""Lists of files: every input has its line, whatever became of it, and every file is whole."""

from __future__ import annotations

import asyncio
import hashlib
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from crawler.practice.covers import png_of
from crawler.testing.raw_server import Exchange
from tests.acceptance.conftest import Job, Site

LIST = {"from_file": "in.csv", "url_column": "image", "keep_columns": ["sku"]}
BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "threads"])


def picture(number: int, side: int = 80) -> bytes:
    return png_of(side, side, (number % 256, 0, 0), f"picture {number}")


def large(number: int, size: int = 1 << 20) -> bytes:
    """Return a PNG with a chunk that no compression would make small."""
    small = picture(number)
    noise = b"".join(
        hashlib.sha256(f"{number}-{block}".encode()).digest() for block in range(size // 32)
    )
    chunk = b"noIs" + noise
    packed = struct.pack(">I", len(noise)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return small[:33] + packed + small[33:]


def put(site: Site, path: str, body: bytes, status: int = 200, **fields: str) -> None:
    site.pages[path] = site.answer(body, status, **({"content_type": "image/png"} | fields))


def write_list(job: Job, *paths: str) -> None:
    rows = [f"{n},{path if '://' in path else job.site.url(path)}" for n, path in enumerate(paths)]
    (job.folder / "in.csv").write_text("\n".join(["sku,image", *rows]) + "\n")


def write(job: Job, *paths: str, backend: str = "asyncio", **keys: Any) -> None:
    write_list(job, *paths)
    host = job.site.url().split("/")[2]
    files = {"path": "images/{sha256:2}/{sha256}{ext}"} | keys.pop("files", {})
    fetch = {"retries": 1} | keys.pop("fetch", {})
    job.write(
        start=LIST, scope={"hosts": [host]}, run={"backend": backend}, files=files, fetch=fetch,
        checks={"max_failed": "100%"}, **keys,
    )  # fmt: skip


def lines(job: Job) -> dict[str, dict[str, Any]]:
    """Return the lines of the newest run by sku; each has one."""
    newest = max((job.folder / "data/job").glob("*.jsonl"))
    found = [json.loads(line) for line in newest.read_text().splitlines()]
    by_sku = {line["sku"]: line for line in found}
    assert len(by_sku) == len(found)
    return by_sku


def stored(job: Job) -> dict[str, bytes]:
    """Return every file below the store by its name, parts included."""
    root = job.folder / "images"
    return {
        str(one.relative_to(root)): one.read_bytes() for one in root.rglob("*") if one.is_file()
    }


def check_whole(job: Job) -> None:
    """Every file is named by its bytes, and nothing is half there."""
    for name, body in stored(job).items():
        assert Path(name).stem == hashlib.sha256(body).hexdigest(), name


@BACKENDS
async def test_every_input_has_one_line_whatever_became_of_it(
    job: Job, site: Site, backend: str
) -> None:
    put(site, "/good.png", good := picture(1))
    put(site, "/copy.png", good)
    put(site, "/page.png", b"<html><title>not a picture</title></html>")
    put(site, "/small.png", picture(2, side=10))
    put(site, "/huge.png", good[:16] + struct.pack(">II", 50_000, 50_000) + good[24:])
    put(site, "/cut.png", good[:-20])
    put(site, "/empty.png", b"")
    put(
        site,
        "/vector.svg",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        content_type="image/svg+xml",
    )
    put(site, "/html", b"<html></html>", content_type="text/html")
    site.redirect("/moved.png", "/good.png")
    site.redirect("/away.png", "http://127.0.0.1:9/away.png")
    paths = [
        "/good.png", "/copy.png", "/page.png", "/small.png", "/huge.png", "/cut.png", "/empty.png",
        "/vector.svg", "/html", "/moved.png", "/away.png", "/gone.png", "nonsense://x", "/good.png",
    ]  # fmt: skip
    write(job, *paths, backend=backend, files={"min_size": "64x64"})

    ran = await job.run()

    assert ran.code == 0, ran.err
    found = lines(job)
    said = [(found[str(n)]["status"], found[str(n)]["error"]) for n in range(len(paths))]
    assert said[2:9] == [
        ("failed", "type"), ("failed", "too_small"), ("failed", "too_many_pixels"),
        ("failed", "broken"), ("failed", "empty"), ("failed", "type"), ("failed", "type"),
    ]  # fmt: skip
    assert said[10:13] == [("skipped", "scope"), ("failed", "status"), ("failed", "url")]
    # Of the same bytes the first to come is stored, whichever that is.
    same = {"0", "1", "9", "13"}
    assert sorted(found[sku]["status"] for sku in same) == [
        "duplicate", "kept", "kept", "stored",
    ]  # fmt: skip
    assert {found[sku]["path"] for sku in same} == {f"images/{name}" for name in stored(job)}
    assert found["9"]["url"] == site.url("/moved.png")
    assert found["9"]["final_url"] == site.url("/good.png")
    assert (found["0"]["width"], found["0"]["bytes"]) == (80, len(good))
    check_whole(job)
    assert site.hits["/good.png"] == 1
    assert job.summary()["items"]["File"]["out"] == len(paths)


@BACKENDS
async def test_a_further_run_asks_only_for_what_failed(job: Job, site: Site, backend: str) -> None:
    for number in range(5):
        put(site, f"/{number}.png", picture(number))
    put(site, "/5.png", b"", 500)
    write(job, *(f"/{number}.png" for number in range(6)), backend=backend, fetch={"retries": 0})
    assert (await job.run()).code == 0
    put(site, "/5.png", picture(5))
    (job.folder / lines(job)["3"]["path"]).unlink()

    ran = await job.run()

    assert ran.code == 0, ran.err
    found = lines(job)
    assert [found[str(n)]["status"] for n in range(6)] == [
        "kept", "kept", "kept", "stored", "kept", "stored",
    ]  # fmt: skip
    hits = [site.hits[f"/{n}.png"] for n in range(6)]
    assert hits == [1, 1, 1, 2, 1, 2]
    check_whole(job)


async def test_replace_asks_for_every_file_again(job: Job, site: Site) -> None:
    put(site, "/0.png", picture(0))
    write(job, "/0.png", files={"on_exists": "replace"})
    await job.run()
    put(site, "/0.png", picture(1))

    await job.run()

    assert (lines(job)["0"]["status"], site.hits["/0.png"]) == ("stored", 2)
    assert lines(job)["0"]["sha256"] == hashlib.sha256(picture(1)).hexdigest()


@BACKENDS
async def test_revalidate_asks_only_whether_a_file_has_changed(
    job: Job, site: Site, backend: str
) -> None:
    put(site, "/0.png", picture(0), etag='"a"')
    put(site, "/1.png", picture(1), etag='"a"')
    write(job, "/0.png", "/1.png", backend=backend, files={"on_exists": "revalidate"})
    assert (await job.run()).code == 0
    asked: list[str | None] = []

    async def unchanged(exchange: Exchange) -> None:
        asked.append(exchange.fields.get("if-none-match"))
        await exchange.send(b'HTTP/1.1 304 -\r\netag: "a"\r\n\r\n')

    site.pages["/0.png"] = unchanged
    put(site, "/1.png", picture(2), etag='"b"')

    ran = await job.run()

    assert ran.code == 0, ran.err
    found = lines(job)
    assert [(found[n]["status"], found[n]["http"]) for n in "01"] == [
        ("kept", 304), ("stored", 200),
    ]  # fmt: skip
    assert found["0"]["sha256"] == hashlib.sha256(picture(0)).hexdigest()
    assert found["1"]["sha256"] == hashlib.sha256(picture(2)).hexdigest()
    assert asked == ['"a"']


async def test_noai_is_obeyed_when_asked_for(job: Job, site: Site) -> None:
    put(site, "/0.png", picture(0), x_robots_tag="noimageai")
    put(site, "/1.png", picture(1), x_robots_tag="otherbot: noai")
    write(job, "/0.png", "/1.png", files={"noai": "obey"})

    await job.run()

    found = lines(job)
    assert (found["0"]["status"], found["0"]["error"]) == ("skipped", "noai")
    assert found["1"]["status"] == "stored"
    assert len(stored(job)) == 1


class Cut:
    """A file whose server breaks off once, and serves ranges after that."""

    def __init__(self, body: bytes, at: int, tag: str = '"v1"') -> None:
        self.body, self.at, self.tag = body, at, tag
        self.asked: list[tuple[str | None, str | None]] = []
        self.came = asyncio.Event()
        self.held: asyncio.Event | None = None

    async def play(self, exchange: Exchange) -> None:
        wanted, condition = exchange.fields.get("range"), exchange.fields.get("if-range")
        self.asked.append((wanted, condition))
        first = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if condition != self.tag:
            first = 0
        rest = self.body[first:]
        head = f"HTTP/1.1 {206 if first else 200} -\r\ncontent-type: image/png\r\n"
        head += f"etag: {self.tag}\r\ncontent-length: {len(rest)}\r\n"
        if first:
            head += f"content-range: bytes {first}-{len(self.body) - 1}/{len(self.body)}\r\n"
        if len(self.asked) > 1:
            await exchange.send(f"{head}\r\n".encode() + rest)
            return
        await exchange.send(f"{head}\r\n".encode() + rest[: self.at])
        self.came.set()
        if self.held is not None:
            await self.held.wait()
        exchange.close()


@BACKENDS
async def test_a_file_that_was_cut_is_gone_on_with(job: Job, site: Site, backend: str) -> None:
    file = Cut(large(1), at=600_000)
    site.pages["/0.png"] = file.play
    write(job, "/0.png", backend=backend)

    ran = await job.run()

    assert ran.code == 0, ran.err
    (_, _), (wanted, condition) = file.asked
    assert wanted is not None
    assert wanted.startswith("bytes=")
    assert condition == '"v1"'
    assert lines(job)["0"]["status"] == "stored"
    assert list(stored(job).values()) == [file.body]
    check_whole(job)


@BACKENDS
async def test_a_killed_run_goes_on_inside_a_file(job: Job, site: Site, backend: str) -> None:
    file = Cut(large(2), at=900_000)
    file.held = asyncio.Event()
    site.pages["/0.png"] = file.play
    write(job, "/0.png", backend=backend)
    running = await job.start()
    await asyncio.wait_for(file.came.wait(), 30)
    await part_of(job, 512 << 10)

    await running.kill()
    file.held.set()
    ran = await job.run("--resume")

    assert ran.code == 0, ran.err
    (_, _), (wanted, condition) = file.asked
    assert wanted is not None
    assert int(wanted.removeprefix("bytes=").removesuffix("-")) >= 512 << 10
    assert condition == '"v1"'
    assert list(stored(job).values()) == [file.body]
    check_whole(job)


async def part_of(job: Job, size: int) -> Path:
    """Wait until so many bytes of a file are on the disk."""
    async with asyncio.timeout(30):
        while True:
            for part in (job.folder / "images").rglob("*.part"):
                if part.stat().st_size >= size:
                    return part
            await asyncio.sleep(0.01)


async def test_a_file_that_changed_meanwhile_is_fetched_from_its_beginning(
    job: Job, site: Site
) -> None:
    file = Cut(large(3), at=600_000)
    site.pages["/0.png"] = file.play
    write(job, "/0.png", fetch={"retries": 0})
    await job.run()
    assert lines(job)["0"]["status"] == "failed"
    file.body, file.tag = large(4), '"v2"'

    ran = await job.run()

    assert ran.code == 0, ran.err
    wanted, condition = file.asked[1]
    assert wanted is not None
    assert condition == '"v1"'
    assert list(stored(job).values()) == [file.body]
    check_whole(job)


@BACKENDS
async def test_kills_leave_no_half_file_and_fetch_none_twice(
    job: Job, site: Site, backend: str
) -> None:
    count, together = 300, 8
    for number in range(count):
        put(site, f"/{number}.png", picture(number % 250, side=80 + number // 250))
    fetch = {"per_host": {"concurrency": together, "delay": "0s", "adaptive": False}}
    write(job, *(f"/{number}.png" for number in range(count)), backend=backend, fetch=fetch)
    points = ["download.place.before:40", "download.place.after:30", "download.put.after:50",
              "commit.before:3", "commit.after:2"]  # fmt: skip

    for point in points:
        ran = await job.run(env={"CRAWLER_FAILPOINT": f"{point}:kill"})
        assert ran.code == -9, (point, ran.err)
    ran = await job.run()

    assert ran.code == 0, ran.err
    found = lines(job)
    assert len(found) == count
    assert {line["status"] for line in found.values()} <= {"stored", "kept"}
    check_whole(job)
    assert len(stored(job)) == count
    # What was in its place is found there, so that only what was in flight is asked for again.
    twice = sum(site.hits[f"/{number}.png"] - 1 for number in range(count))
    assert twice <= len(points) * together
