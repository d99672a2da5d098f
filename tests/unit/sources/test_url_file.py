from __future__ import annotations

import os
from contextlib import aclosing
from pathlib import Path

import pytest

from crawler.errors import ConfigError
from crawler.sources.start_lists import entries_of
from crawler.sources.stdin_spool import spool_stdin
from crawler.sources.url_file import UrlFile, check, entries_in
from crawler.sources.url_lines import Columns
from crawler.spider.start_entry import BadStart, StartEntry


def listed(folder: Path, name: str, content: bytes | str, *, spooled: bool = False) -> UrlFile:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return UrlFile(path=path, name=name, spooled=spooled)


async def read(file: UrlFile) -> list[StartEntry | BadStart]:
    return [entry async for entry in entries_in(file)]


async def urls(file: UrlFile) -> list[str]:
    return [entry.url for entry in await read(file) if isinstance(entry, StartEntry)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "url\nhttp://e.org/ü\n".encode("utf-8-sig")),
        ("a.csv", "url\r\nhttp://e.org/ü\r\n".encode("utf-16")),
        ("A.CSV", "url\rhttp://e.org/ü\r"),
        ("a.jsonl", '{"url": "http://e.org/ü"}'.encode("utf-8-sig")),
        ("a.txt", "http://e.org/ü".encode("utf-8-sig")),
    ],
)
async def test_lists_are_read_as_spreadsheets_write_them(
    tmp_path: Path, name: str, content: bytes | str
) -> None:
    file = listed(tmp_path, name, content)

    check(file)

    assert await urls(file) == ["http://e.org/ü"]


async def test_a_long_list_comes_in_order(tmp_path: Path) -> None:
    wanted = [f"http://e.org/{number}" for number in range(5000)]

    assert await urls(listed(tmp_path, "a.txt", "\n".join(wanted))) == wanted


async def test_a_list_may_be_left_half_read(tmp_path: Path) -> None:
    file = listed(tmp_path, "a.txt", "http://e.org/\n" * 1000)

    async with aclosing(entries_in(file)) as entries:
        first = await anext(entries)

    assert first == StartEntry(url="http://e.org/", place="a.txt:1")


async def test_a_line_without_end_comes_in_pieces_of_one_number(tmp_path: Path) -> None:
    file = listed(tmp_path, "a.txt", "x" * (3 << 20) + "\nhttp://e.org/\n")

    assert [entry.place for entry in await read(file)] == ["a.txt:1"] * 3 + ["a.txt:2"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xlsx", "x", "a list of URLs ends in .csv, .jsonl, .txt"),
        ("a.csv", "", "a.csv: it is empty"),
        ("a.csv", "url\n", "a.csv: there is no URL in it"),
        ("a.txt", "# nothing\n", "a.txt: there is no URL in it"),
        ("a.txt", "\n\ne.org\nx\n", "a.txt:3: not an absolute URL"),
        ("a.csv", "url\n,\n", "a.csv: there is no URL in it"),
        ("a.jsonl", "[]\n", "a.jsonl:1: no JSON object"),
        ("a.txt", b"\0\xff\xfe" * 100, "a.txt:1: "),
    ],
)
def test_what_is_no_list_is_refused_before_the_crawl(
    tmp_path: Path, name: str, content: bytes | str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        check(listed(tmp_path, name, content))


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read: "):
        check(UrlFile(path=tmp_path / name, name="list"))


def test_one_good_line_is_enough_for_a_list(tmp_path: Path) -> None:
    check(listed(tmp_path, "a.txt", "x\ny\n{demo}/a\n"))


@pytest.mark.parametrize(
    "content", ["http://e.org/a\n", "\ufeffsku;url\n1;http://e.org/a\n", '{"url":"http://e.org/a"}']
)
async def test_what_was_spooled_shows_its_format_itself(tmp_path: Path, content: str) -> None:
    file = listed(tmp_path, "stdin.spool", content, spooled=True)

    check(file)

    assert await urls(file) == ["http://e.org/a"]


def test_a_spooled_list_without_the_column_is_refused(tmp_path: Path) -> None:
    spool = listed(tmp_path, "stdin.spool", "a,b\n1,2\n")
    file = UrlFile(path=spool.path, name="stdin", columns=Columns("link"), spooled=True)

    with pytest.raises(ConfigError, match=r"stdin: .* no column 'link'"):
        check(file)


# --- All lists of a job ---


async def test_sitemaps_come_first_and_the_practice_site_is_filled_in(tmp_path: Path) -> None:
    file = listed(tmp_path, "a.txt", "{demo}/page\n")
    entries = entries_of(file=file, sitemaps=["{demo}/s.xml"], practice_url="http://127.0.0.1:1")

    for _ in range(2):  # a resume asks again
        assert [entry async for entry in entries()] == [
            StartEntry(url="http://127.0.0.1:1/s.xml", place="start.sitemap.0", source=True),
            StartEntry(url="http://127.0.0.1:1/page", place="a.txt:1"),
        ]


# --- Standard input ---


async def spooled(folder: Path, content: bytes) -> Path:
    source, target = folder / "input", folder / "state" / "stdin.spool"
    source.write_bytes(content)
    with source.open("rb") as stream:
        await spool_stdin(stream, target)
    return target


async def test_standard_input_from_a_file_is_kept_whole(tmp_path: Path) -> None:
    content = b"http://e.org/\n" * 20_000

    path = await spooled(tmp_path, content)

    assert path.read_bytes() == content
    assert [one.name for one in path.parent.iterdir()] == ["stdin.spool"]


async def test_standard_input_from_a_pipe_is_kept_whole(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream:
        with os.fdopen(writing, "wb") as sender:
            sender.write(b"http://e.org/\n" * 100)
        await spool_stdin(stream, tmp_path / "stdin.spool")

    assert (tmp_path / "stdin.spool").stat().st_size == 1400


async def test_empty_standard_input_is_refused_and_leaves_an_earlier_list(tmp_path: Path) -> None:
    path = await spooled(tmp_path, b"http://e.org/\n")

    with pytest.raises(ConfigError, match="standard input, which was empty"):
        await spooled(tmp_path, b"")

    assert path.read_bytes() == b"http://e.org/\n"
    assert [one.name for one in path.parent.iterdir()] == ["stdin.spool"]


async def test_closed_standard_input_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="closed"):
        await spool_stdin(None, tmp_path / "stdin.spool")


async def test_a_terminal_is_no_list(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    with (
        os.fdopen(ours, "rb"),
        os.fdopen(theirs, "rb") as terminal,
        pytest.raises(ConfigError, match="no list comes in"),
    ):
        await spool_stdin(terminal, tmp_path / "stdin.spool")
