"""Makes the event loop. The only module that imports uvloop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

from crawler.errors import ConfigError, Problem

LoopChoice = Literal["auto", "uvloop", "asyncio"]
LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def new_loop_factory(choice: LoopChoice) -> tuple[LoopFactory, str]:
    """Return what makes the loop, for `asyncio.Runner(loop_factory=...)`, and its name.

    "auto" is uvloop where it can be imported. No event loop policy is touched: they are global,
    and Python is removing them.

    Raises:
        ConfigError: "uvloop" was asked for and is not installed.
    """
    if choice == "asyncio":
        return asyncio.new_event_loop, "asyncio"
    try:
        import uvloop
    except ImportError:
        if choice == "auto":
            return asyncio.new_event_loop, "asyncio"
        raise ConfigError(
            Problem(message="run.loop is uvloop, which is not installed", hint="pip install uvloop")
        ) from None
    return uvloop.new_event_loop, "uvloop"
