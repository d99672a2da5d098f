"""Runs the properties of everything that reads what strangers write, on many examples.

    python -m scripts.soak.fuzz [--examples N] [--only PART] [--seed N]

The tests run the same properties on 200 examples each, or 100. Prints of each how many examples it
got, how many failures differ from each other, and what its slowest example took; then each failure.
An example that takes longer than `PATIENCE` is a failure. Exits with 1 if there is one.
"""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from functools import wraps
from types import FrameType
from typing import Any, NamedTuple

from hypothesis import HealthCheck, is_hypothesis_test, settings
from hypothesis import seed as seeded

from tests.property.examples import SOAK

#: Seconds that one example may take.
PATIENCE = 20

#: Modules of tests whose properties are run; stateful tests and those with fixtures are not.
MODULES = (
    "tests.property.test_addresses",
    "tests.property.test_codings",
    "tests.property.test_cookies",
    "tests.property.test_files",
    "tests.property.test_pages",
    "tests.property.test_robots",
    "tests.unit.config.test_any_shape",
    "tests.unit.config.test_config_dialect",
    "tests.unit.config.test_units",
    "tests.unit.config.test_yaml_document",
    "tests.unit.extract.test_dates",
    "tests.unit.extract.test_element_text",
    "tests.unit.extract.test_encoding",
    "tests.unit.extract.test_json_text",
    "tests.unit.extract.test_links",
    "tests.unit.extract.test_list_dates",
    "tests.unit.extract.test_main_text",
    "tests.unit.extract.test_structured_data",
    "tests.unit.extract.test_url_list",
    "tests.unit.fetch.test_answer_head",
    "tests.unit.fetch.test_answer_stream",
    "tests.unit.fetch.test_cookie_jar",
    "tests.unit.fetch.test_http_date",
    "tests.unit.fetch.test_retry_after",
    "tests.unit.observe.test_console",
    "tests.unit.policy.test_robots_lines",
    "tests.unit.policy.test_robots_rules",
    "tests.unit.sinks.test_csv_text",
    "tests.unit.sources.test_url_lines",
    "tests.unit.spider.test_extraction",
    "tests.unit.spider.test_item_schema",
    "tests.unit.spider.test_payload",
    "tests.unit.spider.test_steps",
    "tests.unit.test_expressions",
    "tests.unit.test_globs",
    "tests.unit.test_url_patterns",
    "tests.unit.test_urls",
    "tests.unit.workers.process.test_messages",
)


class Property(NamedTuple):
    """One property: where it stands, its name, and the test."""

    module: str
    name: str
    test: Any  # the wrapper that Hypothesis makes has attributes of its own


class Tried(NamedTuple):
    """What came of a property.

    Attributes:
        examples: How many it was run on.
        slowest: Seconds of the slowest.
        failures: Those that differ, in words.
    """

    examples: int
    slowest: float
    failures: list[str]


class TooSlow(Exception):
    """An example takes longer than it may."""


def properties(only: str) -> Iterator[Property]:
    """Yield the properties whose place or name has this in it."""
    for module in MODULES:
        for name, test in tuple(vars(importlib.import_module(module)).items()):
            if not name.startswith("test_") or not is_hypothesis_test(test):
                continue
            if _needs_no_fixture(test) and only in f"{module}.{name}":
                yield Property(module.removeprefix("tests."), name, test)


def _needs_no_fixture(test: Callable[..., object]) -> bool:
    # What Hypothesis gives is not among the parameters of the test that it makes.
    code = test.__code__
    return code.co_argcount + code.co_kwonlyargcount == 0


def tried(one: Property) -> Tried:
    """Run a property on as many examples as the profile says."""
    inner = one.test.hypothesis.inner_test
    times: list[float] = [0.0]
    count = 0

    @wraps(inner)
    def timed(*values: object, **named: object) -> object:
        nonlocal count
        count += 1
        signal.alarm(PATIENCE)
        began = time.perf_counter()
        try:
            return inner(*values, **named)
        finally:
            signal.alarm(0)
            times[0] = max(times[0], time.perf_counter() - began)

    one.test.hypothesis.inner_test = timed
    failures: list[str] = []
    try:
        one.test()
    except BaseExceptionGroup as group:
        failures = [_words(error) for error in group.exceptions]
    except Exception as error:  # noqa: BLE001 - whatever a property finds is what is looked for
        failures = [_words(error)]
    finally:
        one.test.hypothesis.inner_test = inner
    return Tried(count, times[0], failures)


def _words(error: BaseException) -> str:
    notes = "\n".join(getattr(error, "__notes__", ()))
    return "".join(traceback.format_exception(error, limit=-3)) + notes


def _too_slow(number: int, frame: FrameType | None) -> None:
    raise TooSlow(f"more than {PATIENCE} s")


def main() -> int:
    """Run what the command line asks for and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=20_000, metavar="N")
    parser.add_argument("--only", default="", metavar="PART", help="of a module's or test's name")
    parser.add_argument("--seed", type=int, help="the same examples each time")
    arguments = parser.parse_args()
    # Before the tests are imported: each takes its settings from the profile as it is made.
    settings.register_profile(
        SOAK, max_examples=arguments.examples, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), report_multiple_bugs=True, print_blob=True,
    )  # fmt: skip
    settings.load_profile(SOAK)
    signal.signal(signal.SIGALRM, _too_slow)
    print("property | examples | failures | slowest example")
    failures: list[str] = []
    total = 0
    for one in properties(arguments.only):
        if arguments.seed is not None:
            seeded(arguments.seed)(one.test)
        found = tried(one)
        total += found.examples
        failures += [f"{one.module}.{one.name}:\n{words}" for words in found.failures]
        slowest = f"{found.slowest * 1e3:.1f} ms"
        print(f"{one.module}.{one.name} | {found.examples:,} | {len(found.failures)} | {slowest}",
              flush=True)  # fmt: skip
    print(f"{total:,} examples, {len(failures)} failures")
    print("\n\n".join(failures), file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
