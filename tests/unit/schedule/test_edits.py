"""One edit at a time, with a way back."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path

import pytest

from crawler.errors import BusyError, StateError
from crawler.schedule import edit_lock as module
from crawler.schedule.crontab_backup import back_up
from crawler.schedule.edit_lock import edit_lock
from crawler.schedule.machine_zone import machine_zone
from crawler.schedule.systemd_units import HEAD
from crawler.schedule.unit_files import job_timers, read_unit, write_unit


def test_a_second_edit_waits_and_then_gives_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BETWEEN", 0)
    path = tmp_path / "lock"

    with edit_lock(path), pytest.raises(BusyError, match="another `crawler cron`"), edit_lock(path):
        pass
    with edit_lock(path):
        pass


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StateError, match="cannot open"), edit_lock(tmp_path / "lock"):
        pass

    assert not (tmp_path / "elsewhere").exists()


def test_the_lock_is_let_go_when_an_edit_fails(tmp_path: Path) -> None:
    with pytest.raises(StateError), edit_lock(tmp_path / "lock"):
        raise StateError("no")

    with (tmp_path / "lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_backup_is_for_nobody_else_and_the_oldest_go(tmp_path: Path) -> None:
    paths = [back_up(b"\xff %d" % n, tmp_path, 1_700_000_000.5 + n) for n in range(25)]

    assert paths[-1].read_bytes() == b"\xff 24"
    assert stat.S_IMODE(paths[-1].stat().st_mode) == 0o600
    assert sorted(paths[-1].parent.iterdir()) == paths[5:]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_without_a_backup_nothing_is_changed(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    with pytest.raises(StateError, match="left as it is"):
        back_up(b"", tmp_path, 0)


def test_a_unit_that_is_somebody_elses_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "crawler-x.timer").write_text("[Timer]\n")

    assert job_timers(tmp_path) == {}
    with pytest.raises(StateError, match=r"is not of `crawler cron`"):
        read_unit(tmp_path / "crawler-x.timer")


def test_a_unit_is_read_as_it_was_written_and_an_edit_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "new" / "crawler-x.timer"
    text = f"{HEAD}\n# config: /a b/ü.yaml\n# base: /a b\n[Timer]\n"

    write_unit(path, text)
    unit = read_unit(path)
    path.write_text(path.read_text().replace("[Timer]", "[Timer]\nOnBootSec=1"))
    edited = read_unit(path)

    assert unit is not None
    assert edited is not None
    assert (unit.text, unit.intact, edited.intact) == (text, True, False)
    assert unit.facts == {"config": "/a b/ü.yaml", "base": "/a b"}
    assert dict(job_timers(path.parent)) == {"x": path}
    assert read_unit(tmp_path / "absent") is None


def test_the_zone_of_the_machine_is_that_of_localtime(tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    etc.mkdir()
    assert machine_zone(tmp_path).name == "UTC"

    (etc / "timezone").write_text("Asia/Tokyo\n")
    assert machine_zone(tmp_path).name == "Asia/Tokyo"

    (etc / "localtime").symlink_to("../usr/share/zoneinfo/Europe/Berlin")
    assert machine_zone(tmp_path).name == "Europe/Berlin"

    (etc / "localtime").unlink()
    (etc / "timezone").unlink()
    (etc / "localtime").write_bytes(b"no zone")
    assert machine_zone(tmp_path).name == "UTC"
