from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from crawler.errors import ConfigError, OutputError
from crawler.interfaces import Mark
from crawler.sinks.jsonl_sink import JsonlSink


def sink(path: Path, mode: str = "new", job: str = "shop") -> JsonlSink:
    return JsonlSink(str(path), path, mode=mode, job=job, sync=False)


def opened(path: Path, mode: str = "new", job: str = "shop", mark: Mark | None = None) -> JsonlSink:
    made = sink(path, mode, job)
    made.open(mark)
    return made


def note_of(path: Path) -> dict[str, object]:
    note: dict[str, object] = json.loads(path.with_name(f".{path.name}.crawler").read_text())
    return note


# Any mode


@pytest.mark.parametrize("mode", ["new", "append", "replace"])
def test_lines_end_up_in_the_file_one_a_line(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "data" / "out.jsonl"
    out = opened(path, mode)

    first = out.append([b'{"a":1}', b'{"a":2}'])
    nothing = out.append([])
    second = out.append([b"{}"])
    out.finish(good=True)

    assert path.read_bytes() == b'{"a":1}\n{"a":2}\n{}\n'
    assert nothing is None
    assert first is not None
    assert second is not None
    assert (first.length, second.length) == (16, 19)


@pytest.mark.parametrize("mode", ["new", "append", "replace"])
def test_opening_gives_the_mark_that_is_to_be_committed_first(tmp_path: Path, mode: str) -> None:
    out = sink(tmp_path / "out", mode)

    mark = out.open(None)

    assert mark is not None
    assert (mark.sink, mark.length) == (out.name, 0)
    out.close()


@pytest.mark.parametrize("mode", ["new", "append", "replace"])
def test_an_interrupted_run_goes_on_where_its_mark_says(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "out"
    out = opened(path, mode)
    mark = out.append([b"kept"])
    out.append([b"lost"])
    out.close()

    again = opened(path, mode, mark=mark)
    again.append([b"more"])
    again.finish(good=True)

    assert path.read_bytes() == b"kept\nmore\n"


@pytest.mark.parametrize("mode", ["new", "append", "replace"])
def test_a_file_that_changed_under_an_interrupted_run_is_left_alone(
    tmp_path: Path, mode: str
) -> None:
    path = tmp_path / "out"
    out = opened(path, mode)
    mark = out.append([b"kept"])
    out.close()
    written = path if mode != "replace" else path.with_name(".out.part")
    written.write_bytes(b"edit\n and more")

    with pytest.raises(OutputError, match="not what the interrupted run left"):
        opened(path, mode, mark=mark)

    assert written.read_bytes() == b"edit\n and more"


# new


def test_a_new_file_may_not_be_there_before(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"precious\n")

    with pytest.raises(ConfigError, match="exists already"):
        opened(path)

    assert path.read_bytes() == b"precious\n"
    opened(path, "append").close()  # and it is not locked


def test_an_empty_file_may_be_there_for_a_kill_may_have_come_right_after_it_was_made(
    tmp_path: Path,
) -> None:
    path = tmp_path / "out"
    opened(path).close()

    out = opened(path)
    out.append([b"{}"])
    out.finish(good=False)

    assert path.read_bytes() == b"{}\n"


# append


def test_jobs_append_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "out"
    for job in ("one", "two", "one"):
        out = opened(path, "append", job)
        assert note_of(path) == {"job": job, "length": path.stat().st_size, "clean": False}
        out.append([job.encode()])
        out.finish(good=job == "one")

    assert path.read_bytes() == b"one\ntwo\none\n"
    assert note_of(path) == {"job": "one", "length": 12, "clean": True}


def test_a_file_that_another_job_left_unclean_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "out"
    out = opened(path, "append", "one")
    out.append([b"half"])
    out.close()
    before = note_of(path)

    with pytest.raises(OutputError, match="job 'one' did not finish writing"):
        opened(path, "append", "two")

    assert path.read_bytes() == b"half\n"
    assert note_of(path) == before


def test_an_unclean_file_of_a_job_whose_state_is_gone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "out"
    out = opened(path, "append")
    out.append([b"committed or not"])
    out.close()

    with pytest.raises(OutputError, match="no longer knows where its last whole item ends"):
        opened(path, "append")

    assert path.read_bytes() == b"committed or not\n"


def test_a_job_that_was_killed_before_it_wrote_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old\n")
    opened(path, "append").close()

    out = opened(path, "append")
    out.append([b"new"])
    out.finish(good=True)

    assert path.read_bytes() == b"old\nnew\n"


def test_a_last_line_without_an_end_does_not_run_into_the_next(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"by hand")

    out = sink(path, "append")
    mark = out.open(None)
    out.append([b"ours"])
    out.finish(good=True)

    assert path.read_bytes() == b"by hand\nours\n"
    assert mark is not None
    assert mark.length == 8


@pytest.mark.parametrize("note", [b"", b"{}", b"[1]", b'{"job":1,"length":0,"clean":true}'])
def test_a_note_that_cannot_be_read_is_an_error_of_the_output(tmp_path: Path, note: bytes) -> None:
    path = tmp_path / "out"
    path.with_name(".out.crawler").write_bytes(note)

    with pytest.raises(OutputError, match="cannot read"):
        opened(path, "append")


def test_a_folder_in_place_of_the_note_is_an_error_of_the_output(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.with_name(".out.crawler.tmp").mkdir()

    with pytest.raises(OutputError, match="cannot write"):
        opened(path, "append")


# replace


def test_the_old_file_stays_until_a_good_end(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old\n")

    out = opened(path, "replace")
    out.append([b"half"])
    assert path.read_bytes() == b"old\n"
    out.finish(good=False)
    assert path.read_bytes() == b"old\n"
    out = opened(path, "replace")
    out.append([b"new"])
    out.finish(good=True)

    assert path.read_bytes() == b"new\n"
    assert not path.with_name(".out.part").exists()


def test_a_swap_that_fails_is_an_error_of_the_output(tmp_path: Path) -> None:
    path = tmp_path / "out"
    out = opened(path, "replace")
    (path / "folder").mkdir(parents=True)

    with pytest.raises(OutputError, match="cannot finish"):
        out.finish(good=True)

    out.close()


# A full disk

FULL = """
    import resource, sys
    from pathlib import Path
    from crawler.errors import OutputError
    from crawler.sinks.jsonl_sink import JsonlSink

    sink = JsonlSink("out", Path(sys.argv[1]), mode="new", job="shop", sync=False)
    sink.open(None)
    sink.append([b"whole"])
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
    try:
        sink.append([b"a line that is too long"])
    except OutputError as error:
        print(error)
    sink.append([b"fit"])
    sink.finish(good=True)
"""


def test_a_full_disk_leaves_no_part_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "out"

    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL), str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert "File too large" in ran.stdout
    assert path.read_bytes() == b"whole\nfit\n"
