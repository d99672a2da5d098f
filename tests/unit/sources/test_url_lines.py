from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import ConfigError
from crawler.sources.url_lines import CSV, JSONL, TXT, Columns, kind_of_line, read_lines
from crawler.spider.start_entry import BadStart, StartEntry


def read(
    text: str, kind: str, url: str | None = None, kept: tuple[str, ...] = ()
) -> list[StartEntry | BadStart]:
    lines = enumerate(io.StringIO(text, newline=""), 1)
    return list(read_lines(lines, kind, "list", Columns(url, kept)))


def urls(entries: list[StartEntry | BadStart]) -> list[str]:
    return [entry.url for entry in entries if isinstance(entry, StartEntry)]


def bad(entries: list[StartEntry | BadStart]) -> dict[str, str]:
    return {entry.place: entry.why for entry in entries if isinstance(entry, BadStart)}


# --- CSV ---


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_that_of_the_header(delimiter: str) -> None:
    text = "sku,url,name\r\n1,http://e.org/a,x\r\n".replace(",", delimiter)

    assert read(text, CSV, kept=("sku", "name")) == [
        StartEntry(url="http://e.org/a", place="list:2", kept={"sku": "1", "name": "x"})
    ]


def test_a_delimiter_within_the_urls_does_not_mislead() -> None:
    assert urls(read("name, kind;url\na;http://e.org/a,b,c\n", CSV)) == ["http://e.org/a,b,c"]


def test_the_only_column_needs_no_name() -> None:
    assert urls(read("link\nhttp://e.org/a\n", CSV)) == ["http://e.org/a"]


def test_cells_may_hold_quotes_delimiters_and_lines() -> None:
    text = 'url,note\n"http://e.org/a?x=1,2","say ""hi""\nthere"\nhttp://e.org/b,5" pipe\n'

    entries = read(text, CSV, kept=("note",))

    assert urls(entries) == ["http://e.org/a?x=1,2", "http://e.org/b"]
    assert [entry.place for entry in entries] == ["list:2", "list:4"]
    assert entries[0] == StartEntry(
        url="http://e.org/a?x=1,2", place="list:2", kept={"note": 'say "hi"\nthere'}
    )


def test_blank_lines_are_passed_over_and_counted() -> None:
    entries = read("\n url \n\n  \nhttp://e.org/a\n,\n\n\nhttp://e.org/b", CSV)

    assert [entry.place for entry in entries] == ["list:5", "list:9"]


def test_a_line_without_a_url_is_bad_and_the_others_are_not() -> None:
    entries = read("sku,url\n1,http://e.org/a\n2,\n3\n4,http://e.org/b\n", CSV)

    assert urls(entries) == ["http://e.org/a", "http://e.org/b"]
    assert bad(entries) == {
        "list:3": "no URL in column 'url'",
        "list:4": "no URL in column 'url'",
    }


def test_a_quote_that_is_never_closed_does_not_swallow_in_silence() -> None:
    entries = read('url,note\nhttp://e.org/a,"x\nhttp://e.org/b,y\nhttp://e.org/c,z\n', CSV)

    assert bad(entries) == {"list:2": "no CSV: a quote is never closed; lines 2 to 4 are left out"}


def test_a_cell_beyond_reason_is_bad() -> None:
    entries = read(f'url\n"{"x" * 200_000}\nhttp://e.org/a\n', CSV)

    assert "field larger" in bad(entries)["list:2"]


@pytest.mark.parametrize(
    ("text", "url", "kept", "message"),
    [
        ("a,b\n1,2\n", "image", (), "list: no column 'image'; it has 'a', 'b'"),
        ("a,b\n1,2\n", None, (), "list: no column 'url'; it has 'a', 'b'"),
        ("url\nx\n", None, ("sku",), "list: no column 'sku'; it has 'url'"),
        ("", None, (), "list: it is empty"),
        ("http://e.org/a\nhttp://e.org/b\n", None, (), "the first line is a URL"),
    ],
)
def test_a_csv_without_its_columns_is_refused(
    text: str, url: str | None, kept: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        read(text, CSV, url, kept)


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=20), st.sampled_from(",;\t"))
def test_what_the_csv_module_writes_is_read_back(
    rows: list[tuple[str, str]], delimiter: str
) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows([("url", "note"), *rows])

    entries = read(out.getvalue(), CSV, kept=("note",))

    full = [(url, note) for url, note in rows if url.strip() or note.strip()]
    assert len(entries) == len(full)
    for entry, (url, note) in zip(entries, full, strict=True):
        if isinstance(entry, StartEntry):
            assert (entry.url, entry.kept) == (url.strip(), {"note": note})
        else:
            assert not url.strip()


# --- JSON lines ---


def test_keys_are_kept_as_text() -> None:
    text = '{"url": " http://e.org/a ", "s": "x", "n": 1.50, "b": true, "z": null, "o": {"a": [1]}}'

    assert read(text, JSONL, kept=("s", "n", "b", "z", "o", "none")) == [
        StartEntry(
            url="http://e.org/a", place="list:1",
            kept={"s": "x", "n": "1.50", "b": "true", "o": '{"a":[1]}'},
        )
    ]  # fmt: skip


def test_a_line_that_is_no_object_with_a_url_is_bad() -> None:
    entries = read('{"url":"http://e.org/a"}\n\nno\n[1]\n{"x":1}\n{"url":5}\n{"url":""}\n', JSONL)

    assert urls(entries) == ["http://e.org/a"]
    assert list(bad(entries)) == [f"list:{number}" for number in (3, 4, 5, 6, 7)]


@pytest.mark.parametrize("lines", [1, 500])
def test_objects_none_of_which_has_the_key_are_refused(lines: int) -> None:
    with pytest.raises(ConfigError, match="no column 'url'; it has 'link', 'n'"):
        read('{"link":"http://e.org/a","n":1}\n' * lines, JSONL)


@given(st.lists(st.one_of(st.text(), st.binary().map(lambda raw: raw.decode("latin-1")))))
def test_any_lines_give_an_entry_each_or_none(lines: list[str]) -> None:
    numbered = list(enumerate(lines, 1))

    for kind in (JSONL, TXT):
        entries = list(read_lines(numbered, kind, "list", Columns()))
        assert len(entries) <= len(lines)


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1)))
def test_what_json_writes_is_read_back(names: list[str]) -> None:
    text = "".join(f"{json.dumps({'url': 'http://e.org/', 'n': name})}\n" for name in names)

    entries = read(text, JSONL, kept=("n",))

    assert [entry.kept["n"] for entry in entries if isinstance(entry, StartEntry)] == names


# --- Text ---


def test_a_text_has_a_url_on_each_line_and_may_have_comments() -> None:
    assert read("# list\n\n http://e.org/a#x \r\nhttp://e.org/b", TXT) == [
        StartEntry(url="http://e.org/a#x", place="list:3"),
        StartEntry(url="http://e.org/b", place="list:4"),
    ]


def test_bytes_that_are_no_text_are_bad() -> None:
    assert "not UTF-8" in bad(read("http://e.org/\udcff", TXT))["list:1"]


@pytest.mark.parametrize(("url", "kept"), [("link", ()), (None, ("sku",))])
def test_a_text_has_no_columns(url: str | None, kept: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="has no column"):
        read("http://e.org/\n", TXT, url, kept)


# --- Formats ---


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        ('{"url": "http://e.org/"}', JSONL),
        ("{}", JSONL),
        ("{demo}/page", TXT),
        ("http://e.org/", TXT),
        ("sku;url", CSV),
        ("url", CSV),
        ('"sku","url"', CSV),
        ("sku;link", TXT),
        ("", TXT),
    ],
)
def test_the_first_line_tells_the_format(first: str, kind: str) -> None:
    assert kind_of_line(first, Columns()) == kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("url,sku\nhttp://e.org/,1\n,2\n", CSV),
        ('{"url": "http://e.org/"}\n{"url": "", "sku": 2}\n', JSONL),
        ('{"url": "http://e.org/"}\n{"sku": 2}\n', JSONL),
        ('{"url": "http://e.org/"}\n{"url": 7, "sku": 2}\n', JSONL),
    ],
)
def test_an_entry_without_a_url_keeps_its_columns(text: str, kind: str) -> None:
    found = read(text, kind, url="url", kept=("sku",))

    (wrong,) = (one for one in found if isinstance(one, BadStart))
    assert wrong.kept == {"sku": "2"}


def test_a_header_is_known_by_the_column_that_is_asked_for() -> None:
    assert kind_of_line("sku;link", Columns("link")) == CSV
