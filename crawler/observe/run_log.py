"""`run.log`: what happened in a run, with times, for who comes later."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

from crawler.errors import OutputError
from crawler.observe.console import safe

_FORMAT = "%(asctime)s %(levelname)s %(message)s"


class RunLog:
    """The log of one run, and the logger that its spider writes to.

    Args:
        path: The file; an interrupted run goes on in it.
        name: Name of the spider, for its logger.
        level: Lowest level that is kept.
    """

    def __init__(self, path: Path, name: str, level: int = logging.INFO) -> None:
        try:
            self._handler = _Handler(path, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from error
        self._handler.setFormatter(_OneLine(_FORMAT))
        self.logger = logging.getLogger(f"crawler.spider.{name}")
        self.logger.setLevel(level)
        self.logger.addHandler(self._handler)

    def note(self, text: str) -> None:
        """Write a line."""
        self.logger.info("%s", text)

    def traceback(self, error: BaseException) -> None:
        """Write an error with its traceback."""
        self.logger.error("internal error", exc_info=error)

    @property
    def lost(self) -> int:
        """Lines that could not be written."""
        return self._handler.lost

    def close(self) -> None:
        """Close the file."""
        self.logger.removeHandler(self._handler)
        with contextlib.suppress(OSError):  # what its buffer held was counted when it failed
            self._handler.close()


class _Handler(logging.FileHandler):
    """Counts what it cannot write: a log is no reason to stop, and none to shout on stderr."""

    lost = 0

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Count a line that is lost."""
        self.lost += 1


class _OneLine(logging.Formatter):
    """Keeps remote text from faking lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        if record.exc_info:
            return super().format(record)
        record.message = safe(record.getMessage())
        record.asctime = self.formatTime(record)
        return self.formatMessage(record)
