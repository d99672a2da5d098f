"""Outputs made at the end, of a run that did not come to it: recovered, resumed or given up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crawler.app.run.left_outputs import left_outputs
from crawler.app.run.recovery import recover_outputs, settle_outputs
from crawler.errors import OutputError
from crawler.interfaces import Mark
from tests.unit.sinks.rendered import (
    MODES,
    NAMES,
    end,
    hidden,
    items_of,
    opened,
    put,
    text_of,
    whole_run,
)

every_kind = pytest.mark.parametrize("name", NAMES)
every_mode = pytest.mark.parametrize("mode", MODES)

A, B, LOST = {"a": "1"}, {"a": "2"}, {"a": "lost"}


def killed(path: Path, mode: str, job: str = "shop", **more: Any) -> Mark:
    """Leave a run behind that committed A, but not what follows it."""
    out = opened(path, mode, job, **more)
    mark = put(out, [A])
    put(out, [LOST])
    out.close()
    with path.with_name(f".{path.name}.part").open("ab") as torn:
        torn.write(b'{"a":"to')
    return mark


@every_kind
@every_mode
def test_a_resume_goes_on_with_what_was_committed(tmp_path: Path, name: str, mode: str) -> None:
    path = tmp_path / name
    mark = killed(path, mode)

    recover_outputs([mark], "shop", needed=True)
    assert not path.exists()
    out = opened(path, mode, mark=mark)
    put(out, [B])
    end(out)

    assert items_of(path) == [A, B]


@every_kind
def test_what_a_run_that_is_given_up_committed_gets_into_its_file(
    tmp_path: Path, name: str
) -> None:
    new, shared = tmp_path / "new" / name, tmp_path / "shared" / name
    marks = [killed(new, "new", columns=("z",)), killed(shared, "append")]

    for _ in range(2):  # a kill may come right after it
        recover_outputs(marks, "shop", needed=False)
    settle_outputs(marks, "shop")
    whole_run(shared, "append", [B])

    assert (items_of(new), items_of(shared)) == ([A], [A, B])
    assert (hidden(new), hidden(shared)) == ([], [f".{name}.crawler"])
    assert ".csv" not in name or text_of(new).startswith("z,a\n")


@every_kind
def test_a_set_to_replace_another_is_dropped_with_its_run(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    whole_run(path, "replace", [B])
    mark = killed(path, "replace")

    recover_outputs([mark], "shop", needed=False)

    assert items_of(path) == [B]
    whole_run(path, "replace", [A])
    assert items_of(path) == [A]


@every_kind
def test_a_run_that_was_given_up_can_still_go_on_if_none_took_its_place(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    mark = killed(path, "append")
    recover_outputs([mark], "shop", needed=False)

    recover_outputs([mark], "shop", needed=True)
    out = opened(path, "append", mark=mark)
    put(out, [B])
    end(out)

    assert items_of(path) == [A, B]


@every_mode
@pytest.mark.parametrize("needed", [True, False])
def test_a_journal_that_is_gone_matters_only_to_a_run_that_goes_on(
    tmp_path: Path, mode: str, needed: bool
) -> None:
    path = tmp_path / "out.csv"
    mark = killed(path, mode)
    (tmp_path / ".out.csv.part").unlink()

    if needed:
        with pytest.raises(OutputError, match="not what the interrupted run left"):
            recover_outputs([mark], "shop", needed=True)
    else:
        recover_outputs([mark], "shop", needed=False)

    assert not path.exists()


@every_mode
def test_a_journal_that_changed_is_left_alone(tmp_path: Path, mode: str) -> None:
    mark = killed(tmp_path / "out.csv", mode)
    journal = tmp_path / ".out.csv.part"
    journal.write_bytes(b'{"a":"edited"}\n')

    for needed in (True, False):
        with pytest.raises(OutputError, match="not what the interrupted run left"):
            recover_outputs([mark], "shop", needed=needed)

    assert journal.read_bytes() == b'{"a":"edited"}\n'


def test_the_journal_of_another_job_is_not_ours_to_cut(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    mark = killed(path, "append")
    for one in tmp_path.iterdir():
        one.unlink()
    theirs = opened(path, "append", "other")
    put(theirs, [A, B])
    theirs.close()

    recover_outputs([mark], "shop", needed=True)
    settle_outputs([mark], "shop")

    assert (tmp_path / ".out.csv.part").read_bytes() == b'{"a":"1"}\n{"a":"2"}\n'


def test_settling_leaves_outputs_of_other_kinds_alone(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("{}\n")

    settle_outputs([Mark("out", str(path), 3, "")], "shop")

    assert path.read_text() == "{}\n"


# An output that a resume has no more


@every_kind
@every_mode
def test_an_output_that_was_taken_out_of_the_config_gets_what_it_had_coming(
    tmp_path: Path, name: str, mode: str
) -> None:
    path = tmp_path / name
    mark = killed(path, mode)
    recover_outputs([mark], "shop", needed=True)

    (left,) = left_outputs([mark], {"other"}, "shop")
    left.sink.open(mark)
    assert left.sink.append([b'{"a":"for others"}']) is None
    left.sink.finish(good=True)
    left.sink.settle()
    left.sink.close()

    if mode == "replace":  # half a set replaces nothing
        assert not path.exists()
    else:
        assert items_of(path) == [A]


def test_an_output_that_the_run_still_has_is_not_left(tmp_path: Path) -> None:
    mark = killed(tmp_path / "out.csv", "new")
    jsonl = Mark("lines", str(tmp_path / "out.jsonl"), 3, "")

    assert list(left_outputs([mark, jsonl], {"out"}, "shop")) == []
