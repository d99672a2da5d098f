"""What the command line says about a run, beside its config."""

from __future__ import annotations

from pathlib import Path

import msgspec

from crawler.schedule.past_run import Trigger


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of one run.

    Attributes:
        base: Base of state, data and reports.
        mode: "auto" resumes what was interrupted, else refreshes an incremental job and begins any
            other afresh; "fresh", "refresh", "resume", or "retry", which asks again for what the
            last run gave up.
        classes: "retry": error classes that are asked for; None for all.
        reread: "refresh": only pages whose bodies are kept belong to the run, and are read anew.
        forget: Wipe the job's history first.
        output: Absolute path that replaces the config's outputs, "-" for standard output; None
            for them.
        limit: Items after which the run ends, None for no limit.
        level: How much is said; see `crawler.observe.console`.
        signals: Ctrl-C and SIGTERM end the run; False leaves them to whoever has the process.
        trigger: Who starts it, see `crawler.schedule.past_run`.
        program: What the user types to call this program.
        go_on: The command that goes on with the run if it is interrupted.
    """

    base: Path
    mode: str = "auto"
    classes: frozenset[str] | None = None
    forget: bool = False
    reread: bool = False
    output: str | None = None
    limit: int | None = None
    level: int = 0
    signals: bool = True
    trigger: Trigger = "hand"
    program: str = "crawler"
    go_on: str = ""
