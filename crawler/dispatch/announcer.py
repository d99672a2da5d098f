"""Calls what the user wants called when something happened, outside the lock, one by one."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable
from functools import partial

from crawler.dispatch.board import Board
from crawler.dispatch.counts import Counts

logger = logging.getLogger(__name__)


def log_error(what: str, error: BaseException) -> None:
    """Log one line that says what raised, what it raised, and where; %r leaves no controls."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = f" at {last[0].filename}:{last[0].lineno}" if last else ""
    logger.error("%s raised %r%s", what, error, place)


class Announcer:
    """Tells of finished tasks and of progress.

    Args:
        board: Its lock must not be held when `announce` is called.
        counts: Returns the numbers of now.
        on_progress: Called with them after something changed; never twice at once, and never
            with older numbers than before. Changes during a call share the next one.
    """

    def __init__(
        self,
        board: Board,
        counts: Callable[[], Counts],
        on_progress: Callable[[Counts], object] | None,
    ) -> None:
        self._board = board
        self._counts = counts
        self._on_progress = on_progress
        self._stale = False
        self._told: Counts | None = None
        self._telling = threading.Lock()

    def announce(self) -> None:
        """Call the callbacks of what finished, then tell of the progress."""
        self._stale = True
        if self._board.ended:
            self._call_back()
        if self._on_progress is not None:
            self._tell(self._on_progress)

    def _call_back(self) -> None:
        board, me = self._board, threading.get_ident()
        is_outermost = me not in board.telling  # a callback may end a task in its turn
        try:
            board.telling.add(me)
            while board.ended:
                for callback in self._next_callbacks():
                    self.call("a callback of a task", callback)
        finally:
            if is_outermost:
                with board.lock:
                    board.told(me)

    def _next_callbacks(self) -> list[Callable[[], object]]:
        board = self._board
        with board.lock:
            # Empty if another thread was faster; unfinished if its end was interrupted.
            if not board.ended or not (errand := board.ended.popleft()).state.finished:
                return []
            callbacks, errand.callbacks = errand.callbacks, None
        return callbacks or []

    def call(self, what: str, callback: Callable[[], object]) -> None:
        """Call one callback; an exception in it is logged.

        Raises:
            KeyboardInterrupt: Ctrl-C came while it ran.
        """
        try:
            callback()
        except BaseException as error:
            is_main = threading.current_thread() is threading.main_thread()
            if is_main and isinstance(error, KeyboardInterrupt):
                raise
            log_error(what, error)

    def _tell(self, on_progress: Callable[[Counts], object]) -> None:
        # Whoever finds another thread telling leaves the change to it. That thread looks again
        # after it has let go of the lock, so no change is left untold.
        while self._stale and self._telling.acquire(blocking=False):
            try:
                self._stale = False
                counts = self._counts()
                if counts != self._told:
                    self._told = counts
                    self.call("on_progress", partial(on_progress, counts))
            finally:
                self._telling.release()
