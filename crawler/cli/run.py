"""`crawler CONFIG.yaml`: run a job."""

from __future__ import annotations

import argparse
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from crawler.app.exit_codes import BUSY
from crawler.cli.arguments import UsageError
from crawler.cli.job_word import tell
from crawler.cli.own_command import own_command
from crawler.cli.printing import stdout_bytes
from crawler.errors import BusyError, ConfigError

if TYPE_CHECKING:
    from crawler.app.run.options import RunOptions
    from crawler.config.load import LoadedJob
    from crawler.interfaces import Clock

#: Problems, of three lines each, that a mail names.
_MAILED = 6


def add_arguments(run: argparse.ArgumentParser) -> None:
    """Take a config file and the options of a run."""
    run.add_argument("config", type=Path, metavar="CONFIG.yaml")
    mode = run.add_mutually_exclusive_group()
    mode.add_argument("--fresh", action="store_true", help="begin anew, whatever was interrupted")
    mode.add_argument(
        "--refresh", action="store_true",
        help="of an incremental job: begin anew with all pages that are known",
    )  # fmt: skip
    mode.add_argument("--resume", action="store_true", help="go on, or fail if nothing can")
    run.add_argument("--forget", action="store_true", help="wipe the job's history first")
    add_run_options(run)


def add_run_options(run: argparse.ArgumentParser) -> None:
    """Take the options of a run that do not say how it begins."""
    run.add_argument(
        "--set", action="append", default=[], metavar="KEY.PATH=VALUE",
        help="change a setting; may be given several times",
    )  # fmt: skip
    run.add_argument(
        "--dir", type=Path, default=Path(), metavar="PATH",
        help="base of state, data and reports (default: the current directory)",
    )  # fmt: skip
    run.add_argument(
        "-o", dest="output", metavar="PATH", help="instead of the outputs; - is stdout"
    )
    run.add_argument("--limit", type=_count, metavar="N", help="end after N items")
    run.add_argument("--cron", action="store_true", help="say nothing unless the run is not good")
    run.add_argument(
        "--catch-up", action="store_true",
        help="do nothing unless schedule.catch_up is once and a run was missed",
    )  # fmt: skip
    loud = run.add_mutually_exclusive_group()
    loud.add_argument("-q", dest="level", action="store_const", const=-1, help="errors only")
    loud.add_argument("-v", dest="level", action="count", help="a line for each page; -vv: debug")


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Run the job that the command line names; return the exit code.

    Raises:
        UsageError: Two options exclude each other.
    """
    if options.forget and options.resume:
        raise UsageError("--forget wipes what --resume goes on with; use one of them")
    return run_config(options, mode=_mode(options), forget=options.forget)


def _mode(options: argparse.Namespace) -> str:
    """Return how the run begins; what is forgotten cannot be refreshed."""
    if options.fresh or options.forget:
        return "fresh"
    if options.refresh:
        return "refresh"
    return "resume" if options.resume else "auto"


def run_config(
    options: argparse.Namespace,
    *,
    mode: str,
    forget: bool = False,
    reread: bool = False,
    classes: frozenset[str] | None = None,
) -> int:
    """Run the job of `options.config`; return the exit code.

    Args:
        options: Those of `add_run_options`.
        mode: See `RunOptions`, as for the rest.
        reread: Read kept bodies anew.
        forget: Wipe the job's history first.
        classes: Error classes that a retry asks for again.
    """
    from crawler.app.job.page_tools import load_client
    from crawler.app.job.rehearsal import clock_of
    from crawler.app.run.options import RunOptions
    from crawler.app.run.recording import record_refusal
    from crawler.app.run.run_job import run_job
    from crawler.app.run.streams import Streams
    from crawler.cli.collector import settle
    from crawler.config.load import load_job

    output = options.output
    if output not in (None, "-"):
        # Unlike the outputs of a config it belongs to where the command is given, not to --dir.
        output = str(Path(output).absolute())
    wanted = RunOptions(
        base=options.dir, mode=mode, classes=classes, forget=forget, reread=reread,
        output=output,
        limit=options.limit,
        level=-1 if options.cron else options.level or 0, go_on=_go_on(options),
        program=own_command(), trigger=_trigger(options),
    )  # fmt: skip
    clock = clock_of(os.environ)
    try:
        loaded = load_job(options.config, overrides=options.set, environ=os.environ)
    except ConfigError as error:
        record_refusal(error, options.config, wanted, clock, tell)
        raise _for_mail(error, options) if options.cron else error from None
    if options.catch_up:
        from crawler.app.look.catching_up import is_to_catch_up

        if not is_to_catch_up(loaded.job, options.dir.absolute(), clock.wall()):
            return 0
    load_client(loaded.job)  # what its import makes is there to stay, too
    settle()
    stdin = None if sys.stdin is None else sys.stdin.buffer
    if options.cron:
        return _run_for_mail(loaded, wanted, stdin, clock)
    return run_job(loaded, wanted, Streams(_stdout(output), sys.stderr, stdin), clock)


def _run_for_mail(
    loaded: LoadedJob, wanted: RunOptions, stdin: BinaryIO | None, clock: Clock
) -> int:
    """Run a job whose every word would be mailed: nobody speaks unless something is wrong."""
    from crawler.app.run.held_output import hold_output
    from crawler.app.run.run_job import run_job
    from crawler.app.run.streams import Streams

    streams, held, wrong = Streams(_stdout(wanted.output), sys.stderr, stdin), hold_output(), True
    if held is not None:
        streams = Streams(held.stdout, held.stderr, stdin, held)
    try:
        code = run_job(loaded, wanted, streams, clock)
        wrong = code != 0
    except BusyError:  # on record, and no reason for a mail
        code, wrong = BUSY, False
    finally:
        if held is not None:
            held.let_go(wrong=wrong)
    return code


def _trigger(options: argparse.Namespace) -> Literal["hand", "cron", "systemd"]:
    """Return who starts the run."""
    if not options.cron:
        return "hand"
    # systemd tells the process that it starts its own number (systemd.exec(5)).
    return "systemd" if os.environ.get("SYSTEMD_EXEC_PID") == str(os.getpid()) else "cron"


def _for_mail(error: ConfigError, options: argparse.Namespace) -> ConfigError:
    """Return the first of many problems: what cron mails has 20 lines at most."""
    left = len(error.problems) - _MAILED
    if left <= 0:
        return error
    shorter = ConfigError(*error.problems[:_MAILED])
    shorter.add_note(
        f"{left} more: {own_command('validate', str(options.config), *_sets(options))}"
    )
    return shorter


def _stdout(output: str | None) -> BinaryIO:
    """Return standard output; a run that prints no items does without."""
    return io.BytesIO() if sys.stdout is None and output != "-" else stdout_bytes()


def _go_on(options: argparse.Namespace) -> str:
    """Return the command that goes on with this run if it is interrupted."""
    words = [str(options.config), "--resume"]
    if options.dir != Path():
        words += ["--dir", str(options.dir)]
    words += _sets(options)
    if options.output is not None:
        words += ["-o", options.output]
    if options.limit is not None:
        words += ["--limit", str(options.limit)]
    return own_command(*words)


def _sets(options: argparse.Namespace) -> list[str]:
    return [word for change in options.set for word in ("--set", change)]
