"""The entry point: runs a command and turns every error into words and an exit code.

Heavy imports happen inside the commands, so that `--help` is quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from crawler.cli.arguments import UsageError, parse_arguments
from crawler.cli.collector import quiet_start
from crawler.errors import BusyError, ConfigError, OutputError, StateError

INTERNAL, USAGE, CANNOT_WRITE, BUSY = 1, 2, 5, 75

_CODES: tuple[tuple[type[Exception], int], ...] = (
    (ConfigError, USAGE),
    (BusyError, BUSY),
    (StateError, CANNOT_WRITE),
    (OutputError, CANNOT_WRITE),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    with quiet_start():
        return _run(sys.argv[1:] if argv is None else argv)


def _run(argv: Sequence[str]) -> int:
    try:
        options = parse_arguments(argv)
    except UsageError as error:
        return _fail(str(error), USAGE)
    try:
        if options.command == "validate":
            from crawler.cli.validate import validate

            return validate(options.configs, options.set)
        if options.command == "schema":
            from crawler.cli.schema import print_schema

            return print_schema()
        from crawler.cli.run import run

        return run(options)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - the last line of defence: words, not a traceback
        return _report(error, options)


def _report(error: BaseException, options: object) -> int:
    """Say what went wrong; the gravest of several decides the exit code."""
    errors = list(_leaves(error))
    known = [(code, one) for one in errors for kind, code in _CODES if isinstance(one, kind)]
    if len(known) == len(errors) and known:
        for text in dict.fromkeys(_text(one) for _, one in known):
            _say(text)
        return max(code for code, _ in known)
    if os.environ.get("CRAWLER_TRACEBACK"):
        raise error
    unknown = next(one for one in errors if not isinstance(one, tuple(kind for kind, _ in _CODES)))
    where = getattr(options, "dir", Path())
    _say(
        f"internal error: {type(unknown).__name__}: {unknown}; the state is as of the last commit,"
        f" the traceback is in run.log under {where / 'reports'}"
    )
    return INTERNAL


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _text(error: Exception) -> str:
    text = str(error)
    return text if isinstance(error, ConfigError) else f"error: {text}"


def _fail(text: str, code: int) -> int:
    _say(f"error: {text}")
    return code


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
