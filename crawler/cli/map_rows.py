"""`crawler map pkg.mod:function INPUT -o OUT.jsonl`: a CPU batch over processes."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from crawler.cli.arguments import UsageError
from crawler.errors import OutputError

_UNSAFE = 6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a function, an input and an output."""
    parser.add_argument(
        "function", metavar="MODULE:FUNCTION", help="or file.py:function; gets a row, gives a value"
    )
    parser.add_argument(
        "input", metavar="INPUT", help=".jsonl, .csv or .txt, with or without .gz; - is stdin"
    )
    parser.add_argument(
        "-o", dest="output", required=True, metavar="OUT.jsonl",
        help="with or without .gz; - is stdout. Rows that fail go to OUT.errors.jsonl",
    )  # fmt: skip
    parser.add_argument("--workers", type=_workers, metavar="N", help="processes (default: auto)")
    parser.add_argument("--unordered", action="store_true", help="write values as they come")
    parser.add_argument("--fresh", action="store_true", help="begin anew, replacing OUT")
    parser.add_argument("--format", choices=("jsonl", "csv", "txt"), help="of INPUT")
    parser.add_argument("--timeout", default="20s", metavar="20s", help="for one row")
    parser.add_argument("--memory", metavar="1GiB", help="that a process may grow by")
    parser.add_argument(
        "--max-failed", default="5%", metavar="5%%", help="exit with 3 if more rows failed"
    )
    parser.add_argument("--cron", action="store_true", help="say nothing unless it is not good")


def _workers(text: str) -> int | None:
    if text == "auto":
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1_000):
        raise argparse.ArgumentTypeError(f"{text!r} is neither auto nor a number from 1 to 1000")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Run the batch; return its exit code.

    Raises:
        UsageError: A quantity makes no sense.
    """
    from crawler.app.batch.map_files import MapOptions, map_files
    from crawler.app.batch.map_rows import Wish
    from crawler.app.run.streams import Streams
    from crawler.cli.collector import settle
    from crawler.clock import SystemClock
    from crawler.config.units import duration, share, size
    from crawler.errors import OffloadError

    wish = Wish(
        function=options.function, ordered=not options.unordered, fresh=options.fresh,
        max_failed=_quantity(share, "--max-failed", options.max_failed),
        again=_again(),
    )  # fmt: skip
    wanted = MapOptions(
        wish=wish, input=options.input, output=options.output, format=options.format,
        workers=options.workers, timeout=_quantity(duration, "--timeout", options.timeout),
        memory=_quantity(size, "--memory", options.memory) if options.memory else None,
        level=-1 if options.cron else 0,
    )  # fmt: skip
    settle()
    stdin = None if sys.stdin is None else sys.stdin.buffer
    try:
        return map_files(wanted, Streams(_stdout(), sys.stderr, stdin), SystemClock())
    except OffloadError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.stderr.write("what was done is kept; the same command goes on, --fresh begins anew\n")
        return _UNSAFE


def _quantity(read: Callable[[object], Any], option: str, text: str) -> Any:
    from crawler.config.units import UnitError

    try:
        return read(text)
    except UnitError as error:
        raise UsageError(f"{option} {text!r} {error}; {error.hint}") from error


def _stdout() -> BinaryIO:
    if sys.stdout is None:
        raise OutputError("standard output is closed")
    return sys.stdout.buffer


def _again() -> str:
    """Return the command that goes on with this batch if it is interrupted."""
    name = Path(sys.argv[0]).name
    words = ["crawler"] if name == "crawler" else ["python", "-m", "crawler"]
    return shlex.join(words + [word for word in sys.argv[1:] if word != "--fresh"])
