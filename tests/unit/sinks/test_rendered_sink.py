from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from crawler.app.run.recovery import recover_outputs
from crawler.errors import ConfigError, OutputError
from tests.unit.sinks.rendered import (
    MODES,
    NAMES,
    STEPS,
    end,
    hidden,
    items_of,
    opened,
    put,
    sink,
    text_of,
    whole_run,
)

every_kind = pytest.mark.parametrize("name", NAMES)
every_mode = pytest.mark.parametrize("mode", MODES)

A, B, C = {"a": "1"}, {"a": "2", "b": "x"}, {"b": "y", "c": "3"}


# Any mode


@every_kind
@every_mode
def test_a_run_gives_its_items_and_leaves_nothing_else_but_the_note_of_a_shared_file(
    tmp_path: Path, name: str, mode: str
) -> None:
    path = tmp_path / name

    whole_run(path, mode, [A, B, C])

    assert items_of(path) == [A, B, C]
    assert hidden(path) == ([f".{name}.crawler"] if mode == "append" else [])


@every_kind
@every_mode
def test_there_is_no_file_before_the_end(tmp_path: Path, name: str, mode: str) -> None:
    out = opened(tmp_path / name, mode)
    put(out, [A])

    assert not (tmp_path / name).exists()
    out.close()


items = st.lists(
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["1", "x,y", 'q"', "l\nm"]),
                    min_size=1),
    max_size=3,
)  # fmt: skip


@settings(deadline=None)
@given(
    st.sampled_from(NAMES), st.sampled_from(MODES), items,
    st.lists(st.tuples(items, items, st.sampled_from(STEPS[:-1])), max_size=4), items,
)  # fmt: skip
def test_killed_between_any_two_steps_of_its_end_a_run_still_gives_each_item_once(
    name: str,
    mode: str,
    before: list[dict[str, str]],
    lives: list[tuple[list[dict[str, str]], list[dict[str, str]], str]],
    last: list[dict[str, str]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        if mode == "append":
            whole_run(path, mode, before)
        out, mark = sink(path, mode), None
        out.open(None)
        for committed, lost, step in lives:
            mark = put(out, committed)
            if step == "open":  # else the crawl was over, and everything was committed
                put(out, lost)
            end(out, step)
            recover_outputs([mark], "shop", needed=True)
            out = opened(path, mode, mark=mark)
        put(out, last)
        end(out)

        had = before if mode == "append" else []
        assert items_of(path) == had + [one for new, _, _ in lives for one in new] + last


@every_kind
@every_mode
def test_a_kill_once_the_end_is_on_record_leaves_nothing_in_the_way_of_the_next_run(
    tmp_path: Path, name: str, mode: str
) -> None:
    path = tmp_path / name
    out = opened(path, mode)
    put(out, [A])
    end(out, "finished")
    if mode == "new":
        path.rename(tmp_path / "kept")

    if mode == "new":
        with pytest.raises(OutputError, match=f"move it away, and delete .*{name}.crawler"):
            opened(path, mode)
    else:
        whole_run(path, mode, [B])
        assert items_of(path) == ([A, B] if mode == "append" else [B])


@every_kind
@every_mode
def test_a_resume_may_ask_for_another_mode(tmp_path: Path, name: str, mode: str) -> None:
    path = tmp_path / name
    out = opened(path, mode)
    mark = put(out, [A])
    end(out, "swapped")

    out = opened(path, "append", mark=mark)
    put(out, [B])
    end(out)

    assert items_of(path) == [A, B]


@every_mode
def test_two_jobs_cannot_write_at_once(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "out.csv"
    out = opened(path, mode, "one")

    with pytest.raises(OutputError, match="another job is writing to it now"):
        opened(path, mode, "two")

    out.close()


@every_mode
def test_a_file_that_another_job_has_not_finished_is_refused(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "out.csv"
    out = opened(path, mode, "one")
    mark = put(out, [A])
    out.close()

    with pytest.raises(OutputError, match="job 'one' did not finish writing to it"):
        opened(path, mode, "two")

    out = opened(path, mode, "one", mark=mark)
    end(out)
    assert items_of(path) == [A]


@pytest.mark.parametrize("mode", ["new", "append"])
def test_items_that_no_state_knows_any_more_are_not_thrown_away(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "out.csv"
    out = opened(path, mode)
    put(out, [A])
    out.close()

    with pytest.raises(OutputError, match="a run that is no longer known"):
        opened(path, mode)

    assert (tmp_path / ".out.csv.part").read_bytes() == b'{"a":"1"}\n'


@every_mode
def test_a_journal_that_changed_under_an_interrupted_run_is_left_alone(
    tmp_path: Path, mode: str
) -> None:
    path = tmp_path / "out.csv"
    out = opened(path, mode)
    mark = put(out, [A])
    out.close()
    (tmp_path / ".out.csv.part").write_bytes(b'{"a":"0"}\n')

    with pytest.raises(OutputError, match="not what the interrupted run left"):
        opened(path, mode, mark=mark)


def test_what_a_link_leads_to_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/there.csv").write_text("a\n0\n")
    (tmp_path / "out.csv").symlink_to("real/there.csv")

    whole_run(tmp_path / "out.csv", "append", [A])

    assert (tmp_path / "out.csv").is_symlink()
    assert (tmp_path / "real/there.csv").read_text() == "a\n0\n1\n"


def test_a_replaced_file_keeps_who_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old\n")
    path.chmod(0o640)

    whole_run(path, "replace", [A])

    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("note", [b"", b"{}", b"[1]", b'{"job":1,"clean":true}'])
def test_a_note_that_cannot_be_read_is_an_error_of_the_output(tmp_path: Path, note: bytes) -> None:
    (tmp_path / ".out.csv.crawler").write_bytes(note)

    with pytest.raises(OutputError, match="cannot read"):
        opened(tmp_path / "out.csv", "append")


@every_mode
def test_a_folder_in_place_of_the_file_is_an_error_of_the_output(tmp_path: Path, mode: str) -> None:
    (tmp_path / "out.csv").mkdir()

    with pytest.raises((OutputError, ConfigError), match=r"directory|exists already"):
        whole_run(tmp_path / "out.csv", mode, [A])


# new


@every_kind
def test_a_new_file_may_not_be_there_before(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"")

    with pytest.raises(ConfigError, match="exists already"):
        opened(path)

    path.unlink()
    opened(path).close()  # and the journal is not locked


def test_a_file_that_appears_while_a_run_goes_on_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    out = opened(path)
    mark = put(out, [A])
    path.write_text("mine\n")

    with pytest.raises(OutputError, match="put there or changed since this run began"):
        out.finish(good=True)
    out.close()
    with pytest.raises(OutputError, match="move it away and run again"):
        opened(path, mark=mark)
    assert path.read_text() == "mine\n"
    path.unlink()
    end(opened(path, mark=mark))
    assert items_of(path) == [A]


# replace


@every_kind
def test_the_old_file_stays_until_a_good_end(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    whole_run(path, "replace", [A])
    out = opened(path, "replace")
    put(out, [B])

    out.finish(good=False)
    out.settle()
    out.close()

    assert items_of(path) == [A]
    assert hidden(path) == [f".{name}.part"]  # what the run gave, to look at
    whole_run(path, "replace", [C])
    assert (items_of(path), hidden(path)) == ([C], [])


# append


@every_kind
def test_jobs_append_one_after_the_other(tmp_path: Path, name: str) -> None:
    path = tmp_path / name

    for job in ("one", "two", "one"):
        whole_run(path, "append", [{"job": job}], job)

    assert [item["job"] for item in items_of(path)] == ["one", "two", "one"]


@every_kind
def test_a_run_without_items_leaves_the_file_as_it_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    whole_run(path, "append", [A])
    before = path.stat()

    whole_run(path, "append", [])

    assert (path.stat().st_ino, path.stat().st_size) == (before.st_ino, before.st_size)


def test_new_columns_widen_the_file_and_its_old_rows(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(b'b,a\r\n"x, ""y""\nz",1\r\n2\r\n')

    whole_run(path, "append", [{"a": "3", "=c": "4"}])

    assert path.read_bytes() == b'b,a,\'=c\r\n"x, ""y""\nz",1,\r\n2,,\r\n,3,4\r\n'


def test_columns_without_news_cost_no_rewrite_of_the_rows_before(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(b'"a"\n"needlessly quoted"\nno end of line')

    whole_run(path, "append", [A])

    assert path.read_bytes() == b'"a"\n"needlessly quoted"\nno end of line\n1\n'


def test_gzip_grows_by_members(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a":"0"}', mtime=0))
    before = path.read_bytes()

    whole_run(path, "append", [A])

    assert path.read_bytes().startswith(before)
    assert text_of(path) == '{"a":"0"}\n{"a":"1"}\n'


@pytest.mark.parametrize(
    ("name", "there", "complaint"),
    [
        ("out.csv.gz", b"a,b\n1,2\n3,4\n5,6\n", "no whole gzip file"),
        ("out.jsonl.gz", b'{"a": "plain"}\n', "no whole gzip file"),
        ("out.csv", b"a,a\n", "two columns 'a'"),
        ("out.csv", b"\xff\xfea", "not UTF-8"),
        ("out.csv", b'a,"b\n1', "never ends"),
    ],
)
def test_what_cannot_be_appended_to_is_refused_before_the_crawl(
    tmp_path: Path, name: str, there: bytes, complaint: str
) -> None:
    path = tmp_path / name
    path.write_bytes(there)

    with pytest.raises(OutputError, match=complaint):
        opened(path, "append")

    assert path.read_bytes() == there


@pytest.mark.parametrize(
    ("name", "there", "complaint"),
    [
        ("out.jsonl.gz", gzip.compress(b"{}\n" * 9999, mtime=0)[:-9], "no whole gzip file"),
        ("out.csv", b"a\n1\n2,3\n", "more cells in row 2"),
    ],
)
def test_what_turns_out_to_be_broken_is_left_as_it_is_and_no_item_is_lost(
    tmp_path: Path, name: str, there: bytes, complaint: str
) -> None:
    path = tmp_path / name
    path.write_bytes(there)
    out = opened(path, "append")
    mark = put(out, [C])

    with pytest.raises(OutputError, match=complaint):
        out.finish(good=True)

    out.close()
    assert path.read_bytes() == there
    assert f".{name}.tmp" not in hidden(path)
    path.unlink()
    end(opened(path, "append", mark=mark))
    assert items_of(path) == [C]


def test_a_file_that_was_edited_between_a_swap_and_the_next_start_is_not_guessed_about(
    tmp_path: Path,
) -> None:
    path = tmp_path / "out.csv"
    whole_run(path, "append", [A])
    out = opened(path, "append")
    mark = put(out, [B])
    end(out, "swapped")
    path.write_text("a,b\n1,\n2,edited\n")

    with pytest.raises(OutputError, match="put there or changed"):
        opened(path, "append", mark=mark)

    assert path.read_text() == "a,b\n1,\n2,edited\n"


# Columns


def test_the_columns_that_are_asked_for_come_first_and_others_as_they_appear(
    tmp_path: Path,
) -> None:
    path = tmp_path / "out.csv"

    whole_run(path, "new", [{"z": 1, "a": 2}, {"y": 3, "b": None}], columns=("b", "a"))

    assert path.read_text() == "b,a,z,y\n,2,1,\n,,,3\n"


@pytest.mark.parametrize(("columns", "text"), [(("a", "b"), "a,b\n"), ((), "")])
@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz"])
def test_without_items_there_is_the_header_that_is_known(
    tmp_path: Path, name: str, columns: tuple[str, ...], text: str
) -> None:
    whole_run(tmp_path / name, "new", [], columns=columns)

    assert text_of(tmp_path / name) == text


def test_an_empty_file_gets_its_header_from_the_first_run_with_items(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.touch()

    whole_run(path, "append", [A])
    whole_run(path, "append", [{"a": "2"}])

    assert path.read_text() == "a\n1\n2\n"


def test_formulas_are_kept_where_that_is_asked_for(tmp_path: Path) -> None:
    whole_run(tmp_path / "safe.csv", "new", [{"=a": "=1"}])
    whole_run(tmp_path / "kept.csv", "new", [{"=a": "=1"}], formula_cells="keep")

    assert (tmp_path / "safe.csv").read_text() == "'=a\n'=1\n"
    assert (tmp_path / "kept.csv").read_text() == "=a\n=1\n"


def test_the_same_items_pack_to_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        whole_run(tmp_path / folder / "out.csv.gz", "new", [A, B])

    one, two = ((tmp_path / folder / "out.csv.gz").read_bytes() for folder in ("one", "two"))
    assert one == two
