"""The command with which a scheduler starts a job: all paths absolute, nothing taken for granted.

cron gives a job little: `PATH=/usr/bin:/bin`, `/bin/sh`, the home folder, no virtual environment
and no locale.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

#: Where programs are that a step of the user's own may call.
_PROGRAMS = "/usr/local/bin:/usr/bin:/bin"


class StartCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What starts a job.

    Attributes:
        python: The interpreter, absolute, that of the virtual environment.
        config: The job file, absolute.
        base: Base of state, data and reports, absolute.
        env_file: A file of variables, absolute; None without one.
    """

    python: str
    config: Path
    base: Path
    env_file: Path | None = None

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment that the command needs."""
        folder = str(Path(self.python).parent)
        return {"PYTHONUTF8": "1", "PATH": f"{folder}:{_PROGRAMS}"}

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path in it."""
        paths = [self.python, str(self.config), str(self.base)]
        return (*paths, *([str(self.env_file)] if self.env_file else []))

    def words(self, *more: str) -> list[str]:
        """Return the command without the environment.

        Args:
            more: Options behind the usual ones.
        """
        words = [self.python, "-m", "crawler", str(self.config), "--dir", str(self.base)]
        return [*words, "--cron", *more]

    def shell_line(self, words: Sequence[str]) -> str:
        """Return a line for `sh`, and for most that stand in its place, that runs these words."""
        before = ["cd", str(self.base)]
        line = shlex.join(before)
        if self.env_file is not None:
            line += f" && set -a && . {shlex.quote(str(self.env_file))} && set +a"
        env = ["env", *(f"{name}={value}" for name, value in self.variables.items())]
        return f"{line} && {shlex.join([*env, *words])}"

    def crontab_command(self) -> str:
        """Return the sixth field of a line of a crontab."""
        return escaped(self.shell_line(self.words()))


def escaped(command: str) -> str:
    r"""Return a command as a crontab holds it: an unescaped `%` would be a line break."""
    return command.replace("%", r"\%")
