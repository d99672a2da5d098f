"""What servers send, and what lies about in files, is data: whole runs in their own processes."""

from __future__ import annotations

import os
import pickle
import re
import shutil
import sqlite3
import stat
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Site


class Planted:
    """Unpickled, it leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.trace),)


async def test_pickles_in_state_files_are_refused_and_never_run(job: Job, site: Site) -> None:
    site.html("/", "/a")
    site.html("/a")
    job.write()
    await job.run()
    trace = job.folder / "trace"
    bomb = pickle.dumps(Planted(trace))
    whole = job.folder.with_name("whole")
    shutil.copytree(job.folder, whole)
    files = [one.relative_to(whole) for one in (whole / "state").rglob("*") if one.is_file()]
    assert {"crawl.sqlite", "lock"} <= {one.name for one in files}

    for planted in (*files, Path("state/job/stdin.txt"), Path("state/job/state.pickle")):
        shutil.rmtree(job.folder)
        shutil.copytree(whole, job.folder)
        (job.folder / planted).write_bytes(bomb)
        ran = await job.run()

        assert ran.code in (0, 5), planted
        if planted.name == "crawl.sqlite":
            assert ran.code == 5
            assert (job.folder / planted).read_bytes() == bomb
        assert not trace.exists()


async def test_pickles_in_rows_of_the_state_are_never_run(job: Job, site: Site) -> None:
    site.html("/", "/a", "/b")
    site.html("/a")
    site.html("/b")
    job.write(scope={"max_pages": 1})
    await job.run()
    trace = job.folder / "trace"
    bomb = pickle.dumps(Planted(trace))
    with sqlite3.connect(job.folder / "state/job/crawl.sqlite") as db:
        tables = [
            name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        blobs = [
            (table, row[1])
            for table in tables
            for row in db.execute(f"PRAGMA table_info({table})")
            if "BLOB" in (row[2] or "").upper()
        ]
        assert blobs
        for table, column in blobs:
            db.execute(f"UPDATE OR IGNORE {table} SET {column} = ?", (bomb,))
    db.close()

    for options in ((), ("--resume",), ("--fresh",)):
        ran = await job.run(*options)
        assert ran.code in (0, 2, 3, 4, 5)

    assert not trace.exists()


EVIL = ("json", "typing", "asyncio", "socket", "struct", "threading", "yaml", "aiohttp", "rich")


@pytest.mark.parametrize("workers", [1, 2])
async def test_files_beside_the_config_do_not_stand_in_for_modules(
    job: Job, site: Site, workers: int
) -> None:
    site.html("/")
    for name in EVIL:
        trace = job.folder / f"trace-{name}"
        (job.folder / f"{name}.py").write_text(f"open({str(trace)!r}, 'w').close()\n1 / 0\n")
    (job.folder / "steps.py").write_text("def step(item):\n    return item\n")
    steps = {"workers": 1, "offload": "always", "steps": [{"python": "steps.py:step"}]}
    job.write(transform=steps, run={"backend": "asyncio", "workers": workers})

    ran = await job.run()

    assert ran.code == 0, ran.err
    assert not list(job.folder.glob("trace-*"))


async def test_only_the_owner_may_read_the_state_of_a_job(job: Job, site: Site) -> None:
    site.html("/")
    job.write()

    await job.run()

    for name in ("crawl.sqlite", "running.slots"):
        found = list((job.folder / "state/job").glob(f"{name}*"))
        assert found, name
        assert all(stat.S_IMODE(one.stat().st_mode) & 0o077 == 0 for one in found), name


SECRETS = ("VARIABLE-s3cret", "COOKIE-s3cret", "HEADER-s3cret", "USER-s3cret", "LINK-s3cret",
           "HOP-s3cret", "ARG-s3cret", "AUTH-s3cret", "BASIC-s3cret")  # fmt: skip


async def test_no_secret_is_left_anywhere(job: Job, site: Site) -> None:
    host = site.url("").removeprefix("http://")
    site.html("/", f"http://u:LINK-s3cret@{host}/a", "/hop")
    site.html("/a")
    site.redirect("/hop", f"http://u:HOP-s3cret@{host}/gone")
    job.spider(
        "class S(Spider):\n    name = 's'\n"
        "    def __init__(self, password=None, **kwargs):\n"
        "        super().__init__(**kwargs)\n"
        "    def parse(self, response):\n"
        "        yield {'title': response.css('title::text').get()}\n"
        "        yield from response.follow_all(css='a')\n",
        start=[f"http://u:USER-s3cret@{host}/"],
        args={"password": "ARG-s3cret"},
        fetch={
            "headers": {"X-Secret": "${VARIABLE}", "X-Other": "HEADER-s3cret"},
            "cookies": {"session": "COOKIE-s3cret"},
            "auth": {
                site.url(""): {"bearer": "AUTH-s3cret"},
                "https://e.example": {"basic": {"user": "u", "password": "BASIC-s3cret"}},
            },
        },
    )
    environ = {"VARIABLE": "VARIABLE-s3cret"}

    ran = await job.run("-vv", env=environ)
    explained = await job.run("--", "explain", job.file.name, env=environ)
    shown = await job.run("--", "show", "job", env=environ)
    tried = await job.run("--", "try", job.file.name, site.url("/"), env=environ)

    assert ran.code == 0, ran.err
    assert site.seen[-1].fields["authorization"] == "Bearer AUTH-s3cret"  # they were sent
    assert site.seen[-1].fields["x-secret"] == "VARIABLE-s3cret"
    said = "".join(one.err + one.out.decode() for one in (ran, explained, shown, tried))
    assert [one for one in SECRETS if one in said] == []
    folders = [job.folder / name for name in ("state", "data", "reports")]
    for path in [one for folder in folders for one in folder.rglob("*") if one.is_file()]:
        raw = read(path)
        assert [one for one in SECRETS if one.encode() in raw] == [], path


def read(path: Path) -> bytes:
    import gzip

    raw = path.read_bytes()
    return gzip.decompress(raw) if path.suffix == ".gz" else raw


CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
FAKE = "2026-01-01 00:00:00,000 INFO all is well"


async def test_text_of_a_server_does_nothing_to_terminal_or_log(job: Job, site: Site) -> None:
    evil = f"\x1b]0;owned\x07\x1b[2J\u202egnp.exe\n{FAKE}\r\x9b31m"
    site.html("/", "/status", "/location", "/type", "/cookie", body=f"<h1>{evil}</h1>")
    site.pages["/status"] = b"HTTP/1.1 404 \x1b[31mred\x07\r\nContent-Length: 0\r\n\r\n"
    site.pages["/location"] = site.answer(
        b"", 302, location=f"gopher://\x1b[2J\u202e{FAKE}".encode().decode("latin-1")
    )
    site.pages["/cookie"] = site.answer(b"", 200, set_cookie="a=\x1b[31m; Domain=\x1b]0;x\x07")
    site.pages["/type"] = site.answer(b"x", 200, content_type="\x1b[2Jtext/html\x07")
    job.write(
        schemas={"T": {"title": {"type": "int"}}},
        extract=[{"item": "T", "fields": {"title": {"css": "h1::text"}}}],
        follow=[{"css": "a"}],
    )

    ran = await job.run("-vv")
    shown = await job.run("--", "show", "job", "--failed")

    page = (job.reports[0] / "report.html").read_text()
    for text in (ran.err, ran.out.decode(), shown.err, shown.out.decode(), job.log(), page):
        assert CONTROLS.search(text) is None
        assert not any(line.startswith(FAKE) for line in text.splitlines())
    assert "\\x1b" in job.log()  # it was there, and is shown harmless


async def test_the_same_complaint_a_thousand_times_leaves_a_short_log(job: Job, site: Site) -> None:
    site.html("/", *(f"/gone{n}" for n in range(1000)))
    job.write(checks={"max_failed": "100%"}, fetch={"concurrency": 64,
              "per_host": {"delay": "0s", "concurrency": 16, "adaptive": False}})  # fmt: skip

    ran = await job.run()

    assert len(job.requests()) == 1001
    assert len(job.log().splitlines()) < 60
    assert len(ran.err.splitlines()) < 60


XSS = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>",
    "\"><script>alert(1)</script>", "'><script>alert(1)</script>", "</title><script>1</script>",
    "</td></table><iframe src=javascript:alert(1)>", "<body onload=alert(1)>",
    "javascript:alert(1)", "<a href=javascript:alert(1)>x</a>", "<math><mi xlink:href=x>",
    "<!--<img src=--><img src=x onerror=1//>", "<![CDATA[<script>1</script>]]>",
    "<style>*{background:url(x)}</style>", "<link rel=stylesheet href=//evil>",
    "<meta http-equiv=refresh content=0;url=//evil>", "<base href=//evil>", "<object data=x>",
    "<embed src=x>", "<form action=//evil><input>", "<video><source onerror=1>",
    "<details open ontoggle=1>", "<template><script>1</script></template>", "<plaintext>",
    "<noscript><p title=\"</noscript><img src=x onerror=1>\">", "&lt;script&gt;1&lt;/script&gt;",
    "&#60;script&#62;", "<scr<script>ipt>1</script>", "<<script>1//<</script>",
    "\\u003cscript\\u003e", "<x onclick=1>", "` onmouseover=1 `", "\" onmouseover=\"1",
)  # fmt: skip


class Nodes(HTMLParser):
    """Collects the elements of a page, each with the names of its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[tuple[str, ...]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add((tag, *(name for name, _ in attrs)))


async def test_no_text_of_a_site_becomes_a_part_of_the_report(job: Job, site: Site) -> None:
    assert len(XSS) >= 30
    numbers = range(len(XSS))

    async def elements(texts: Sequence[str]) -> tuple[str, set[tuple[str, ...]]]:
        for n, text in enumerate(texts):
            escaped = text.replace("&", "&amp;").replace("<", "&lt;")
            # Half of them end as errors with the text in their URL, half as items with it.
            site.pages[f"/{n}"] = site.answer(f"<h1>{escaped}</h1>", 200 if n % 2 else 404)
        job.write(
            start=[site.url(f"/{n}?{text}") for n, text in enumerate(texts)],
            checks={"max_failed": "100%"},
            schemas={f"T{n}": {"h": {"type": "int"}} for n in numbers},
            extract=[
                {"item": f"T{n}", "url": f"/{n}", "fields": {"h": {"css": "h1::text"}}}
                for n in numbers
            ],
        )
        await job.run("--forget")
        nodes = Nodes()
        page = (job.reports[-1] / "report.html").read_text()
        nodes.feed(page)
        return page, nodes.found

    _, harmless = await elements([f"text {n}" for n in numbers])
    page, found = await elements(XSS)

    assert "onerror" in page
    assert found == harmless


async def test_line_breaks_in_links_and_redirects_make_no_second_request(
    job: Job, site: Site
) -> None:
    tail = "%0d%0aX-Injected:%201%0d%0a%0d%0aGET%20/smuggled%20HTTP/1.1%0d%0a"
    raw = "&#13;&#10;X-Injected: 1&#13;&#10;&#13;&#10;GET /smuggled HTTP/1.1"
    site.html("/", f"/a{tail}", f"/b{raw}", f"/c?{tail}", f"/d?{raw}", f"/e#{raw}", "/hop",
              f"http://u{tail}@{site.url('').removeprefix('http://')}/f")  # fmt: skip
    site.redirect("/hop", f"/g{tail}")
    job.write(checks={"max_failed": "100%"})

    await job.run()

    assert len(site.seen) >= 7
    assert all("x-injected" not in one.fields for one in site.seen)
    assert all(not one.path.startswith("/smuggled") for one in site.seen)


async def test_header_fields_of_an_answer_are_never_loaded_or_run(job: Job, site: Site) -> None:
    trace = job.folder / "trace"
    site.pages["/"] = site.answer(
        f'<meta name="referrer" content="os.system"><a href="/a">a</a><title>{trace}</title>', 200,
        referrer_policy="os.abort", x_crawler_policy="os.abort",
        content_type="text/html; charset=os.abort",
    )  # fmt: skip
    site.html("/a")
    job.write()

    ran = await job.run()

    assert ran.code == 0, ran.err
    assert "referer" not in site.seen[-1].fields


async def test_a_password_file_is_never_asked(job: Job, site: Site) -> None:
    (job.folder / ".netrc").write_text("default login user password netrc-secret\n")
    (job.folder / ".netrc").chmod(0o600)
    host = site.url("").removeprefix("http://")
    site.html("/", f"http://user:password@{host}/a")
    site.html("/a")
    job.write(fetch={"robots": "obey"})
    environ = {"HOME": str(job.folder), "NETRC": str(job.folder / ".netrc")}

    ran = await job.run(env=environ)

    assert ran.code == 0, ran.err
    assert len(site.seen) == 3
    assert all("authorization" not in one.fields for one in site.seen)


async def test_the_parser_in_python_is_said_to_be_in_use(job: Job, site: Site) -> None:
    site.html("/")
    job.write(run={"backend": "asyncio"})

    ran = await job.run(env={"AIOHTTP_NO_EXTENSIONS": "1"})

    assert ran.code == 0
    assert "aiohttp's parser in Python" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("fetch", "URL/hop"),
        ("fetch", "--config", "job.yaml", "URL/hop"),
        ("try", "job.yaml", "URL/hop"),
        ("try", "job.yaml", "URL/page"),
        ("new", "made", "--url", "URL/hop"),
        ("new", "made", "--url", "URL/page"),
        ("validate", "--online", "job.yaml"),
    ],
    ids=" ".join,
)
async def test_no_command_is_led_to_a_private_address_that_it_was_not_given(
    words: tuple[str, ...], job: Job, site: Site, other_site: Site
) -> None:
    other_site.html("/")
    site.redirect("/robots.txt", other_site.url("/robots.txt"))
    site.redirect("/hop", other_site.url())
    site.html("/page", other_site.url())
    site.redirect("/sitemap.xml", other_site.url())
    job.write(start=[site.url("/hop"), site.url("/page")])

    ran = await job.run("--", *(one.replace("URL", site.url("")) for one in words))

    assert other_site.server.connections == 0
    assert site.seen, ran.err
