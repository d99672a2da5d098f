"""The command line of this program, as whoever reads it can type it."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

#: Set by a script that starts us, as `scripts/run` does: its own name.
CALLED = "CRAWLER_CALLED"


def own_command(*words: str) -> str:
    """Return a command of the crawler with these words, quoted for a shell."""
    called = os.environ.get(CALLED)
    if called:
        return shlex.join([called, *words])
    if Path(sys.argv[0]).name == "crawler":
        return shlex.join(["crawler", *words])
    return shlex.join(["python", "-m", "crawler", *words])
