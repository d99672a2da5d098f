"""`crawler transcode INPUT... -o DIR`: videos of one kind, size and quality, over processes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from crawler.cli.arguments import UsageError
from crawler.cli.own_command import own_command
from crawler.errors import OutputError

_CODECS = ("h264", "hevc", "vp9", "av1")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take inputs, an output folder, and what the videos are to become."""
    parser.add_argument(
        "inputs", nargs="+", metavar="INPUT",
        help="a video, a 'pattern', a folder, or a .jsonl whose lines have a path",
    )  # fmt: skip
    parser.add_argument(
        "-o", dest="output", required=True, metavar="DIR",
        help="outputs, and transcode.jsonl with a line for every input",
    )  # fmt: skip
    parser.add_argument("--codec", choices=_CODECS, default="h264", help="(default: h264)")
    parser.add_argument(
        "--height", type=_whole, metavar="480", help="pixels; lower videos stay as they are"
    )
    parser.add_argument("--crf", type=_whole, metavar="N", help="quality: less is better, larger")
    parser.add_argument("--preset", metavar="P", help="effort, as the encoder names it")
    parser.add_argument("--workers", type=_count, metavar="N", help="at a time (default: auto)")
    parser.add_argument(
        "--threads-per-job", type=_count, metavar="N",
        help="of each (default: auto, so that all together have the cores)",
    )  # fmt: skip
    parser.add_argument("--timeout", default="6h", metavar="6h", help="for one video")
    parser.add_argument("--stall", default="2m", metavar="2m", help="without progress of one")
    parser.add_argument(
        "--max-pixels", default="8192x4320", metavar="8192x4320", help="of an input's picture"
    )
    parser.add_argument("--max-duration", default="24h", metavar="24h", help="of an input")
    parser.add_argument(
        "--on-exists", choices=("skip", "replace"), default="skip",
        help="what to do with a file that is in an output's place and was not made here",
    )  # fmt: skip
    parser.add_argument("--fresh", action="store_true", help="make everything anew")
    parser.add_argument("--json", action="store_true", help="print the result to standard output")
    parser.add_argument("--cron", action="store_true", help="say nothing unless it is not good")


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number")
    return int(text)


def _count(text: str) -> int | None:
    if text == "auto":
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1_000):
        raise argparse.ArgumentTypeError(f"{text!r} is neither auto nor a number from 1 to 1000")
    return int(text)


def run(options: argparse.Namespace, again: str = "") -> int:
    """Make the videos; return the exit code.

    Args:
        options: As `add_arguments` defines them.
        again: The command that does the same, for messages; the crawler's own if empty.

    Raises:
        UsageError: A quantity makes no sense.
    """
    from crawler.app.batch.transcode_files import transcode_files
    from crawler.app.run.streams import Streams
    from crawler.cli.collector import settle
    from crawler.clock import SystemClock

    words = [word for word in sys.argv[1:] if word != "--fresh"]
    wanted = _options(options, again or own_command(*words))
    settle()
    return transcode_files(wanted, Streams(_stdout(), sys.stderr), SystemClock())


def _options(options: argparse.Namespace, again: str) -> Any:
    from crawler.app.batch.transcode_files import TranscodeOptions
    from crawler.config.units import duration

    return TranscodeOptions(
        inputs=tuple(options.inputs), output=options.output,
        codec=options.codec, height=options.height, crf=options.crf, preset=options.preset,
        max_pixels=_pixels(options.max_pixels),
        max_duration=_quantity(duration, "--max-duration", options.max_duration),
        workers=options.workers, threads=options.threads_per_job,
        timeout=_quantity(duration, "--timeout", options.timeout),
        stall=_quantity(duration, "--stall", options.stall),
        replace=options.on_exists == "replace", fresh=options.fresh, json=options.json,
        level=-1 if options.cron else 0, again=again,
    )  # fmt: skip


def _pixels(text: str) -> int:
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit() and 0 < int(width) * int(height) < 2**31):
        raise UsageError(f"--max-pixels {text!r}: write it as 8192x4320")
    return int(width) * int(height)


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
