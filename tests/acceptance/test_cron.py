"""`crawler cron` on a crontab that is a file, which a stand-in for the `crontab` program keeps."""

from __future__ import annotations

import asyncio
import json
import shutil
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from tests.acceptance.conftest import Job, Ran

THEIRS = b"# mine, 50% of it \xff\r\nMAILTO=me@example.org\n\n*/5 * * * * true"
NIGHTLY = {"schedule": {"cron": "15 3 * * *"}}
PROGRAM = """\
#!/bin/sh
[ -n "$CRONTAB_FAILS" ] && { echo "$CRONTAB_FAILS" >&2; exit 1; }
case "$1" in
-l) [ -e "$KEPT" ] && exec cat "$KEPT"; echo "no crontab for somebody" >&2; exit 1 ;;
-r) exec rm "$KEPT" ;;
-) echo x >> "$KEPT.writes"; exec cat > "$KEPT" ;;
esac
echo "invalid option" >&2
exit 1
"""


class Machine:
    """A job, and a machine whose crontab is a file."""

    def __init__(self, job: Job, folder: Path) -> None:
        self.job = job
        self.kept = folder / "kept"
        self.units = folder / "units"
        program = folder / "bin" / "crontab"
        program.parent.mkdir(parents=True)
        program.write_text(PROGRAM)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self._env = {"PATH": f"{program.parent}:/usr/bin:/bin", "KEPT": str(self.kept)}

    async def cron(self, *words: str, **env: str) -> Ran:
        return await self.job.run("--", "cron", *words, env={**self._env, **env})

    @property
    def crontab(self) -> bytes:
        return self.kept.read_bytes()

    @property
    def writes(self) -> int:
        file = self.kept.with_name("kept.writes")
        return len(file.read_text().splitlines()) if file.exists() else 0


@pytest.fixture
def machine(job: Job, tmp_path: Path) -> Machine:
    return Machine(job, tmp_path / "machine")


async def test_a_job_is_installed_updated_and_removed_and_the_rest_is_byte_identical(
    machine: Machine,
) -> None:
    machine.kept.write_bytes(THEIRS)
    machine.job.write(**NIGHTLY)

    dry = await machine.cron("install", "job.yaml", "--dry-run")
    assert machine.crontab == THEIRS
    first = await machine.cron("install", "job.yaml")
    installed = machine.crontab
    again = await machine.cron("install", "job.yaml")
    assert (machine.writes, machine.crontab) == (1, installed)
    machine.job.write(schedule={"cron": "20 4 * * *"})
    listed = await machine.cron("list")
    changed = await machine.cron("install", "job.yaml")
    updated = machine.crontab
    removed = await machine.cron("remove", "job.yaml")

    assert [ran.code for ran in (dry, first, again, listed, changed, removed)] == [0] * 6
    assert b"+15 3 * * *" in dry.out
    assert b"installed into the crontab" in first.out
    assert b"unchanged" in again.out
    assert b"install it again" in listed.out
    assert installed.startswith(THEIRS + b"\n# >>> crawler job >>>")
    assert updated.count(b"crawler job") == 2
    assert (b"15 3 * * *" in updated, b"20 4 * * *" in updated) == (False, True)
    assert machine.crontab == THEIRS
    backups = sorted((machine.job.folder / "state/.crontab").iterdir())
    assert [one.read_bytes() for one in backups] == [THEIRS, installed, updated]


async def test_the_line_of_the_crontab_runs_the_job_in_crons_environment_without_a_word(
    machine: Machine,
) -> None:
    machine.job.site.tree(2)
    machine.job.write(**NIGHTLY)
    await machine.cron("install", "job.yaml")
    (entry,) = (line for line in machine.crontab.splitlines() if line.startswith(b"15 3"))
    command = entry.split(None, 5)[5].decode().replace(r"\%", "%")

    process = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", command, cwd="/", env={"PATH": "/usr/bin:/bin", "HOME": "/"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()

    assert (process.returncode, said) == (0, b"")
    assert sorted(machine.job.paths()) == ["/", "/leaf0", "/leaf1"]


async def test_a_job_that_makes_up_for_missed_runs_has_a_line_for_the_start_of_the_machine(
    machine: Machine,
) -> None:
    machine.job.write(schedule={"cron": "15 3 * * *", "catch_up": "once"})

    await machine.cron("install", "job.yaml")
    listed = json.loads((await machine.cron("list", "--json")).out)

    (line,) = (one for one in machine.crontab.splitlines() if one.startswith(b"@reboot "))
    assert line.endswith(b"--cron --catch-up")
    assert (listed[0]["standing"], len(listed[0]["next"])) == ("current", 3)


async def test_the_next_runs_are_shown_and_listed_for_programs(machine: Machine) -> None:
    machine.job.write(schedule={"cron": "15 3 * * *", "timezone": "Asia/Kolkata", "jitter": "10m"})

    installed = await machine.cron("install", "job.yaml")
    listed = json.loads((await machine.cron("list", "--json")).out)

    said = installed.out.decode()
    assert "Asia/Kolkata" in said
    assert said.count(" 03:15 ") == 3
    assert "up to 10 min later" in said
    (found,) = listed
    assert (found["job"], found["where"], found["standing"]) == ("job", "crontab", "current")
    assert (found["cron"], found["timezone"]) == ("15 3 * * *", "Asia/Kolkata")
    assert len(found["next"]) == 3


@pytest.mark.parametrize(
    ("cut", "says"),
    [
        (lambda raw: raw.rpartition(b"# <<<")[0], "line 1 has the block of 'job' without its end"),
        (lambda raw: raw + raw, "begins a second block of 'job'"),
        (lambda raw: raw.replace(b"15 3", b"16 3"), "was edited by hand"),
    ],
)
async def test_a_damaged_block_is_left_alone_with_what_to_do(
    machine: Machine, cut: object, says: str
) -> None:
    machine.job.write(**NIGHTLY)
    await machine.cron("install", "job.yaml")
    damaged = cut(machine.crontab)  # type: ignore[operator]
    machine.kept.write_bytes(damaged)

    for action in ("install", "remove"):
        ran = await machine.cron(action, "job.yaml")
        assert ran.code == 5
        assert says in ran.err
        assert machine.crontab == damaged


async def test_what_was_edited_by_hand_is_written_over_only_by_force(machine: Machine) -> None:
    machine.job.write(**NIGHTLY)
    await machine.cron("install", "job.yaml")
    whole = machine.crontab
    machine.kept.write_bytes(whole.replace(b"15 3", b"16 3"))

    listed = await machine.cron("list")
    ran = await machine.cron("install", "job.yaml", "--force")

    assert b"what is installed was edited by hand; install --force writes over it" in listed.out
    assert ran.code == 0
    assert machine.crontab == whole


async def test_a_crontab_that_cannot_be_read_is_never_written_over(machine: Machine) -> None:
    machine.kept.write_bytes(THEIRS)
    machine.job.write(**NIGHTLY)

    for words in (("install", "job.yaml"), ("remove", "job"), ("list",)):
        ran = await machine.cron(*words, CRONTAB_FAILS="crontab: disk error")
        assert ran.code == 5
        assert "disk error" in ran.err
        assert machine.crontab == THEIRS
    assert machine.writes == 0


async def test_a_second_job_of_the_same_name_is_refused(machine: Machine) -> None:
    machine.job.write(**NIGHTLY)
    await machine.cron("install", "job.yaml")
    before = machine.crontab
    shutil.copy(machine.job.file, machine.job.folder / "other.yaml")

    config = await machine.cron("install", "other.yaml")
    folder = await machine.cron("install", "job.yaml", "--dir", "elsewhere")
    systemd = await machine.cron("install", "job.yaml", "--systemd", "--units", str(machine.units))
    removed = await machine.cron("remove", "other.yaml")

    assert [ran.code for ran in (config, folder, systemd, removed)] == [2, 2, 2, 2]
    assert "another job of the name 'job'" in config.err
    assert "elsewhere" not in folder.out.decode()
    assert "the crontab starts 'job' already" in systemd.err
    assert "of another config" in removed.err
    assert machine.crontab == before


@pytest.mark.parametrize(
    ("schedule", "says"),
    [
        (None, "schedule.cron is missing"),
        ({"jitter": "5m"}, "schedule.cron is missing"),
        ({"cron": "0 3 31 2 *"}, "there is no 31 February"),
        ({"cron": "0 3 * * *", "timezone": "Europe/Atlantis"}, "is no time zone"),
        ({"cron": "0 0 1 * *", "timezone": "Asia/Kolkata"}, "use --systemd"),
    ],
)
async def test_what_cannot_be_scheduled_is_refused_and_the_crontab_left_alone(
    machine: Machine, schedule: object, says: str
) -> None:
    machine.kept.write_bytes(THEIRS)
    machine.job.write(schedule=schedule)

    ran = await machine.cron("install", "job.yaml")

    assert ran.code == 2
    assert says in ran.err
    assert machine.crontab == THEIRS


async def test_variables_that_cron_does_not_know_come_from_a_file(machine: Machine) -> None:
    machine.job.write(args={"token": "${TOKEN}"}, **NIGHTLY)

    missing = await machine.cron("install", "job.yaml", TOKEN="of this shell")
    (machine.job.folder / "env").write_text("# secrets\nTOKEN='a b'\n")
    given = await machine.cron("install", "job.yaml", "--env-file", "env")
    listed = await machine.cron("list")

    assert missing.code == 2
    assert "TOKEN is not set" in missing.err
    assert "--env-file" in missing.err
    assert given.code == 0
    assert b"a b" not in machine.crontab
    assert b"install it again" not in listed.out


async def test_a_job_whose_config_is_gone_is_listed_and_can_be_removed(machine: Machine) -> None:
    machine.job.write(**NIGHTLY)
    await machine.cron("install", "job.yaml")
    machine.job.file.unlink()

    listed = await machine.cron("list")
    removed = await machine.cron("remove", "job.yaml")
    nothing = await machine.cron("list")

    assert b"its config cannot be used" in listed.out
    assert removed.code == 0
    assert not machine.kept.exists()
    assert nothing.out == b"nothing is installed\n"


async def test_all_jobs_are_removed_at_once(machine: Machine) -> None:
    machine.kept.write_bytes(THEIRS + b"\n")
    for name in ("one", "other"):
        machine.job.write(name=name, **NIGHTLY)
        shutil.copy(machine.job.file, machine.job.folder / f"{name}.yaml")
        await machine.cron("install", f"{name}.yaml")

    ran = await machine.cron("remove", "--all", "--json")
    assert ran.err == ""

    assert [one["job"] for one in json.loads(ran.out)] == ["one", "other"]
    assert machine.crontab == THEIRS + b"\n"


async def test_units_are_written_listed_and_removed(machine: Machine) -> None:
    machine.job.write(schedule={"cron": "15 3 * * *", "timezone": "Europe/Berlin"})
    folder = ("--units", str(machine.units))

    installed = await machine.cron("install", "job.yaml", "--systemd", *folder)
    again = await machine.cron("install", "job.yaml", "--systemd", *folder)
    (listed,) = json.loads((await machine.cron("list", "--json", *folder)).out)
    names = sorted(path.name for path in machine.units.iterdir())
    removed = await machine.cron("remove", "job.yaml", "--systemd", *folder)

    assert [ran.code for ran in (installed, again, removed)] == [0, 0, 0]
    assert names == ["crawler-job.service", "crawler-job.timer"]
    assert b"unchanged" in again.out
    assert (listed["where"], listed["standing"]) == ("systemd", "current")
    assert list(machine.units.iterdir()) == []


async def test_what_would_be_written_can_be_printed(machine: Machine) -> None:
    machine.job.write(schedule={"cron": "15 3 * * *", "timezone": "Asia/Kolkata"})

    block = (await machine.cron("print", "job.yaml")).out.decode()
    units = (await machine.cron("print", "job.yaml", "--systemd")).out.decode()
    cluster = (await machine.cron("print", "job.yaml", "--k8s")).out

    assert block.startswith("# >>> crawler job >>>\n")
    assert "\n45 21 * * * cd " in block
    assert "OnCalendar=*-*-* 03:15:00 Asia/Kolkata" in units
    assert yaml.safe_load(cluster)["spec"]["timeZone"] == "Asia/Kolkata"
    assert not machine.kept.exists()
    assert machine.job.untouched


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("cron", "ACTION"),
        ("cron instal job.yaml", "invalid choice"),
        ("cron install", "CONFIG.yaml"),
        ("cron install absent.yaml", "absent.yaml"),
        ("cron remove", "remove which job?"),
        ("cron remove job --all", "remove which job?"),
        ("cron install job.yaml --units x", "--units goes with --systemd"),
        ("cron install job.yaml --dry-rum", "did you mean --dry-run?"),
        ("cron list nobody", "nobody is not installed"),
        ("cron install job.yaml --env-file none", "none cannot be read"),
    ],
)
async def test_a_wrong_command_line_is_answered_with_what_to_do(
    machine: Machine, words: str, says: str
) -> None:
    machine.job.write(**NIGHTLY)

    ran = await machine.cron(*words.split()[1:])

    assert (ran.code, ran.out) == (2, b"")
    assert says in ran.err
    assert not machine.kept.exists()
