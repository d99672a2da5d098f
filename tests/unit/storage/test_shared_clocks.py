from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from crawler.fail_points import VARIABLE as FAIL_POINT
from crawler.storage import host_table
from crawler.storage.byte_locks import ByteLocks
from crawler.storage.host_table import HostTable, key_of
from crawler.storage.own_folder import VARIABLE, own_folder
from crawler.storage.shared_clocks import SharedClocks

HOST = "a.example"
T = 1000.0


class NewJob(Protocol):
    def __call__(self) -> SharedClocks: ...


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def new_job(tmp_path: Path, said: list[str]) -> Iterator[NewJob]:
    made: list[SharedClocks] = []

    def make() -> SharedClocks:
        made.append(SharedClocks({VARIABLE: str(tmp_path / "run")}, said.append))
        return made[-1]

    yield make
    for job in made:
        job.close()


def asks(job: SharedClocks, now: float, delay: float = 1.0, at_once: int = 1) -> float:
    return job.take_turn(HOST, delay=delay, concurrency=at_once, now=now)


def ends(job: SharedClocks, now: float, delay: float = 1.0) -> None:
    job.end_turn(HOST, delay=delay, sent=None, now=now)


def test_a_job_alone_is_never_kept_from_what_its_own_delay_allows(
    new_job: NewJob, said: list[str]
) -> None:
    job, now = new_job(), T
    for _ in range(50):
        assert asks(job, now, delay=0.3) == now
        ends(job, now + 0.1, delay=0.3)
        now += 0.3

    assert said == []


def test_two_jobs_share_the_delay_of_a_host_and_say_so_once(
    new_job: NewJob, said: list[str]
) -> None:
    first, second = new_job(), new_job()
    assert asks(first, T) == T
    ends(first, T)
    assert asks(second, T + 0.2) == T + 1.0
    assert asks(first, T + 1.0) > T + 1.0

    assert asks(second, T + 1.0) == T + 1.0
    assert said == [f"another job asks {HOST} too; they take turns, and its delay is kept"]


def test_other_hosts_are_not_concerned(new_job: NewJob) -> None:
    first, second = new_job(), new_job()
    assert asks(first, T) == T

    assert second.take_turn("b.example", delay=1.0, concurrency=1, now=T) == T


def test_a_request_in_flight_keeps_another_job_out_however_long_it_takes(new_job: NewJob) -> None:
    first, second = new_job(), new_job()
    assert asks(first, T) == T

    assert asks(second, T + 100.0) > T + 100.0
    ends(first, T + 100.0)
    assert asks(second, T + 101.0) == T + 101.0


def test_a_request_of_a_process_that_was_stopped_is_not_waited_for_for_ever(
    new_job: NewJob,
) -> None:
    first, second = new_job(), new_job()
    assert asks(first, T) == T

    assert asks(second, T + 301.0) == T + 301.0


def test_as_many_requests_are_in_flight_over_all_jobs_as_one_may_have(new_job: NewJob) -> None:
    first, second = new_job(), new_job()
    assert asks(first, T, at_once=2) == T
    assert asks(second, T + 1.0, at_once=2) == T + 1.0

    assert asks(first, T + 2.0, at_once=2) > T + 2.0
    ends(second, T + 2.0)
    assert asks(first, T + 3.0, at_once=2) == T + 3.0


def test_a_host_that_asks_to_be_left_alone_is_by_every_job(new_job: NewJob) -> None:
    first, second = new_job(), new_job()

    first.leave_alone(HOST, T + 600.0, T)

    assert asks(second, T) == T + 600.0


def test_the_requests_of_a_job_that_ended_badly_are_waited_for_once_more(new_job: NewJob) -> None:
    first, second = new_job(), new_job()
    assert asks(first, T) == T
    first.close()

    assert asks(second, T + 50.0) == T + 51.0
    assert asks(second, T + 51.0) == T + 51.0


def test_what_was_sent_without_a_turn_counts_too(new_job: NewJob) -> None:
    first, second = new_job(), new_job()

    first.end_turn(HOST, delay=2.0, sent=T, now=T)

    assert asks(second, T) == T + 2.0


_DYING = """
import os, sys, time
from crawler.storage.shared_clocks import SharedClocks
job = SharedClocks(os.environ, print)
job.take_turn("a.example", delay=1.0, concurrency=1, now=time.monotonic())
"""


@pytest.mark.parametrize("point", ["turn.write.before", "turn.write.after"])
def test_a_process_that_is_killed_as_it_takes_a_turn_leaves_nothing_locked(
    new_job: NewJob, tmp_path: Path, point: str
) -> None:
    # The first record that is written gives the host its slot, the second is the turn.
    env = {**os.environ, VARIABLE: str(tmp_path / "run"), FAIL_POINT: f"{point}:2:kill"}
    died = subprocess.run([sys.executable, "-c", _DYING], env=env, check=False)
    assert died.returncode == -9
    job, at = new_job(), time.monotonic()
    tries = 0
    while (later := asks(job, at)) > at:
        assert later <= at + 1.0
        at, tries = later, tries + 1

    # Nobody knows whether the request went out before its process died.
    assert tries == (0 if point == "turn.write.before" else 2)


def test_ten_thousand_hosts_are_one_open_file(new_job: NewJob) -> None:
    job = new_job()
    assert asks(job, T) == T
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(10_000):
        assert job.take_turn(f"h{number}.example", delay=1.0, concurrency=1, now=T) == T
        job.end_turn(f"h{number}.example", delay=1.0, sent=T, now=T)

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def crowded(count: int) -> list[str]:
    """Return hosts that share a bucket."""
    found: list[str] = []
    number = 0
    while len(found) < count:
        name = f"h{number}.example"
        if key_of(name) % host_table._BUCKETS == 5:
            found.append(name)
        number += 1
    return found


def test_a_host_that_finds_no_slot_waits_until_one_is_not_needed_any_more(new_job: NewJob) -> None:
    job, hosts = new_job(), crowded(17)
    for name in hosts[:16]:
        assert job.take_turn(name, delay=1.0, concurrency=1, now=T) == T
        job.end_turn(name, delay=1.0, sent=T, now=T)

    assert job.take_turn(hosts[16], delay=1.0, concurrency=1, now=T) > T
    assert job.take_turn(hosts[16], delay=1.0, concurrency=1, now=T + 9.0) == T + 9.0
    assert job.take_turn(hosts[0], delay=1.0, concurrency=1, now=T + 9.0) > T + 9.0  # found anew
    assert job.take_turn(hosts[0], delay=1.0, concurrency=1, now=T + 9.1) == T + 9.1


def test_a_file_of_an_earlier_boot_is_begun_anew(
    new_job: NewJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(host_table, "_BOOT", tmp_path / "boot")
    (tmp_path / "boot").write_text("one\n")
    new_job().leave_alone(HOST, T + 9_000.0, T)
    (tmp_path / "boot").write_text("two\n")

    assert asks(new_job(), 10.0) == 10.0


@pytest.mark.parametrize("rubbish", [b"", b"crawler", b"\xff" * 3_000_000])
def test_a_file_of_rubbish_is_begun_anew(new_job: NewJob, tmp_path: Path, rubbish: bytes) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / host_table.NAME).write_bytes(rubbish)

    assert asks(new_job(), T) == T
    assert asks(new_job(), T) > T


def test_a_file_that_was_tidied_away_is_made_anew_where_others_find_it(
    new_job: NewJob, tmp_path: Path
) -> None:
    first = new_job()
    assert asks(first, T) == T
    ends(first, T)
    (tmp_path / "run" / host_table.NAME).unlink()

    assert asks(first, T + 61.0) == T + 61.0
    assert asks(new_job(), T + 61.0) > T + 61.0


def test_a_file_that_another_makes_this_instant_is_waited_for(
    new_job: NewJob, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    handle = os.open(tmp_path / "run" / host_table.NAME, os.O_RDWR | os.O_CREAT, 0o600)
    assert ByteLocks(handle).take(host_table._MAKING)
    job = new_job()

    assert asks(job, T) > T
    os.close(handle)
    assert asks(job, T) == T


# Where it cannot be


def test_without_a_folder_a_job_goes_on_alone_and_says_so_once(
    tmp_path: Path, said: list[str]
) -> None:
    (tmp_path / "file").touch()
    job = SharedClocks({VARIABLE: str(tmp_path / "file")}, said.append)

    assert asks(job, T) == asks(job, T) == T
    ends(job, T)
    job.leave_alone(HOST, T + 5, T)
    assert len(said) == 1
    assert said[0].startswith("warning: other jobs of this machine are not known")
    assert "file" in said[0]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")

    with pytest.raises(OSError, match="no folder"):
        own_folder({VARIABLE: str(tmp_path / "link")})


def test_a_file_that_is_a_link_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / host_table.NAME).symlink_to("/etc/passwd")

    with pytest.raises(OSError, match="symbolic links"):
        HostTable(tmp_path)


def test_a_folder_that_others_may_write_into_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)

    with pytest.raises(OSError, match="others may write"):
        own_folder({VARIABLE: str(tmp_path / "open")})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes folders of others")
def test_a_folder_of_another_user_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o700)
    os.chown(tmp_path / "theirs", 65_534, 65_534)

    with pytest.raises(OSError, match="another user"):
        own_folder({VARIABLE: str(tmp_path / "theirs")})


def test_the_folder_is_the_same_under_cron_and_in_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    login = {"XDG_RUNTIME_DIR": "/run/user/1000", "TMPDIR": "/tmp/user/1000"}

    assert own_folder(login) == own_folder({}) == Path(f"/tmp/crawler-{os.geteuid()}")
