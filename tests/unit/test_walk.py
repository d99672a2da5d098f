from __future__ import annotations

from pathlib import Path

import pytest

from scripts.bench.walk import reachable_pages

ROOT = "http://localhost:8080/"


def page(folder: Path, name: str, *hrefs: str, head: str = "") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    links = "".join(f'<a href="{href}">x</a>' for href in hrefs)
    path.write_text(f"<html><head>{head}</head><body>{links}</body></html>")


def test_pages_without_a_way_to_them_are_left_out(tmp_path: Path) -> None:
    page(tmp_path, "index.html", "a.html", "missing.html")
    page(tmp_path, "a.html", "index.html")
    page(tmp_path, "orphan.html")

    assert reachable_pages(tmp_path, ROOT) == {ROOT + "index.html", ROOT + "a.html"}


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        pytest.param("sub", "sub/", id="a-folder-redirects-to-its-slash"),
        pytest.param("sub/", "sub/", id="a-folder-answers-with-its-index"),
        pytest.param("sub/index.html#top", "sub/index.html", id="a-fragment-is-dropped"),
        pytest.param("/sub/index.html?v=1", "sub/index.html?v=1", id="a-query-is-kept"),
        pytest.param("./x/../sub/", "sub/", id="dot-segments-are-resolved"),
    ],
)
def test_a_link_leads_where_a_browser_would_go(tmp_path: Path, href: str, expected: str) -> None:
    page(tmp_path, "index.html", href)
    page(tmp_path, "sub/index.html")

    assert reachable_pages(tmp_path, ROOT) == {ROOT + "index.html", ROOT + expected}


@pytest.mark.parametrize(
    "href", ["http://elsewhere.example/", "mailto:a@b.example", "notes.txt", "//localhost/a.html"]
)
def test_what_is_no_page_of_the_site_is_left_out(tmp_path: Path, href: str) -> None:
    page(tmp_path, "index.html", href)
    (tmp_path / "notes.txt").write_text("no page")

    assert reachable_pages(tmp_path, ROOT) == {ROOT + "index.html"}


def test_links_start_from_the_base_of_a_page(tmp_path: Path) -> None:
    page(tmp_path, "index.html", "a.html", head='<base href="/deep/">')
    page(tmp_path, "deep/a.html")

    assert reachable_pages(tmp_path, ROOT) == {ROOT + "index.html", ROOT + "deep/a.html"}


def test_a_nofollow_link_is_not_followed(tmp_path: Path) -> None:
    page(tmp_path, "a.html")
    (tmp_path / "index.html").write_text('<a rel="noopener NoFollow" href="a.html">x</a>')

    assert reachable_pages(tmp_path, ROOT) == {ROOT + "index.html"}
