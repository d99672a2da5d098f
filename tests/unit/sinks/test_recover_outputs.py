from __future__ import annotations

import tempfile
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from crawler.app.run.recovery import recover_outputs
from crawler.errors import OutputError
from crawler.interfaces import Mark
from crawler.sinks.jsonl_sink import JsonlSink

MODES = ["new", "append", "replace"]
lines = st.lists(st.binary(max_size=30).map(lambda line: line.hex().encode()), max_size=4)


def sink(path: Path, mode: str, job: str = "shop") -> JsonlSink:
    return JsonlSink("out", path, mode=mode, job=job, sync=False)


def began(path: Path, mode: str, job: str = "shop") -> tuple[JsonlSink, Mark]:
    made = sink(path, mode, job)
    mark = made.open(None)
    assert mark is not None
    return made, mark


def written_by(path: Path, mode: str) -> Path:
    return path.with_name(f".{path.name}.part") if mode == "replace" else path


@given(
    st.sampled_from(MODES), st.lists(lines, max_size=4), lines, st.binary(max_size=30),
    st.booleans(), lines,
)  # fmt: skip
def test_after_a_kill_each_file_holds_what_was_committed_and_a_resume_adds_to_it(
    mode: str,
    committed: list[list[bytes]],
    uncommitted: list[bytes],
    torn: bytes,
    resumed: bool,
    later: list[bytes],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out"
        out, mark = began(path, mode)
        for batch in committed:
            mark = out.append(batch) or mark
        out.append(uncommitted)
        out.close()  # which says no more than a kill would
        with written_by(path, mode).open("ab") as file:
            file.write(torn)

        recover_outputs([mark], "shop", needed=resumed)
        kept = b"".join(line + b"\n" for batch in committed for line in batch)
        assert written_by(path, mode).read_bytes() == kept

        again = sink(path, mode)
        again.open(mark)
        again.append(later)
        again.finish(good=True)
        assert path.read_bytes() == kept + b"".join(line + b"\n" for line in later)


def test_a_kill_between_the_swap_and_the_end_of_the_run_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old\n")
    out, _ = began(path, "replace")
    mark = out.append([b"new"])
    assert mark is not None
    out.finish(good=True)

    recover_outputs([mark], "shop", needed=True)
    again = sink(path, "replace")
    again.open(mark)
    assert path.read_bytes() == b"new\n"
    again.append([b"and newer"])
    again.finish(good=True)

    assert path.read_bytes() == b"new\nand newer\n"


def test_a_kill_between_the_end_of_an_append_file_and_that_of_the_run_spares_what_others_add(
    tmp_path: Path,
) -> None:
    path = tmp_path / "out"
    out, _ = began(path, "append")
    mark = out.append([b"ours"])
    assert mark is not None
    out.finish(good=True)
    other, _ = began(path, "append", "other")
    other.append([b"theirs"])
    other.finish(good=True)

    recover_outputs([mark], "shop", needed=True)
    again = sink(path, "append")
    again.open(mark)
    again.append([b"ours again"])
    again.finish(good=True)

    assert path.read_bytes() == b"ours\ntheirs\nours again\n"


def test_an_append_file_that_another_job_writes_to_by_now_is_not_cut(tmp_path: Path) -> None:
    path = tmp_path / "out"
    out, _ = began(path, "append")
    mark = out.append([b"ours"])
    assert mark is not None
    out.finish(good=True)
    other, _ = began(path, "append", "other")
    other.append([b"theirs, committed or not"])
    other.close()

    recover_outputs([mark], "shop", needed=True)

    assert path.read_bytes() == b"ours\ntheirs, committed or not\n"
    with pytest.raises(OutputError, match="job 'other' did not finish"):
        sink(path, "append").open(mark)


@pytest.mark.parametrize("mode", MODES)
def test_a_recovered_append_file_is_open_to_other_jobs(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "out"
    out, _ = began(path, mode)
    mark = out.append([b"kept"])
    assert mark is not None
    out.append([b"lost"])
    out.close()

    recover_outputs([mark], "shop", needed=False)

    assert path.with_name(".out.crawler").exists() is (mode == "append")
    if mode == "append":
        other, mark = began(path, mode, "other")
        other.close()
        assert mark.length == 5


@pytest.mark.parametrize("mode", ["new", "replace"])
@pytest.mark.parametrize("needed", [True, False])
def test_a_file_that_is_gone_matters_only_to_a_run_that_goes_on(
    tmp_path: Path, mode: str, needed: bool
) -> None:
    path = tmp_path / "out"
    out, _ = began(path, mode)
    mark = out.append([b"kept"])
    assert mark is not None
    out.close()
    written_by(path, mode).unlink()

    if needed:
        with pytest.raises(OutputError, match="not what the interrupted run left"):
            recover_outputs([mark], "shop", needed=True)
    else:
        recover_outputs([mark], "shop", needed=False)

    assert not written_by(path, mode).exists()


def test_an_older_file_is_not_taken_for_the_one_that_was_built_aside(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old\n")
    out, _ = began(path, "replace")
    mark = out.append([b"new"])
    assert mark is not None
    out.close()
    written_by(path, "replace").unlink()

    recover_outputs([mark], "shop", needed=False)

    assert path.read_bytes() == b"old\n"
    assert not written_by(path, "replace").exists()
