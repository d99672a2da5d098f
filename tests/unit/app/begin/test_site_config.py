from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.app.begin.full_config import every_key
from crawler.app.begin.page_survey import FIELDS, KINDS, LinkGroup, PageFacts
from crawler.app.begin.site_config import site_config
from crawler.app.begin.site_survey import SiteFacts
from crawler.config.load import LoadedJob, load_job

URL = "https://www.shop.example/list/"


def facts(**changes: object) -> SiteFacts:
    usual: dict[str, object] = {
        "asked": URL, "url": URL, "status": 200, "media_type": "text/html", "size": 1000,
        "robots": "allowed", "page": PageFacts(),
    }  # fmt: skip
    return SiteFacts(**(usual | changes))  # type: ignore[arg-type]


def load(text: str) -> LoadedJob:
    with TemporaryDirectory() as folder:
        file = Path(folder, "job.yaml")
        file.write_text(text, encoding="utf-8")
        return load_job(file, environ={})


def written(found: SiteFacts) -> str:
    return site_config("shop", found, spider=None, today="2026-11-22")


NASTY = st.text(max_size=40) | st.sampled_from(['"\n- x: 1', "# a", "${HOME}", "{demo}", "\x1b[2J"])


PAGES = st.builds(
    PageFacts,
    title=NASTY,
    types=st.lists(NASTY, max_size=2).map(tuple),
    fields=st.dictionaries(st.sampled_from(sorted(FIELDS)), NASTY),
    kinds=st.lists(st.sampled_from(KINDS), unique=True, min_size=1).map(tuple),
    groups=st.builds(LinkGroup, css=NASTY, count=st.just(5), sample=st.just(URL)).map(
        lambda g: (g,)
    ),
    following=st.sampled_from(["", "li.next a"]),
)


@settings(max_examples=60)
@given(PAGES, NASTY, NASTY)
def test_whatever_a_site_says_its_config_loads_and_says_the_same(
    page: PageFacts, media_type: str, robots: str
) -> None:
    text = written(facts(media_type=media_type, robots=robots, page=page))

    job = load(text).job

    assert job.name == "shop"
    assert job.start.urls == (URL,)
    assert job.follow == ()
    assert set(job.extract[0].fields) == {"url", "title", "description", *page.fields}
    assert all(char == "\n" or char.isprintable() for char in text)


def test_a_redirect_to_another_host_is_begun_at_its_end_and_said() -> None:
    text = written(facts(asked="https://shop.example/"))

    assert load(text).job.scope.hosts == ("www.shop.example",)
    assert "# shop.example redirects to it" in text


def test_a_sitemap_elsewhere_is_told_and_not_proposed() -> None:
    elsewhere = "http://169.254.169.254/sitemap.xml"

    text = written(facts(sitemaps=(elsewhere,)))

    assert f"#   a sitemap: {elsewhere}" in text
    assert "start: {sitemap" not in text


def test_a_sitemap_is_a_commented_alternative_that_would_load() -> None:
    text = written(facts(sitemaps=("https://www.shop.example/sitemap.xml",)))
    (line,) = [one for one in text.splitlines() if one.startswith("# start:")]
    start = f'start:\n  - "{URL}"\n'

    assert start in text
    job = load(text.replace(start, f"{line.removeprefix('# ')}\n")).job

    assert job.start.sitemap == ("https://www.shop.example/sitemap.xml",)


def test_the_follow_hint_loads_once_its_signs_are_gone() -> None:
    page = PageFacts(groups=(LinkGroup("li.card a", 5, URL),), following="a.next")
    lines = written(facts(page=page)).splitlines()
    at = lines.index("# follow:")
    lines[at : at + 3] = [line.removeprefix("# ") for line in lines[at : at + 3]]

    rules = load("\n".join(lines)).job.follow

    assert [(rule.css, rule.label) for rule in rules] == [("a.next", None), ("li.card a", "item")]


def test_a_list_of_urls_is_where_the_crawl_starts() -> None:
    job = load(written(facts(url="https://www.shop.example/sitemap.xml", page=None))).job

    assert job.start.sitemap == ("https://www.shop.example/sitemap.xml",)


def test_a_site_without_anything_gives_a_config_all_the_same() -> None:
    job = load(written(facts())).job

    assert set(job.extract[0].fields) == {"url", "title", "description"}


def test_every_key_is_written_as_a_comment_and_its_defaults_load() -> None:
    text = every_key()
    assert all(line.startswith("#") for line in text.splitlines())

    blocks = [
        "\n".join(line[1:] for line in block.splitlines())
        for block in text.split("\n#\n")
        if block.startswith(("#scope:", "#fetch:", "#run:", "#checks:", "#demo:"))
    ]
    # An entry of `limits` needs a match, one of `auth` a secret: there is no default for these.
    plain = "\n".join(blocks).replace("- match: ", "- match: a.example ")
    plain = re.sub(r"^ {6}(basic|header):.*\n(?: {8}.*\n)+", "", plain, flags=re.M)
    plain = plain.replace("bearer: ", "bearer: secret ")
    # Certificates are files, and none is there.
    plain = re.sub(r"^ {4}client_certs:.*\n(?: {6}.*\n)+", "", plain, flags=re.M)
    job = load(f"name: a\nstart: ['https://a.example/']\n{plain}\n").job

    assert len(blocks) == 5
    assert job.fetch.concurrency == 64
    assert list(job.fetch.auth) == ["https://host"]
    for key in ("formula_cells", "try", "min_fill", "python", "max_length", "keep_columns"):
        assert f"{key}:" in text
