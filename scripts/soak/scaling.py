"""Inputs made to slow a parser down, at two sizes: what is linear takes twice as long for twice.

    python -m scripts.soak.scaling [--size BYTES]

Prints for each input the time at the size and at twice the size, and the ratio. A ratio beyond
`WORST` on an input that takes long enough to be measured is a fault, and so is whatever takes
longer than `PATIENCE`. Exits with 1 if there is one.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import sys
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from crawler.errors import CrawlerError
from crawler.fetch.answer_head import MalformedAnswer
from crawler.urls import UrlError

#: Twice the input may take this many times as long; 2 is linear, 4 is quadratic.
WORST = 3.0
#: Seconds below which a ratio says nothing.
MEASURABLE = 0.25
#: Seconds of CPU that the smaller input may take.
PATIENCE = 2.0
_TRIES = 3


class Slow(NamedTuple):
    """An input that a parser may be slow at.

    Attributes:
        parser: What reads it.
        does: What it is made of.
        make: Returns the input of about so many bytes.
        read: Reads it.
    """

    parser: str
    does: str
    make: Callable[[int], bytes]
    read: Callable[[bytes], object]


def repeated(piece: bytes, head: bytes = b"", tail: bytes = b"") -> Callable[[int], bytes]:
    """Return what makes an input of one piece again and again."""
    return lambda size: head + piece * (size // len(piece)) + tail


def seconds(slow: Slow, size: int) -> float:
    """Return the least time of a few, as whatever else runs only makes it longer."""
    data = slow.make(size)
    best = float("inf")
    for _ in range(_TRIES):
        gc.collect()
        began = time.process_time()
        with contextlib.suppress(CrawlerError, UrlError, MalformedAnswer):
            slow.read(data)
        best = min(best, time.process_time() - began)
        if best > PATIENCE:
            break
    return best


def measured(slow: Slow, size: int) -> tuple[str, str]:
    """Return a line of the table, and what is wrong, "" for nothing."""
    once = seconds(slow, size)
    twice = seconds(slow, 2 * size) if once < PATIENCE else float("inf")
    ratio = twice / once
    name = f"{slow.parser}: {slow.does}"
    wrong = ""
    if once > PATIENCE:
        wrong = f"{name}: more than {PATIENCE:.0f} s for {size:,} bytes"
    elif ratio > WORST and twice > MEASURABLE:
        wrong = f"{name}: twice the input takes {ratio:.1f} times as long"
    return f"{name} | {once * 1e3:.1f} ms | {twice * 1e3:.1f} ms | {ratio:.1f}", wrong


def faults(size: int) -> Iterator[str]:
    """Measure every input, print the table, and yield what is wrong."""
    from scripts.soak.slow_inputs import inputs

    print(f"parser: input | {size:,} bytes | {2 * size:,} bytes | ratio")
    for slow in inputs():
        line, wrong = measured(slow, size)
        print(line, flush=True)
        if wrong:
            yield wrong


def main() -> int:
    """Measure what the command line asks for and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1_000_000, help="bytes of the smaller input")
    found = list(faults(parser.parse_args().size))
    print("\n".join(found) or "every input is read in proportion to its size")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
