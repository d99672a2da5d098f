from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.observe.details import Details, HostCount, SlowPage
from crawler.observe.past import KindCounts, PastRun
from crawler.observe.report_page import report_page, write_report_page
from tests.unit.observe.test_end_summary import REPORT, kind, summary

VOID = {"meta", "br"}


class Checked(HTMLParser):
    """Reads a page; every element must be closed, and none may fetch or run anything."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in {"script", "link", "img", "iframe", "a", "object", "form"}
        assert not {name for name, _ in attrs} & {"src", "href", "onclick", "onload", "onerror"}
        if tag not in VOID and tag not in {"tr", "td", "th", "li"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"tr", "td", "th", "li"}:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> str:
    checked = Checked()
    checked.feed(page)
    checked.close()
    assert checked.open == []
    return checked.text


def page_of(changes: dict[str, Any] | None = None, **details: Any) -> str:
    given: dict[str, Any] = {"outputs": [Path("data/out.jsonl")], "report": REPORT}
    return report_page(summary(**(changes or {})), Details(**(given | details)))


def test_the_page_says_what_a_reader_asks() -> None:
    changes = {
        "exit": 3, "checks": ["7 items are fewer than 9"], "items": {"Book": kind(7, 2, price=0.5)},
        "problems": {"Book.price": 2}, "errors": {"timeout": 3}, "http": {"200": 9},
        "books": {
            "known": 9, "done": 7, "failed": 1, "dead": 0, "pending": 0, "skipped": {"robots": 1},
        },
    }  # fmt: skip
    past = [PastRun(exit=0, duration_s=2.0, items={"Book": KindCounts(14, {"price": 0.99})})]

    text = read(
        page_of(
            changes, past=past, errors={"timeout": "http://a/: too slow"},
            problems={"Book.price": "'POA' is no decimal"}, misses=["extract.0: matched 0"],
            hosts=[HostCount(name="a.example", known=9, done=7, wrong=1, bytes=1000)],
            slowest=[SlowPage(900, "http://a/slow")], notes=["http://a/s.xml: is HTML"],
            notes_count=4, bad_starts=["urls.csv:3: no URL"],
            quarantine=REPORT / "quarantine.jsonl",
        )
    )  # fmt: skip

    for words in (
        "NOT GOOD (exit 3)", "items -50%", "7 items are fewer than 9", "Book", "price", "50%",
        "99%", "'POA' is no decimal", "http://a/: too slow", "robots", "extract.0: matched 0",
        "a.example", "http://a/slow", "is HTML", "3 more in run.log", "urls.csv:3: no URL",
        "data/out.jsonl", "quarantine.jsonl", "urls.jsonl.gz",
    ):  # fmt: skip
        assert words in text, words


def test_a_plain_good_run_has_no_empty_tables() -> None:
    page = page_of()

    assert "OK (exit 0)" in read(page)
    assert "Quarantine" not in page
    assert "<table></table>" not in page


@given(st.text(max_size=40))
@settings(max_examples=50)
def test_whatever_a_site_says_stays_text(text: str) -> None:
    evil = f"<script>alert(1)</script>\"'&{text}"
    changes = {
        "errors": {evil: 1}, "items": {evil: kind(1, 1, **{evil: 0.5})}, "problems": {evil: 1},
        "offsite": {"links": 1, "hosts": {evil: {"count": 1, "sample": evil}}}, "checks": [evil],
        "reason": evil, "job": evil, "http": {evil: 1},
    }  # fmt: skip

    page = page_of(changes, errors={evil: evil}, notes=[evil], notes_count=1, misses=[evil])

    assert "<script>alert(1)</script>" in read(page)
    assert all(character.isprintable() or character == "\n" for character in page)


def test_the_largest_page_there_can_be_is_less_than_100_kb() -> None:
    long, many = "http://a.example/" + '"' * 900, range(2000)
    lines = [long] * 20
    changes = {
        "errors": {f"class{number}": 1 for number in range(20)},
        "items": {"Book": kind(1, 1, **{f"field_{number}": 0.5 for number in many})},
        "problems": {f"Book.field_{number}": 1 for number in many},
        "offsite": {"links": 1, "hosts": {str(n): {"count": 1, "sample": long} for n in many}},
        "http": {str(number): 1 for number in many},
    }  # fmt: skip

    page = page_of(
        changes, errors={f"class{n}": long for n in many}, notes=lines, notes_count=99,
        problems={f"Book.field_{n}": long for n in many}, misses=[long] * 99, bad_starts=lines,
        hosts=[HostCount(name=long)] * 20, slowest=[SlowPage(1, long)] * 10,
    )  # fmt: skip

    assert len(page.encode()) < 100_000
    assert "more" in page


def test_the_file_is_there_whole_and_nothing_beside_it(tmp_path: Path) -> None:
    write_report_page(tmp_path / "report.html", page_of())

    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text().endswith("</html>\n")
