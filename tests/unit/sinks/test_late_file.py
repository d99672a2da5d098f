from __future__ import annotations

from pathlib import Path

import pytest

from crawler.app.run.recovery import recover_outputs
from crawler.errors import OutputError
from crawler.sinks.late_file import LateFile


def late(path: Path) -> LateFile:
    return LateFile("quarantine", path, sync=False)


def test_there_is_no_file_without_a_line(tmp_path: Path) -> None:
    out = late(tmp_path / "out")

    assert out.open(None) is None
    assert out.append([]) is None
    out.finish(good=True)
    out.settle()
    out.close()

    assert (out.path, list(tmp_path.iterdir())) == (None, [])


def test_the_first_line_makes_the_file(tmp_path: Path) -> None:
    out = late(tmp_path / "deep/out")
    out.open(None)

    first = out.append([b"one"])
    second = out.append([b"two", b"three"])
    out.finish(good=False)

    assert out.path is not None
    assert out.path.read_bytes() == b"one\ntwo\nthree\n"
    assert first is not None
    assert second is not None
    assert (first.length, second.length, first.sink) == (4, 14, "quarantine")


def test_a_resume_goes_on_where_its_mark_says(tmp_path: Path) -> None:
    path = tmp_path / "out"
    out = late(path)
    out.open(None)
    mark = out.append([b"kept"])
    assert mark is not None
    out.append([b"lost"])
    out.close()

    recover_outputs([mark], "shop", needed=True)
    out = late(path)
    assert out.open(mark) == mark
    out.append([b"more"])
    out.finish(good=True)

    assert path.read_bytes() == b"kept\nmore\n"


def test_lines_that_were_never_committed_are_gone_with_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "out"
    out = late(path)
    out.open(None)
    out.append([b"lost"])
    out.close()

    out = late(path)
    out.open(None)
    assert not path.exists()
    out.append([b"kept"])
    out.finish(good=True)

    assert path.read_bytes() == b"kept\n"


def test_a_file_that_is_not_what_was_committed_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "out"
    out = late(path)
    out.open(None)
    mark = out.append([b"kept"])
    out.close()
    path.write_bytes(b"edit")

    with pytest.raises(OutputError, match="not what the interrupted run left"):
        late(path).open(mark)

    assert path.read_bytes() == b"edit"


def test_a_folder_in_its_place_is_an_error_of_the_output(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()

    with pytest.raises(OutputError, match="cannot write"):
        late(tmp_path / "out").open(None)
