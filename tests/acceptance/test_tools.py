"""new, shell, doctor and validate --online, as their users type them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Ran, Site

ROBOTS = "User-agent: *\nDisallow: /private/\n"
CARDS = "".join(f'<li class="card"><h3><a href="/p/{n}">{n}</a></h3></li>' for n in range(5))
PAGE = f"""<!doctype html><title>All: "pots" # and {{pans}}</title>
<meta property="og:description" content="a&#10;- x: 1">
<script type="application/ld+json">
{{"@type": "Product", "name": "Pot", "offers": {{"price": "12.5"}}}}</script><ul>{CARDS}</ul>"""


async def tool(job: Job, *words: str, stdin: str | None = None) -> Ran:
    """Run a command of the crawler in the job's folder, with something to read."""
    from tests.acceptance.conftest import ROOT, Ran

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "crawler", *words, cwd=job.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate((stdin or "").encode()), 60)
    assert process.returncode is not None
    return Ran(process.returncode, out, err.decode())


@pytest.fixture
def shop(site: Site) -> Site:
    """A list of pots, its pages, and what robots.txt says."""
    site.pages["/robots.txt"] = site.answer(ROBOTS, content_type="text/plain")
    site.pages["/"] = site.answer(PAGE)
    for number in range(5):
        site.html(f"/p/{number}", body=f"<h1>Pot {number}</h1>")
    site.html("/private/x")
    return site


@pytest.mark.parametrize("template", ["site", "spider", "images"])
async def test_new_writes_a_config_that_is_valid_and_gives_items_at_once(
    job: Job, template: str
) -> None:
    new = await tool(job, "new", "books", "-t", template)
    config = new.out.decode()

    checked = await tool(job, "validate", "books.yaml")
    ran = await tool(job, "books.yaml", "-o", "-", "--limit", "3")

    assert (new.code, checked.code, ran.code) == (0, 0, 0), ran.err
    assert len(ran.lines) >= 3
    assert "crawler books.yaml" in config
    first = (job.folder / "books.yaml").read_text().splitlines()[0]
    schema = job.folder / first.partition("$schema=")[2]
    assert json.loads(schema.read_bytes())["properties"]["start"]


async def test_new_from_a_site_says_what_the_site_shows_and_crawls_it(job: Job, shop: Site) -> None:
    new = await tool(job, "new", "pots", "--url", shop.url())
    text = (job.folder / "pots.yaml").read_text()

    ran = await tool(
        job, "pots.yaml", "-o", "-", "--set", "fetch.per_host.delay=0s",
        "--set", "fetch.per_host.adaptive=false",
    )  # fmt: skip

    assert (new.code, ran.code) == (0, 0), new.err + ran.err
    assert '#   title: All: "pots" # and {pans}' in text
    assert "#   JSON-LD about: Product" in text
    assert "li.card h3 a" in text
    items = {item["url"]: item for item in ran.lines}
    assert items[shop.url()]["title"] == "Pot"
    assert items[shop.url()]["price"] == 12.5
    assert len(items) == 6


@pytest.mark.parametrize("own", [False, True])
async def test_a_new_job_of_every_night_tells_what_changed(job: Job, shop: Site, own: bool) -> None:
    site = ["--url", shop.url()] if own else []
    new = await tool(job, "new", "nightly", "-t", "incremental", *site)
    quick = ["--set", "fetch.per_host.delay=0s", "--set", "fetch.per_host.adaptive=false"]
    checked = await tool(job, "validate", "nightly.yaml")

    nights = [
        await job.run(
            "--", "nightly.yaml", *quick, env={"CRAWLER_PRACTICE_DATE": f"2026-01-1{day}T03:15"}
        )
        for day in (0, 1)
    ]  # fmt: skip

    assert [one.code for one in (new, checked, *nights)] == [0] * 4, nights[1].err
    data = job.folder / "data/nightly"
    told = [json.loads(line) for line in (data / "changes.jsonl").read_text().splitlines()]
    kinds = {run: {e["event"] for e in told if e["run"] == run} for run in {e["run"] for e in told}}
    changes = [] if own else [{"new", "changed"}]
    assert sorted(kinds.values(), key=len) == [{"new"}, *changes]
    assert len((data / "latest.jsonl").read_text().splitlines()) >= (6 if own else 190)


async def test_new_asks_robots_first_and_the_page_once(job: Job, shop: Site) -> None:
    await tool(job, "new", "pots", "--url", shop.url())

    assert [exchange.path for exchange in shop.seen] == ["/robots.txt", "/", "/sitemap.xml"]


async def test_new_writes_nothing_for_a_page_that_it_may_not_or_cannot_see(
    job: Job, shop: Site
) -> None:
    forbidden = await tool(job, "new", "a", "--url", shop.url("/private/x"))
    missing = await tool(job, "new", "a", "--url", shop.url("/absent"))
    unreached = await tool(job, "new", "a", "--url", "http://127.0.0.1:1/")
    wrong = await tool(job, "new", "a", "--url", "shop.example")

    assert [one.code for one in (forbidden, missing, unreached, wrong)] == [3, 4, 4, 2]
    assert "line 2 (Disallow: /private/)" in forbidden.err
    assert "HTTP 404" in missing.err
    assert "connection refused" in unreached.err
    assert "did you mean https://shop.example?" in wrong.err
    assert shop.hits["/private/x"] == 0
    assert not list(job.folder.iterdir())


async def test_new_names_a_job_after_its_site(job: Job, shop: Site) -> None:
    await tool(job, "new", "--url", shop.url())

    assert (job.folder / "127-0-0-1.yaml").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["new", "job"], "job.yaml is there already"),
        (["new", "job.yaml"], "job.yaml is there already"),
        (["new", "a", "-t", "images", "--url", "http://a.example/"], "is for a list of URLs"),
        (["new", "a", "-t", "sight"], "there is no template 'sight'"),
        (["new", "configs/a"], "crawler new a --dir configs"),
        (["new", "a b"], "e.g. a-b"),
        (["new", "a", "--url", "ftp://a.example/"], "not http or https"),
    ],
)
async def test_new_refuses_what_it_cannot_write_and_touches_nothing(
    job: Job, words: list[str], says: str
) -> None:
    job.write()
    before = job.file.read_text()

    ran = await tool(job, *words)

    assert ran.code == 2
    assert says in ran.err
    assert [path.name for path in job.folder.iterdir()] == ["job.yaml"]
    assert job.file.read_text() == before


async def test_new_full_shows_every_key_and_still_loads(job: Job) -> None:
    new = await tool(job, "new", "books", "--full")
    checked = await tool(job, "validate", "books.yaml")

    assert (new.code, checked.code) == (0, 0)
    assert "#  private_addresses:" in (job.folder / "books.yaml").read_text()


async def test_shell_runs_code_over_a_page_and_follows_its_links(job: Job, shop: Site) -> None:
    code = """response.status
links()[-1]
follow(css("h3 a")[0])
css("h1::text").get()
page = await fetch("/p/3")
page.css("h1::text").get()
"""
    ran = await tool(job, "shell", shop.url(), "-c", code)

    assert ran.code == 0, ran.err
    assert ran.out.decode().splitlines() == [
        "200",
        repr(shop.url("/p/4")),
        f"<200 {shop.url('/p/0')}>",
        "'Pot 0'",
        "'Pot 3'",
    ]


async def test_shell_tries_the_rules_of_a_config_from_what_stdin_holds(
    job: Job, shop: Site
) -> None:
    rule = {"item": "Pot", "label": "pot", "fields": {"name": {"css": "h1::text"}}}
    job.write(follow=[{"css": "h3 a", "label": "pot"}], extract=[rule])

    ran = await tool(
        job, "shell", shop.url("/p/2"), "--config", "job.yaml",
        stdin='try_rules()\nfor item in try_rules("pot"):\n    item["name"]\n',
    )  # fmt: skip

    assert (ran.code, ran.out) == (0, b"[]\n'Pot 2'\n"), ran.err
    assert "try_rules(label)" in ran.err


async def test_shell_obeys_robots_unless_told_otherwise(job: Job, shop: Site) -> None:
    refused = await tool(job, "shell", shop.url("/private/x"), "-c", "response.status")
    within = await tool(job, "shell", shop.url(), "-c", 'fetch("/private/x")')
    hits = shop.hits["/private/x"]
    told = await tool(
        job, "shell", shop.url("/private/x"), "--ignore-robots", "-c", "response.status"
    )

    assert [one.code for one in (refused, within, told)] == [3, 1, 0]
    assert "Disallow: /private/" in refused.err
    assert "--ignore-robots" in refused.err
    assert hits == 0
    assert told.out == b"200\n"


async def test_shell_without_a_page_says_how_to_get_one(job: Job) -> None:
    none = await tool(job, "shell", "-c", 'css("a")')
    unreached = await tool(job, "shell", "http://127.0.0.1:1/", "-c", "1")

    assert (none.code, unreached.code) == (1, 4)
    assert 'fetch("https://...")' in none.err
    assert "Traceback" not in none.err + unreached.err


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ('css("h1[")', "'h1[' is no selector"),
        ('xpath("//a[")', "'//a[' is no selector"),
        ('fetch("nope")', "did you mean https://nope?"),
        ("fetch(3)", "fetch takes a URL, not int"),
        ('follow(css("a"))', "take one of its selectors"),
        ('fetch("/picture"); css("a")', "the page is no text (image/png)"),
    ],
)
async def test_shell_answers_a_slip_in_one_line(job: Job, shop: Site, code: str, says: str) -> None:
    shop.pages["/picture"] = shop.answer(b"\x89PNG\r\n\x1a\n", content_type="image/png")

    ran = await tool(job, "shell", shop.url(), "-c", code)

    last = ran.err.splitlines()[-1]
    assert ran.code == 1
    assert last.startswith("error: ")
    assert says in last
    assert "Traceback" not in ran.err


async def test_shell_of_a_job_with_the_practice_site_begins_at_its_first_url(job: Job) -> None:
    job.write(demo=True, start=["{demo}/"])

    ran = await tool(job, "shell", "--config", "job.yaml", "-c", 'css("h1::text").get()')

    assert (ran.code, ran.out) == (0, b"'All books'\n"), ran.err


async def test_view_of_a_script_saves_the_page_with_its_base(job: Job, shop: Site) -> None:
    shop.pages["/h"] = shop.answer("<html><head><title>h</title></head></html>")
    code = "from pathlib import Path; p = Path(view()); print(p.read_text()); p.unlink()"

    ran = await tool(job, "shell", shop.url("/h"), "-c", code)

    assert f'<head><base href="{shop.url("/h")}"><title>' in ran.out.decode()
    assert "no browser was opened" in ran.err


async def test_doctor_finds_this_machine_well_and_a_bad_folder_not(job: Job) -> None:
    well = await tool(job, "doctor")
    job.write(start=["http://no-such-name.invalid/"])
    nameless = await tool(job, "doctor", "job.yaml")
    unwritable = await tool(job, "doctor", "--dir", "/proc/crawler")

    assert [one.code for one in (well, nameless, unwritable)] == [0, 2, 2], well.out
    assert "fail  name no-such-name.invalid" in nameless.out.decode()
    assert "cannot be written to" in unwritable.out.decode()
    assert job.untouched


async def test_validate_online_says_what_each_start_host_answers(
    job: Job, shop: Site, other_site: Site
) -> None:
    other_site.redirect("/", shop.url())
    job.write(
        start=[shop.url(), shop.url("/p/1"), other_site.url()],
        scope={"hosts": [other_site.url("").removeprefix("http://")]},
        fetch={"private_addresses": "allow"},
    )

    ran = await tool(job, "validate", "--online", "job.yaml")

    said = ran.out.decode()
    assert ran.code == 0, ran.err
    assert f"ok    {shop.url()}: HTTP 200, text/html" in said
    assert f"add {shop.url('').removeprefix('http://')} to scope.hosts" in said
    assert shop.hits["/p/1"] == 0
    assert job.untouched


async def test_validate_online_tells_forbidden_from_unreached(job: Job, shop: Site) -> None:
    job.write(start=[shop.url("/private/x")])
    forbidden = await tool(job, "validate", "--online", "job.yaml")
    job.write(start=["http://127.0.0.1:1/"])
    unreached = await tool(job, "validate", "--online", "job.yaml")
    (job.folder / "bad.yaml").write_text("strat: 1\n")
    both = await tool(job, "validate", "--online", "bad.yaml", "job.yaml")

    assert [one.code for one in (forbidden, unreached, both)] == [3, 4, 2]
    assert "line 2 (Disallow: /private/)" in forbidden.out.decode()
    assert shop.hits["/private/x"] == 0


async def test_validate_online_looks_at_sitemaps(job: Job, shop: Site) -> None:
    shop.pages["/s.xml"] = shop.answer("<?xml version='1.0'?><urlset/>", content_type="text/xml")
    job.write(start={"sitemap": [shop.url("/s.xml"), shop.url("/"), shop.url("/absent.xml")]})

    ran = await tool(
        job, "validate", "--online", "job.yaml", "--format", "json",
        "--set", "fetch.private_addresses=allow",
    )  # fmt: skip

    assert ran.code == 0, ran.err
    levels = {one["url"].removeprefix(shop.url("")): one["level"] for one in json.loads(ran.out)}
    assert levels == {"/s.xml": "notice", "/": "warning", "/absent.xml": "error"}


async def test_validate_online_asks_one_url_of_a_file_for_each_host(
    job: Job, shop: Site, other_site: Site
) -> None:
    other_site.html("/")
    lines = [shop.url("/p/1"), "nonsense", shop.url("/p/2"), other_site.url()]
    (job.folder / "urls.txt").write_text("\n".join(lines))
    job.write(start={"from_file": "urls.txt"}, fetch={"private_addresses": "allow"})

    ran = await tool(job, "validate", "--online", "job.yaml")

    assert ran.code == 0, ran.err
    assert "warn  urls.txt:2: not an absolute URL" in ran.out.decode()
    hits = (shop.hits["/p/1"], shop.hits["/p/2"], other_site.hits["/"])
    assert hits == (1, 0, 1)


async def test_validate_for_programs_has_every_problem_on_stdout(job: Job) -> None:
    job.write("name: job\nstrat: 1\nstart: ['ftp://a/']\n")

    as_json = await tool(job, "validate", "job.yaml", "--format", "json")
    as_github = await tool(job, "validate", "job.yaml", "--format", "github")

    problems = json.loads(as_json.out)
    assert (as_json.code, as_json.err) == (2, "")
    assert [(one["file"], one["line"]) for one in problems] == [("job.yaml", 2), ("job.yaml", 3)]
    assert as_github.out.decode().startswith("::error file=job.yaml,line=2,col=1::unknown key")
