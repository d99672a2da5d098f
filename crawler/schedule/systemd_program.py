"""systemd on this machine: where its units lie, and the commands that make it know of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from crawler.errors import StateError

_PATIENCE = 60


class Systemd:
    """The manager of the machine (for root), or that of the user.

    Args:
        folder: Where units are put instead, without telling systemd of them: for other machines.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.system = os.geteuid() == 0
        self.apart = folder is not None
        self.folder = folder or (Path("/etc/systemd/system") if self.system else _users_folder())

    def check_running(self) -> None:
        """Make sure that systemd runs here.

        Raises:
            StateError: It does not, so that its timers would never start anything.
        """
        if self.apart or Path("/run/systemd/system").is_dir():
            return
        raise StateError(
            "systemd does not run on this machine: a timer would start nothing\n"
            "leave --systemd out for the crontab; `print --systemd` or `--units DIR` give units "
            "for another machine"
        )

    def verify(self, *units: Path) -> str:
        """Return what `systemd-analyze verify` objects to; empty if nothing, or it is not there."""
        program = shutil.which("systemd-analyze")
        if program is None:
            return ""
        # Of warnings about units of others, which it looks at too, only ours count.
        ran = _run([program, "verify", *self._whose(), "--man=no", *map(str, units)])
        names = [unit.name for unit in units]
        said = (ran.stderr + ran.stdout).splitlines()
        ours = [line for line in said if any(name in line for name in names)]
        return "\n".join(ours) if ran.returncode or ours else ""

    def enable(self, timer: str) -> None:
        """Start a timer, now and after each boot.

        Raises:
            StateError: systemd refuses.
        """
        if self.apart:
            return
        self._tell("daemon-reload")
        self._tell("enable", timer)
        # A timer that was running keeps its old times until it is started anew.
        self._tell("restart", timer)

    def disable(self, timer: str) -> None:
        """Stop a timer for good; a run that goes on is left alone.

        Raises:
            StateError: systemd refuses.
        """
        if not self.apart and Path("/run/systemd/system").is_dir():
            self._tell("disable", "--now", timer)

    def reload(self) -> None:
        """Let systemd see that units are gone."""
        if not self.apart and Path("/run/systemd/system").is_dir():
            self._tell("daemon-reload")

    def lingers(self) -> bool:
        """Tell whether timers go on when the user logs out; units of the machine always do."""
        if self.system or self.apart:
            return True
        program = shutil.which("loginctl")
        if program is None:
            return True
        ran = _run([program, "show-user", str(os.getuid()), "--property=Linger", "--value"])
        return ran.stdout.strip() == "yes"

    def _whose(self) -> list[str]:
        return ["--system"] if self.system else ["--user"]

    def _tell(self, *words: str) -> None:
        program = shutil.which("systemctl")
        if program is None:
            raise StateError("there is no command systemctl on this machine")
        command = [program, *self._whose(), "--no-ask-password", *words]
        ran = _run(command)
        if ran.returncode:
            said = (ran.stderr or ran.stdout).strip()
            raise StateError(f"{' '.join(command)} ended with {ran.returncode}: {said}")


def _users_folder() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "systemd" / "user"


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=_PATIENCE,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise StateError(f"{command[0]} did not end within {_PATIENCE} s") from None
    except OSError as error:
        raise StateError(f"cannot run {command[0]}: {error.strerror}") from error
