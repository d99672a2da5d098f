from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from crawler.files import READ_AHEAD, BlockingFile, FileWriter, in_thread, replace_file


@pytest.fixture
def writer() -> Iterator[FileWriter]:
    made = FileWriter()
    yield made
    made.close()


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_a_file_is_written_with_its_folders(writer: FileWriter, tmp_path: Path) -> None:
    await writer.write(tmp_path / "a" / "b.html", b"body")

    assert (tmp_path / "a" / "b.html").read_bytes() == b"body"


async def test_a_file_is_replaced_and_nothing_else_is_left(
    writer: FileWriter, tmp_path: Path
) -> None:
    path = tmp_path / "b.html"
    path.write_bytes(b"a much longer old body")

    await writer.write(path, b"new")

    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["b.html"]


async def test_what_cannot_be_written_leaves_nothing_behind(
    writer: FileWriter, tmp_path: Path
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "x").touch()

    with pytest.raises(OSError, match="taken"):
        await writer.write(tmp_path / "taken", b"body")

    assert names(tmp_path) == ["taken"]


async def test_what_is_read_in_a_thread_comes_in_order_and_whole() -> None:
    wanted = list(range(2 * READ_AHEAD + 1))

    assert [one async for one in in_thread(iter(wanted))] == wanted


async def test_a_reader_that_is_left_early_has_read_a_little_ahead_only() -> None:
    source = iter(range(1_000_000))

    async with aclosing(in_thread(source)) as reading:
        first = await anext(reading)

    assert (first, next(source)) == (0, READ_AHEAD)


async def test_what_a_reader_raises_comes_through() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        _ = [one async for one in in_thread(broken())]


def test_a_small_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / ".note"
    replace_file(path, b"old")
    replace_file(path, b"new")
    (tmp_path / ".note.tmp").mkdir()

    with pytest.raises(OSError, match=r"\.note\.tmp"):
        replace_file(path, b"newer")

    (tmp_path / ".note.tmp").rmdir()
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == [".note"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no file is always full")
@pytest.mark.parametrize("size", [1, 5_000, 200_000])
async def test_a_full_disk_fails_the_write_and_not_the_end_of_a_file(size: int) -> None:
    file = BlockingFile()
    await file.open(Path("/dev/full"), 0)

    with pytest.raises(OSError, match="No space") as caught:
        await file.write(b"x" * size)
    await file.close()

    assert caught.value.errno == errno.ENOSPC
