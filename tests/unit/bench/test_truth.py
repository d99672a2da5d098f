"""A run of the bench counts only if it found what there is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from scripts.bench.truth import faults, links_of_folder, read_pages

TRUTH = {"http://h/a.html": 2, "http://h/b c.html": 0}


def test_every_page_once_with_its_links_is_right() -> None:
    assert faults(TRUTH, TRUTH.items()) == ""


def test_a_url_may_be_escaped_in_either_way() -> None:
    assert faults(TRUTH, [("http://h/a.html", 2), ("http://h/b%20c.html", 0)]) == ""


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        ([("http://h/a.html", 2)], "1 pages missing (as http://h/b c.html)"),
        ([*TRUTH.items(), ("http://h/x", 0)], "1 pages not asked for (as http://h/x)"),
        ([*TRUTH.items(), ("http://h/a.html", 2)], "1 pages written twice (as http://h/a.html)"),
        (
            [("http://h/a.html", 3), ("http://h/b c.html", 0)],
            "1 pages with another number of links (as http://h/a.html)",
        ),
    ],
    ids=["missing", "too much", "twice", "links"],
)
def test_anything_else_is_said(found: Iterable[tuple[str, int]], fault: str) -> None:
    assert faults(TRUTH, found) == fault


def test_the_truth_of_a_folder_is_read_from_its_files(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<a href="b.html">b</a><a name="x"></a><a href="no">n</a>')
    (tmp_path / "b.html").write_text("<p>nothing</p>")
    (tmp_path / "unlinked.html").write_text("<p>nothing</p>")

    assert links_of_folder(tmp_path, "http://h/") == {
        "http://h/index.html": 2,
        "http://h/b.html": 0,
    }


def test_pages_written_down_are_read(tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl"
    path.write_text('{"url": "http://h/a", "title": "A", "links": 3}\n')

    assert list(read_pages(path)) == [("http://h/a", 3)]
