"""Lists of URLs to begin with: files, standard input, sitemaps, feeds, robots.txt."""

from __future__ import annotations

import asyncio
import csv
import gzip
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site

ROOT = Path(__file__).parents[2]
XML = "application/xml"
ALONE = {"follow": False}


def put(site: Site, path: str, body: str | bytes, content_type: str = XML) -> None:
    site.pages[path] = site.answer(body, content_type=content_type)


def put_sitemap(site: Site, path: str, *locs: str) -> None:
    entries = "".join(f"<url><loc>{loc}</loc></url>" for loc in locs)
    put(site, path, f"<urlset>{entries}</urlset>")


def put_index(site: Site, path: str, *locs: str) -> None:
    entries = "".join(f"<sitemap><loc>{loc}</loc></sitemap>" for loc in locs)
    put(site, path, f"<sitemapindex>{entries}</sitemapindex>")


def put_pages(site: Site, *paths: str) -> None:
    for path in paths:
        site.html(path)


async def run_with(job: Job, stdin: bytes) -> tuple[int, str]:
    """Run a job with something on its standard input; return its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "crawler", job.file.name, cwd=job.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, err = await asyncio.wait_for(process.communicate(stdin), 30)
    assert process.returncode is not None
    return process.returncode, err.decode()


# --- Files ---


async def test_a_link_that_is_found_before_its_line_of_a_list_loses_no_column(
    job: Job, site: Site
) -> None:
    paths = [f"/{number}" for number in range(2_500)]
    put_pages(site, *paths)
    site.html("/0", *paths[-50:])
    put_sitemap(site, "/map.xml", *(site.url(path) for path in paths[-100:]))
    rows = "".join(f"s{path},{site.url(path)}\n" for path in paths)
    (job.folder / "list.csv").write_text(f"sku,url\n{rows}")
    lists = {"from_file": "list.csv", "keep_columns": ["sku"], "sitemap": [site.url("/map.xml")]}
    quick = {"delay": "0s", "adaptive": False, "concurrency": 16}
    job.write(start=lists, fetch={"private_addresses": "allow", "per_host": quick})

    ran = await job.run()

    assert ran.code == 0
    assert {item["title"]: item.get("sku") for item in job.items()} == {
        path: f"s{path}" for path in paths
    }


@pytest.mark.parametrize("name", ["list.csv", "list.jsonl", "list.txt"])
async def test_a_list_in_a_file_is_crawled_and_nothing_else(
    job: Job, site: Site, name: str
) -> None:
    put_pages(site, "/a", "/b")
    site.html("/a", "/linked")
    a, b = site.url("/a"), site.url("/b")
    text = {
        "list.csv": f"sku;url\n1;{a}\n2;{b}\n",
        "list.jsonl": f'{{"url": "{a}"}}\n{{"url": "{b}"}}\n',
        "list.txt": f"# two\n{a}\n{b}\n",
    }[name]
    (job.folder / name).write_text(text)
    job.write(start={"from_file": name}, scope=ALONE, fetch={"private_addresses": "allow"})

    ran = await job.run()

    assert ran.code == 0
    assert sorted(job.paths()) == ["/a", "/b"]
    assert site.hits["/linked"] == 0


async def test_columns_are_carried_into_the_items(job: Job, site: Site) -> None:
    put_pages(site, "/a", "/b")
    site.redirect("/moved", "/b")
    (job.folder / "list.csv").write_text(
        f"sku,page,colour\n1,{site.url('/a')},red\n2,{site.url('/moved')},blue\n"
    )
    start = {"from_file": "list.csv", "url_column": "page", "keep_columns": ["sku", "colour"]}
    job.write(
        start=start, scope=ALONE, fetch={"private_addresses": "allow"},
        output=[{"path": "out.csv"}],
    )  # fmt: skip

    ran = await job.run()

    assert ran.code == 0
    rows = csv.DictReader((job.folder / "out.csv").read_text("utf-8-sig").splitlines())
    assert sorted((row["title"], row["sku"], row["colour"]) for row in rows) == [
        ("/a", "1", "red"),
        ("/b", "2", "blue"),
    ]


async def test_links_of_listed_pages_stay_on_their_hosts(
    job: Job, site: Site, other_site: Site
) -> None:
    site.html("/a", "/b", other_site.url("/c"))
    site.html("/b")
    other_site.html("/c")
    (job.folder / "list.txt").write_text(site.url("/a"))
    job.write(start={"from_file": "list.txt"}, fetch={"private_addresses": "allow"})

    ran = await job.run()

    assert ran.code == 0
    assert sorted(job.paths()) == ["/a", "/b"]
    assert other_site.hits["/c"] == 0


async def test_lines_that_name_no_page_are_told_with_their_place(job: Job, site: Site) -> None:
    put_pages(site, "/a")
    (job.folder / "list.csv").write_text(f"n,url\n1,{site.url('/a')}\n2,\n3,e.org/x\n")
    job.write(start={"from_file": "list.csv"}, fetch={"private_addresses": "allow"})

    ran = await job.run()

    assert ran.code == 0
    assert "2 entries that nothing can be fetched for" in ran.err
    assert "list.csv:3" in ran.err
    assert job.paths() == ["/a"]


@pytest.mark.parametrize(
    ("name", "text", "start", "said"),
    [
        ("other.csv", "url\nx\n", {}, "list.csv"),
        ("list.csv", "link,n\nhttp://e.org/,1\n", {}, "link, n"),
        ("list.csv", "link\nhttp://e.org/\n", {"keep_columns": ["sku"]}, "sku"),
        ("list.csv", "", {}, "list.csv"),
        ("list.csv", "url\nwords\n", {}, "list.csv:2: not an absolute URL"),
    ],
)
async def test_a_list_that_cannot_be_used_ends_before_anything_is_made(
    job: Job, name: str, text: str, start: dict[str, object], said: str
) -> None:
    (job.folder / name).write_text(text)
    job.write(start={"from_file": "list.csv", **start})

    ran = await job.run()

    assert ran.code == 2
    assert said in ran.err
    assert job.untouched


# --- Standard input ---


@pytest.mark.parametrize("shape", ["{}\n", "url\n{}\n", '{{"url": "{}"}}\n'])
async def test_a_list_may_come_in_on_standard_input(job: Job, site: Site, shape: str) -> None:
    put_pages(site, "/a")
    job.write(start={"from_file": "-"}, fetch={"private_addresses": "allow"})

    code, _ = await run_with(job, shape.format(site.url("/a")).encode())

    assert code == 0
    assert job.paths() == ["/a"]


async def test_empty_standard_input_is_an_error(job: Job) -> None:
    job.write(start={"from_file": "-"})

    code, said = await run_with(job, b"")

    assert code == 2
    assert "standard input, which was empty" in said


async def test_a_resume_reads_the_list_it_began_with(job: Job, site: Site) -> None:
    put_pages(site, "/a", "/b", "/c")
    held = site.hold("/b")
    job.write(start={"from_file": "-"}, fetch={"private_addresses": "allow"})
    urls = "".join(f"{site.url(path)}\n" for path in ("/a", "/b", "/c")).encode()
    (job.folder / "urls").write_bytes(urls)
    with (job.folder / "urls").open("rb") as stdin:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crawler", job.file.name, cwd=job.folder, stdin=stdin,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    await held.asked.wait()
    process.send_signal(signal.SIGKILL)
    await process.wait()
    held.answer.set()

    ran = await job.run("--resume")  # with /dev/null as its standard input

    assert ran.code == 0
    assert sorted(job.paths()) == ["/a", "/b", "/c"]


async def test_a_list_that_a_resume_does_not_read_is_not_passed_over_in_silence(
    job: Job, site: Site
) -> None:
    put_pages(site, "/a", "/b")
    job.write(start={"from_file": "-"}, fetch={"private_addresses": "allow"})
    held = site.hold("/a")
    with (job.folder / "urls").open("wb+") as stdin:
        stdin.write(f"{site.url('/a')}\n".encode())
        stdin.seek(0)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crawler", job.file.name, cwd=job.folder, stdin=stdin,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    await held.asked.wait()
    process.send_signal(signal.SIGKILL)
    await process.wait()
    held.answer.set()

    code, said = await run_with(job, f"{site.url('/b')}\n".encode())

    assert (code, job.paths()) == (0, ["/a"])
    assert "standard input is not read" in said


# --- Lists that are fetched ---


async def test_a_sitemap_begins_a_crawl(job: Job, site: Site) -> None:
    put_sitemap(site, "/sitemap.xml", "/a", site.url("/b"))
    site.html("/a", "/linked")
    put_pages(site, "/b", "/linked")
    job.write(start={"sitemap": site.url("/sitemap.xml")})

    ran = await job.run()

    assert ran.code == 0
    assert sorted(job.paths()) == ["/a", "/b", "/linked"]
    rows = job.requests()
    assert (rows["/sitemap.xml"]["outcome"], rows["/sitemap.xml"]["depth"]) == ("done", 0)
    assert (rows["/a"]["depth"], rows["/linked"]["depth"]) == (0, 1)
    assert rows["/a"]["referrer"] == site.url("/sitemap.xml")


async def test_robots_txt_leads_through_an_index_to_gzipped_sitemaps(
    job: Job, site: Site, other_site: Site
) -> None:
    robots = f"User-agent: *\nDisallow: /\nAllow: /a\nAllow: /maps\nSitemap: {site.url('/maps')}\n"
    put(site, "/robots.txt", robots, "text/plain")
    put_index(site, "/maps", "/maps/1.xml.gz", other_site.url("/no.xml"), "/maps")
    packed = gzip.compress(
        b"<urlset><url><loc>/a</loc></url><url><loc>/secret</loc></url></urlset>"
    )
    put(site, "/maps/1.xml.gz", packed, "application/octet-stream")
    put_pages(site, "/a", "/secret")
    job.write(start={"sitemap": site.url("/robots.txt")}, scope={"allow": ["/a", "/secret"]})

    ran = await job.run()

    assert ran.code == 0
    assert job.paths() == ["/a"]
    assert (site.hits["/secret"], site.hits["/maps"], other_site.hits["/no.xml"]) == (0, 1, 0)
    assert job.requests()["/secret"]["reason"] == "robots"
    assert "lists of other sites (1)" in job.log()


async def test_newer_than_counts_from_the_beginning_of_the_run(job: Job, site: Site) -> None:
    def item(path: str, age: timedelta) -> str:
        date = (datetime.now(UTC) - age).isoformat()
        return f"<entry><link href='{path}'/><updated>{date}</updated></entry>"

    items = item("/new", timedelta(hours=47)) + item("/old", timedelta(hours=49))
    put(site, "/feed", f"<feed>{items}<entry><link href='/undated'/></entry></feed>")
    put_pages(site, "/new", "/old", "/undated")
    job.write(start={"sitemap": site.url("/feed"), "newer_than": "48h"}, scope=ALONE)

    ran = await job.run()

    assert ran.code == 0
    assert sorted(job.paths()) == ["/new", "/undated"]


@pytest.mark.parametrize(
    "body", [b"", b"<!doctype html><title>x</title>", b"<urlset/>", b"\x1f\x8b\x08 no gzip"]
)
async def test_what_is_no_list_is_an_error_line_and_no_start(
    job: Job, site: Site, body: bytes
) -> None:
    put(site, "/sitemap.xml", body)
    job.write(start={"sitemap": site.url("/sitemap.xml")})

    ran = await job.run()

    assert ran.code == 4
    assert "no list of URLs" in ran.err
    row = job.requests()["/sitemap.xml"]
    assert (row["outcome"], row["reason"]) == ("failed", "unreadable")


async def test_a_sitemap_that_is_missing_is_a_start_not_reached(job: Job, site: Site) -> None:
    job.write(start={"sitemap": site.url("/sitemap.xml")})

    assert (await job.run()).code == 4


async def test_a_page_that_a_sitemap_names_and_that_is_gone_is_no_lost_start(
    job: Job, site: Site
) -> None:
    put_sitemap(site, "/sitemap.xml", "/a", "/gone")
    put_pages(site, "/a")
    job.write(start={"sitemap": site.url("/sitemap.xml")})

    assert (await job.run()).code == 0


async def test_a_clipped_sitemap_gives_what_it_has_and_says_so(job: Job, site: Site) -> None:
    put(site, "/sitemap.xml", "<urlset><url><loc>/a</loc></url><url><loc>/b</loc><lastm")
    put_pages(site, "/a", "/b")
    job.write(start={"sitemap": site.url("/sitemap.xml")})

    ran = await job.run()

    assert ran.code == 0
    assert sorted(job.paths()) == ["/a", "/b"]
    assert "broken at byte" in ran.err
    assert "2 URLs kept" in job.log()


async def test_indexes_in_indexes_end(job: Job, site: Site) -> None:
    for level in range(9):
        put_index(site, f"/{level}.xml", f"/{level + 1}.xml", "/0.xml", f"/{level}.xml")
    job.write(start={"sitemap": site.url("/0.xml")}, checks={"allow_empty": True})

    ran = await job.run()

    assert ran.code == 0
    assert sorted(job.requests()) == ["/0.xml", "/1.xml", "/2.xml", "/3.xml"]
    assert "nested deeper than 3 levels" in ran.err


async def test_no_more_lists_are_read_than_the_config_allows(job: Job, site: Site) -> None:
    put_index(site, "/index.xml", *(f"/{number}.xml" for number in range(9)))
    for number in range(9):
        put_sitemap(site, f"/{number}.xml", f"/page{number}")
        put_pages(site, f"/page{number}")
    job.write(start={"sitemap": site.url("/index.xml"), "max_sitemap_files": 2})

    ran = await job.run()

    assert ran.code == 0
    assert sorted(job.paths()) == ["/page0", "/page1"]
    assert "lists beyond start.max_sitemap_files: 2 (7)" in ran.err


async def test_a_list_that_a_page_links_to_is_read_all_the_same(job: Job, site: Site) -> None:
    site.html("/", "/late.xml")
    put_index(site, "/index.xml", "/late.xml")
    held = site.hold("/index.xml")
    put_sitemap(site, "/late.xml", "/a")
    linked = site.hold("/late.xml")
    put_pages(site, "/a")
    job.write(
        start={"urls": [site.url()], "sitemap": site.url("/index.xml")},
        fetch={"per_host": {"delay": "0s", "concurrency": 4, "adaptive": False}},
    )
    running = await job.start()
    await held.asked.wait()
    await linked.asked.wait()
    linked.answer.set()
    held.answer.set()

    ran = await running.end()

    assert ran.code == 0
    assert "/a" in job.paths()


async def test_a_kill_in_the_middle_of_lists_loses_nothing(job: Job, site: Site) -> None:
    put_index(site, "/index.xml", "/1.xml", "/2.xml")
    put_sitemap(site, "/1.xml", "/a", "/b")
    put_sitemap(site, "/2.xml", "/c")
    put_pages(site, "/a", "/b", "/c")
    held = site.hold("/2.xml")
    job.write(start={"sitemap": site.url("/index.xml"), "max_sitemap_files": 2})
    running = await job.start()
    await held.asked.wait()
    await running.kill()
    held.answer.set()

    ran = await job.run("--resume")

    assert ran.code == 0
    assert sorted(job.paths()) == ["/a", "/b", "/c"]


async def test_fifty_thousand_urls_of_a_sitemap_are_all_known(job: Job, site: Site) -> None:
    paths = [f"/{number}" for number in range(50_000)]
    put_sitemap(site, "/sitemap.xml", *paths)
    put_pages(site, "/0")
    job.write(start={"sitemap": site.url("/sitemap.xml")}, scope={"max_pages": 2, "follow": False})

    ran = await job.run()

    assert ran.code == 0
    assert job.summary()["books"]["known"] == 50_001


async def test_a_sitemap_names_what_its_spider_class_reads(job: Job, site: Site) -> None:
    put_sitemap(site, "/sitemap.xml", "/a")
    put_pages(site, "/a", "/own")
    job.spider(
        "class S(Spider):\n"
        "    name = 's'\n"
        f"    start_urls = ['{site.url('/own')}']\n"
        "    def parse(self, response):\n"
        "        yield {'title': response.css('title::text').get()}\n",
        start={"sitemap": site.url("/sitemap.xml")},
    )

    ran = await job.run()

    assert ran.code == 0
    assert job.paths() == ["/a"]


async def test_cookies_of_the_config_go_to_the_host_of_a_sitemap_and_not_where_it_leads(
    job: Job, site: Site
) -> None:
    elsewhere = site.url("/e").replace("127.0.0.1", "localhost")
    put_sitemap(site, "/sitemap.xml", "/a", elsewhere)
    put_pages(site, "/a", "/e")
    job.write(
        start={"sitemap": [site.url("/sitemap.xml")]},
        scope={"hosts": [site.url().split("/")[2], elsewhere.split("/")[2]], "follow": False},
        fetch={"cookies": {"session": "abc"}, "private_addresses": "allow"},
    )

    await job.run()

    sent = {seen.path: seen.fields.get("cookie", "") for seen in site.seen}
    assert sent["/sitemap.xml"] == sent["/a"] == "session=abc"
    assert sent["/e"] == ""
