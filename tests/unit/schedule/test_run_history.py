"""The history of runs, in a real file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from crawler.errors import StateError
from crawler.schedule import history_file, run_history
from crawler.schedule.past_run import KILLED, MACHINE_DOWN, Planned
from crawler.schedule.run_history import Counts, Left, PastRun, RunBegan, RunEnded, RunHistory

COUNTS = Counts(pages=10, items=8, failed=1, bytes=4_000, peak_rss_bytes=70_000_000)


def began(job: str = "books", started: float = 1_000.0, **more: object) -> RunBegan:
    return msgspec.structs.replace(RunBegan(job=job, started=started, pid=7, host="vm"), **more)


def ended(code: int = 0, at: float = 1_060.0, **more: object) -> RunEnded:
    return msgspec.structs.replace(RunEnded(ended=at, exit=code, reason="finished"), **more)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state/runs.sqlite"


def test_a_run_is_on_record_from_its_begin_to_its_end(path: Path, tmp_path: Path) -> None:
    history = RunHistory(path)
    plan = Planned(cron="15 3 * * *", zone="Europe/Berlin", slack=600)
    number = history.began(began(trigger="cron", config="/srv/books.yaml", planned=plan))
    (running,) = history.recent("books", 5)
    history.named(number, "r1", tmp_path / "reports/books/r1", resumed=False)

    history.ended(number, ended(3, why="no items", counts=COUNTS))

    assert (running.standing, running.run, running.counts) == ("running", None, None)
    (run,) = history.recent("books", 5)
    assert run == PastRun(
        number=number, job="books", standing="ended", started=1_000.0, run="r1", ended=1_060.0,
        exit=3, reason="finished", why="no items", pid=7, host="vm", trigger="cron",
        counts=COUNTS, report=str(tmp_path / "reports/books/r1"), config="/srv/books.yaml",
        planned=plan,
    )  # fmt: skip
    assert run.duration == 60
    assert run.summary == tmp_path / "reports/books/r1/summary.json"
    assert run.bad
    assert not run.good


def test_the_last_start_comes_first_and_jobs_are_apart(path: Path) -> None:
    history = RunHistory(path)
    for started in (1.0, 2.0, 3.0):
        history.ended(history.began(began("a", started)), ended())
    history.began(began("b", 4.0))

    assert [run.started for run in history.recent("a", 2)] == [3.0, 2.0]
    assert [run.started for run in history.recent_of_all(9)] == [4.0, 3.0, 2.0, 1.0]
    page = history.recent_of_all(2)
    assert [run.started for run in history.recent_of_all(2, page[-1].number)] == [2.0, 1.0]
    assert history.jobs() == ["a", "b"]


def test_what_was_not_run_is_on_record_too(path: Path) -> None:
    history = RunHistory(path)
    history.skipped(began(), "pid 3 holds the lock")
    history.refused(began(started=2_000.0), "unknown key")

    refused, skipped = history.recent("books", 5)

    assert (skipped.standing, skipped.exit, skipped.why) == ("skipped", 75, "pid 3 holds the lock")
    assert (refused.standing, refused.exit, refused.why) == ("refused", 2, "unknown key")
    assert (skipped.bad, refused.bad) == (False, True)


def test_a_run_whose_lock_is_free_has_crashed(path: Path) -> None:
    RunHistory(path).began(began(boot="b1"))

    def recorded(boot: tuple[str, str] | None) -> PastRun:
        return RunHistory(path, lambda _: False, boot).recent("books", 1)[0]

    assert recorded(None).standing == "crashed"
    assert recorded(None).reason == KILLED
    assert recorded(("vm", "b1")).reason == KILLED
    assert recorded(("vm", "b2")).reason == MACHINE_DOWN
    assert recorded(("elsewhere", "b2")).reason == KILLED
    assert RunHistory(path, lambda _: True).recent("books", 1)[0].standing == "running"


def test_the_next_start_of_a_job_settles_what_crashed_before_it(path: Path) -> None:
    history = RunHistory(path, boot=("vm", "b2"))
    history.began(began(boot="b1"))
    history.began(began("other", boot="b1"))

    second = history.began(began(started=2_000.0, boot="b2"), Left(seen=1_500.0, counts=COUNTS))

    run, crashed = history.recent("books", 5)
    assert (run.number, run.standing) == (second, "running")
    assert (crashed.standing, crashed.reason) == ("crashed", MACHINE_DOWN)
    assert (crashed.duration, crashed.counts) == (500.0, COUNTS)
    assert history.recent("other", 1)[0].standing == "running"


def test_what_has_not_said_how_it_ended_is_found_behind_what_was_turned_away(path: Path) -> None:
    history = RunHistory(path, lambda _: False)
    number = history.began(began())
    history.skipped(began(), "busy")

    left = history.unsettled("books")

    assert left is not None
    assert left == history.start(number)
    history.ended(number, ended())
    assert history.unsettled("books") is None
    assert history.start(99) is None


def test_a_resumed_run_keeps_its_id_and_has_one_more_start(path: Path, tmp_path: Path) -> None:
    history = RunHistory(path)
    history.named(history.began(began()), "r1", tmp_path, resumed=False)
    history.named(history.began(began(started=2_000.0)), "r1", tmp_path, resumed=True)

    first, second = history.starts_of("r1")

    assert (first.standing, first.resumed) == ("crashed", False)
    assert (second.standing, second.resumed) == ("running", True)


def test_the_oldest_starts_of_a_job_are_forgotten(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_history, "KEPT", 3)
    history = RunHistory(path)
    history.began(began("rare", 0.0))

    for started in range(1, 6):
        history.began(began(started=float(started)))

    assert [run.started for run in history.recent_of_all(9)] == [5.0, 4.0, 3.0, 0.0]


def test_without_a_file_there_is_no_history_and_none_is_made(path: Path) -> None:
    history = RunHistory(path)

    assert (history.recent("books", 1), history.jobs()) == ([], [])
    assert not path.parent.exists()


def test_an_empty_file_becomes_a_history(path: Path) -> None:
    path.parent.mkdir()
    path.touch()

    RunHistory(path).began(began())

    assert RunHistory(path).jobs() == ["books"]


def garbage(path: Path) -> None:
    path.write_bytes(b"no database" * 500)


def of_another_program(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (value)")
    db.close()


def of_a_newer_version(path: Path) -> None:
    RunHistory(path).began(began())
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version={history_file.VERSION + 1}")
    db.close()


def torn(path: Path) -> None:
    RunHistory(path).began(began())
    raw = bytearray(path.read_bytes())
    raw[4_096:] = b"\xff" * (len(raw) - 4_096)
    path.write_bytes(raw)


def with_odd_values(path: Path) -> None:
    RunHistory(path).began(began())
    with sqlite3.connect(path) as db:
        db.execute("UPDATE start SET standing = 'asleep'")
    db.close()


@pytest.mark.parametrize("spoil", [garbage, of_another_program, of_a_newer_version, torn])
def test_a_file_that_cannot_be_used_is_an_error_in_words_and_left_alone(
    path: Path, spoil: Callable[[Path], None]
) -> None:
    path.parent.mkdir()
    spoil(path)
    before = path.read_bytes()

    with pytest.raises(StateError, match=r"runs\.sqlite"):
        RunHistory(path).recent("books", 1)
    with pytest.raises(StateError, match=r"runs\.sqlite"):
        RunHistory(path).began(began())

    assert path.read_bytes() == before


def test_values_that_nobody_put_there_are_damage(path: Path) -> None:
    path.parent.mkdir()
    with_odd_values(path)

    with pytest.raises(StateError, match="damaged"):
        RunHistory(path).recent("books", 1)


def test_an_older_file_is_brought_up_also_when_it_is_only_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    RunHistory(path).began(began())
    monkeypatch.setattr(history_file, "UPGRADES", {1: "CREATE TABLE more (value TEXT) STRICT;"})
    monkeypatch.setattr(history_file, "VERSION", 2)

    assert len(RunHistory(path).recent("books", 1)) == 1

    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (2,)
        assert db.execute("SELECT count(*) FROM more").fetchone() == (0,)
    db.close()


def test_it_is_read_while_somebody_writes(path: Path) -> None:
    history = RunHistory(path)
    history.began(began())

    with closing(history_file.opened(path)) as db, history_file.transaction(db, path):
        db.execute("UPDATE start SET job = 'half done'")
        seen = history.recent("books", 1)

    assert len(seen) == 1


def test_a_folder_that_cannot_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")

    with pytest.raises(StateError, match=r"runs\.sqlite"):
        RunHistory(tmp_path / "state/runs.sqlite").began(began())


def test_a_file_that_is_taken_away_during_a_run_is_missed(path: Path) -> None:
    history = RunHistory(path)
    history.hold()
    number = history.began(began())
    path.unlink()

    with pytest.raises(StateError, match="taken away"):
        history.ended(number, ended())
    history.close()
