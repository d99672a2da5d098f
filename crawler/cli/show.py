"""`crawler show RUN|NAME`: what a run was, did and left."""

from __future__ import annotations

import argparse
from pathlib import Path

from crawler.cli.own_command import own_command
from crawler.cli.printing import put, put_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a run and what to show of it."""
    parser.add_argument(
        "run",
        metavar="RUN|NAME",
        help="a run id, the folder of its report, or a job's name: its last run",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--failed", action="store_true", help="a line for each request that was given up"
    )
    which.add_argument("--skipped", action="store_true", help="each request skipped, by reason")
    parser.add_argument(
        "--json", action="store_true", help="for programs; lists are one object a line"
    )
    parser.add_argument(
        "--dir", type=Path, default=Path(), metavar="PATH",
        help="base of state, data and reports (default: the current directory)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Show a run; return 0.

    Raises:
        ConfigError: There is no such run.
        StateError: What it left cannot be read.
    """
    import msgspec

    from crawler.app.look.found_run import find_run
    from crawler.app.look.run_rows import GIVEN_UP, SKIPPED, run_rows
    from crawler.app.look.show_run import fact_lines, failed_lines, run_facts, skipped_lines

    found = find_run(options.dir.absolute(), options.run)
    if options.failed or options.skipped:
        if options.json:
            rows = run_rows(found, GIVEN_UP if options.failed else SKIPPED)
            put(_ascii(msgspec.json.encode(row)) for row in rows)
        else:
            put(failed_lines(found) if options.failed else skipped_lines(found))
        return 0
    facts = run_facts(found)
    if options.json:
        put_json(msgspec.to_builtins(facts))
    else:
        words = ["show", options.run, "--failed"]
        if options.dir != Path():
            words += ["--dir", str(options.dir)]
        put(fact_lines(facts, own_command(*words)))
    return 0


def _ascii(line: bytes) -> str:
    """Return a line of JSON that any standard output and any terminal can take."""
    return "".join(c if " " <= c <= "~" else _escaped(c) for c in line.decode())


def _escaped(letter: str) -> str:
    units = letter.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
