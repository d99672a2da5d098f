from __future__ import annotations

import tempfile
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from crawler.errors import OutputError
from crawler.interfaces import Mark
from crawler.sinks.marked_file import MarkedFile


def opened(path: Path, *, sync: bool = False) -> MarkedFile:
    file = MarkedFile("out", path, sync=sync)
    file.open()
    return file


pieces = st.binary(max_size=40) | st.integers(4_000, 9_000).map(lambda size: b"x" * size)


@given(st.lists(pieces, max_size=6), st.integers(0, 6), st.binary(max_size=50))
def test_whatever_follows_a_mark_is_cut_off_and_what_precedes_it_is_kept(
    written: list[bytes], committed: int, garbage: bytes
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out"
        file = opened(path)
        marks = [file.mark, *(file.append(piece) for piece in written)]
        mark = marks[min(committed, len(written))]
        file.close()
        with path.open("ab") as torn:
            torn.write(garbage)

        MarkedFile("out", path, sync=False).recover(mark)

        assert path.read_bytes() == b"".join(written[:committed])
        again = opened(path)
        assert again.mark == mark
        again.close()


def test_a_mark_speaks_of_path_length_and_tail(tmp_path: Path) -> None:
    file = opened(tmp_path / "deep" / "out", sync=True)

    first = file.append(b"one\n")
    second = file.append(b"two\n" * 3_000)
    file.close()

    assert (first.sink, first.path, first.length) == ("out", str(tmp_path / "deep" / "out"), 4)
    assert second.length == 12_004
    assert first.tail != second.tail


CONTENT = b"a line\n" * 1_000


@pytest.mark.parametrize(
    "data",
    [
        CONTENT[:-1] + b"!",
        CONTENT[:-4_096] + b"?" + CONTENT[-4_095:],
        CONTENT[:-1],
        b"",
        b"something else altogether\n" * 400,
    ],
    ids=["last byte", "first byte of the tail", "cut short", "empty", "another file"],
)
def test_a_file_that_is_not_what_was_committed_is_left_alone(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "out"
    file = opened(path)
    mark = file.append(CONTENT)
    file.close()
    path.write_bytes(data)

    with pytest.raises(OutputError, match="not what the interrupted run left"):
        MarkedFile("out", path, sync=False).recover(mark)

    assert path.read_bytes() == data


def test_a_file_that_is_gone_is_a_loss_only_if_something_was_committed(tmp_path: Path) -> None:
    file = MarkedFile("out", tmp_path / "gone", sync=False)

    file.recover(Mark("out", str(tmp_path / "gone"), 0, ""))

    assert not (tmp_path / "gone").exists()
    with pytest.raises(OutputError, match="7 bytes were committed"):
        file.recover(Mark("out", str(tmp_path / "gone"), 7, ""))


def test_two_cannot_write_to_one_file(tmp_path: Path) -> None:
    first = opened(tmp_path / "out")
    mark = first.append(b"mine\n")

    with pytest.raises(OutputError, match="another job is writing"):
        opened(tmp_path / "out")
    with pytest.raises(OutputError, match="another job is writing"):
        MarkedFile("out", tmp_path / "out", sync=False).recover(mark)

    first.close()
    first.close()
    opened(tmp_path / "out").close()


def test_a_device_has_no_disk_to_flush_to() -> None:
    file = opened(Path("/dev/null"))

    mark = file.append(b"line\n")
    file.flush_to_disk()

    assert mark.length == 5
    file.close()


@pytest.mark.parametrize("make", ["folder", "file in the way"])
def test_a_path_that_cannot_be_written_is_an_error_of_the_output(tmp_path: Path, make: str) -> None:
    path = tmp_path / "out"
    if make == "folder":
        path.mkdir()
    else:
        path.write_bytes(b"")
        path = path / "below"

    with pytest.raises(OutputError, match="cannot write"):
        opened(path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_that_refuses_is_an_error_of_the_output() -> None:
    file = opened(Path("/dev/full"))

    with pytest.raises(OutputError, match="No space left"):
        file.append(b"line\n")

    assert file.mark.length == 0
    file.close()


def test_a_file_that_was_deleted_takes_nothing_more(tmp_path: Path) -> None:
    file = opened(tmp_path / "out")
    file.append(b"one\n")
    (tmp_path / "out").unlink()

    with pytest.raises(OutputError, match="deleted or moved away"):
        file.append(b"two\n")

    file.close()
    assert not (tmp_path / "out").exists()


def test_a_file_that_another_took_the_place_of_is_not_finished(tmp_path: Path) -> None:
    file = opened(tmp_path / "out")
    file.append(b"one\n")
    (tmp_path / "out").rename(tmp_path / "aside")
    (tmp_path / "out").write_bytes(b"another's\n")

    with pytest.raises(OutputError, match="deleted or moved away"):
        file.flush_to_disk()

    file.close()
    assert (tmp_path / "aside").read_bytes() == b"one\n"
