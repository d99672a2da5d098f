"""Runs a coroutine where it stands, in a thread without a loop."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")


def run_in_place(coroutine: Coroutine[Any, None, ResultT]) -> ResultT:
    """Run a coroutine to its end without an event loop.

    So that rules written once, for a client that awaits, serve one that blocks: whatever such a
    coroutine awaits must block and return instead of suspending. Giving way for a moment
    (`asyncio.sleep(0)`) is a step that costs nothing here.

    Raises:
        RuntimeError: It waits for something that only a loop could bring.
    """
    try:
        while coroutine.send(None) is None:
            pass
        raise RuntimeError("this coroutine waits, and there is no loop that would wake it")
    except StopIteration as end:
        result: ResultT = end.value
        return result
    finally:
        coroutine.close()
