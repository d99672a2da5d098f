"""Whether a command works as cron will run it: with next to no environment."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path

#: Seconds for loading and checking a config.
_PATIENCE = 120


def tried_under_cron(line: str) -> str:
    """Run a line as cron does; return what it said if it failed, else nothing.

    Args:
        line: For `/bin/sh -c`, unescaped.
    """
    user = pwd.getpwuid(os.getuid())
    home = Path(user.pw_dir)
    env = {
        "HOME": str(home), "LOGNAME": user.pw_name, "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin",
    }  # fmt: skip
    try:
        ran = subprocess.run(
            ["/bin/sh", "-c", line], env=env, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=_PATIENCE, cwd=home if home.is_dir() else "/",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"it did not end within {_PATIENCE} s"
    except OSError as error:
        return f"/bin/sh cannot be run: {error.strerror}"
    if ran.returncode == 0:
        return ""
    said = (ran.stderr + ran.stdout).decode("utf-8", "replace").strip()
    return said or f"it ended with {ran.returncode}"
