"""`crawler retry NAME|CONFIG.yaml`: ask again for what the job's last run gave up."""

from __future__ import annotations

import argparse
from pathlib import Path

from crawler.cli.arguments import UsageError
from crawler.cli.run import add_run_options, run_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take a job and the error classes to retry."""
    parser.add_argument("job", metavar="NAME|CONFIG.yaml", help="a job that has been run")
    parser.add_argument(
        "--class", dest="classes", action="append", metavar="CLASS,...",
        help="only these error classes, as in timeout,dns (default: all)",
    )  # fmt: skip
    add_run_options(parser)


def run(options: argparse.Namespace) -> int:
    """Retry; return the exit code.

    Raises:
        UsageError: An error class that there is not.
        ConfigError: The job's config cannot be found.
    """
    from crawler.app.job.known_jobs import config_of

    classes = None if options.classes is None else _classes(options.classes)
    word = options.job
    options.config = Path(word)
    if not (word.endswith((".yaml", ".yml")) or options.config.is_file()):
        options.config = config_of(options.dir.absolute(), word)
    return run_config(options, mode="retry", classes=classes)


def _classes(given: list[str]) -> frozenset[str]:
    """Return the error classes that the command line names.

    Raises:
        UsageError: There is no such class.
    """
    from crawler.config.suggest import did_you_mean
    from crawler.outcome import ErrorClass

    known = [str(one) for one in ErrorClass]
    words = [word.strip() for part in given for word in part.split(",") if word.strip()]
    for word in words:
        if word not in known:
            hint = did_you_mean(word, known) or f"there are {', '.join(sorted(known))}"
            raise UsageError(f"--class {word}: no such error class; {hint}")
    if not words:
        raise UsageError("--class of what? As in --class timeout,dns")
    return frozenset(words)
