"""The entry point: runs a command and turns every error into words and an exit code.

Heavy imports happen inside the commands, so that `--help` is quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from crawler.app.exit_codes import INTERNAL, INTERRUPTED, USAGE, code_of, exit_code_of
from crawler.app.grouped import leaves
from crawler.cli import printing
from crawler.cli.arguments import UsageError, parse_arguments
from crawler.cli.collector import quiet_start
from crawler.cli.early_signals import early_signals
from crawler.errors import ConfigError, OutputError, Signalled


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    printing.set_up()
    with early_signals(), quiet_start():
        code = _run(sys.argv[1:] if argv is None else argv)
    return _flushed(code)


def _flushed(code: int) -> int:
    """Return the exit code, having printed what was still to be printed."""
    try:
        printing.flush()
    except OutputError as error:
        code = code or _report(error)
    printing.settle_stderr()
    return code


def _run(argv: Sequence[str]) -> int:
    try:
        options, command = parse_arguments(argv)
    except UsageError as error:
        _say(f"error: {error}")
        return USAGE
    try:
        return command(options)
    except UsageError as error:
        _say(f"error: {error}")
        return USAGE
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    except SystemExit as stop:
        # The code of a spider has no say in how a run is judged.
        _say(f"internal error: sys.exit({stop.code!r}) was called; the state is saved")
        return INTERNAL
    except Signalled as word:
        _report(word.error)
        return word.exit_code
    except Exception as error:  # noqa: BLE001 - the last line of defence: words, not a traceback
        return _report(error)


def _report(error: Exception) -> int:
    """Say what went wrong; the gravest of several decides the exit code.

    What a run adds to its errors, such as how to go on, is in their notes.
    """
    errors = list(leaves(error))
    notes = getattr(error, "__notes__", [])
    ours = [one for one in errors if code_of(one) is None]
    if not ours:
        for text in dict.fromkeys([*map(_text, errors), *notes]):
            _say(text)
        return exit_code_of(error)
    if os.environ.get("CRAWLER_TRACEBACK"):
        raise error
    _say(f"internal error: {type(ours[0]).__name__}: {ours[0]}")
    for note in notes or ["CRAWLER_TRACEBACK=1 in the environment shows the traceback"]:
        _say(note)
    return INTERNAL


def _text(error: BaseException) -> str:
    """Return an error's words; those of a place in a file begin with it already."""
    text = str(error)
    placed = isinstance(error, ConfigError) and any(p.source for p in error.problems)
    return text if placed or text.startswith("error: ") else f"error: {text}"


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
