from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from crawler.schedule.cron_environment import tried_under_cron
from crawler.schedule.start_command import StartCommand, escaped

ODD = "a b%c \"d\" 'e' $HOME;f"


def command(
    base: Path, python: str = "/usr/bin/printf", env_file: Path | None = None
) -> StartCommand:
    return StartCommand(python=python, config=base / "x.yaml", base=base, env_file=env_file)


def test_a_crontab_line_names_everything_by_its_whole_path() -> None:
    line = command(Path("/srv/crawl"), "/srv/crawl/.venv/bin/python").crontab_command()

    assert line == (
        "cd /srv/crawl && env PYTHONUTF8=1 PATH=/srv/crawl/.venv/bin:/usr/local/bin:/usr/bin:/bin "
        "/srv/crawl/.venv/bin/python -m crawler /srv/crawl/x.yaml --dir /srv/crawl --cron"
    )


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_odd_paths_reach_the_program_as_they_are(tmp_path: Path, shell: str) -> None:
    base = tmp_path / ODD
    base.mkdir()
    start = command(base)
    line = start.shell_line(["/usr/bin/printf", "%s\\n", *start.words()[3:]])

    ran = subprocess.run([shell, "-c", line], capture_output=True, text=True, check=True)

    assert ran.stdout.splitlines() == [str(base / "x.yaml"), "--dir", str(base), "--cron"]


def test_percents_are_escaped_as_cron_undoes_it() -> None:
    line = command(Path("/srv/50%")).crontab_command()

    assert "%" not in line.replace(r"\%", "")
    assert line.replace(r"\%", "%") == command(Path("/srv/50%")).shell_line(
        command(Path("/srv/50%")).words()
    )
    assert escaped("a") == "a"


def test_cron_knows_nothing_of_this_shell_but_what_the_file_of_variables_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "of this shell")
    file = tmp_path / "my env"
    file.write_text("TOKEN='of the file'\n")
    show = ["sh", "-c", 'test "$TOKEN" = "$1" || { echo "it is <$TOKEN>"; exit 3; }', "sh"]

    bare = tried_under_cron(command(tmp_path).shell_line([*show, ""]))
    filled = tried_under_cron(command(tmp_path, env_file=file).shell_line([*show, "of the file"]))
    wrong = tried_under_cron(command(tmp_path, env_file=file).shell_line([*show, ""]))

    assert (bare, filled, wrong) == ("", "", "it is <of the file>")
    assert tried_under_cron("exit 4") == "it ended with 4"
