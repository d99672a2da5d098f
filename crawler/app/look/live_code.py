"""Runs code that a user types, top-level `await` included.

Python's own asyncio prompt works in the same way: code is compiled with a flag that makes a
coroutine of whatever awaits, and the loop runs that.
"""

from __future__ import annotations

import ast
import code
import linecache
import sys
import traceback
import types
from collections.abc import Callable
from typing import Any

from crawler.app.look.loop_thread import LoopThread
from crawler.errors import CrawlerError, FetchError
from crawler.observe.console import safe
from crawler.spider.failure import CallbackFailed

_NAME = "<shell>"

#: The names that typed code sees.
Namespace = dict[str, Any]


def run_source(text: str, names: Namespace, loop: LoopThread) -> bool:
    """Run a whole text, statement by statement; the value of each expression is printed.

    Returns:
        False if it raised; what it raised is shown, and the statements behind are not run.
    """
    linecache.cache[_NAME] = (len(text), None, text.splitlines(keepends=True), _NAME)
    try:
        tree = ast.parse(text, _NAME)
        for statement in tree.body:
            single = ast.Interactive([statement])
            run_code(compile(single, _NAME, "single", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names, loop)
    except Exception as error:  # noqa: BLE001 - the user's code may raise anything
        sys.stderr.write(shown(error))
        return False
    return True


def run_code(compiled: types.CodeType, names: Namespace, loop: LoopThread) -> None:
    """Run one compiled statement; what awaits runs in the loop."""
    result = types.FunctionType(compiled, names)()
    if isinstance(result, types.CoroutineType):
        loop.run(result)


def shown(error: BaseException) -> str:
    """Return an error as it is shown: our own in one line, others from the user's code on."""
    if isinstance(error, FetchError):
        return f"error: {safe(f'{error.url}: {error.kind}: {error}')}\n"
    if isinstance(error, CrawlerError | CallbackFailed):
        return f"error: {safe(str(error).removeprefix('error: '))}\n"
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != _NAME:
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace, chain=trace is not None))


class Prompt(code.InteractiveConsole):
    """Python's prompt over the names of a page.

    Args:
        names: What typed code sees.
        loop: Runs what awaits.
    """

    def __init__(self, names: Namespace, loop: LoopThread) -> None:
        super().__init__(names, _NAME)
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self._names = names
        self._loop = loop

    def runcode(self, code: types.CodeType) -> None:
        """Run what was typed; only `exit()` and its like get out."""
        try:
            run_code(code, self._names, self._loop)
        except SystemExit:
            raise
        except BaseException as error:  # noqa: BLE001 - Ctrl-C ends a statement, not the prompt
            self.write(shown(error))


def complete_names(names: Namespace) -> None:
    """Let the Tab key complete names, where the terminal's library is there."""
    try:
        import readline
        import rlcompleter
    except ImportError:
        return
    complete: Callable[[str, int], str | None] = rlcompleter.Completer(names).complete
    readline.set_completer(complete)
    readline.parse_and_bind("tab: complete")
