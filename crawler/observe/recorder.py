"""Takes note of every page that has ended: a line when asked for, a body when it failed."""

from __future__ import annotations

from collections.abc import Callable

from crawler.observe.console import VERBOSE, Console, safe
from crawler.observe.kept_bodies import KeptBodies
from crawler.outcome import PageOutcome, State

#: Lines about failures of one class before they are only counted.
LOUD = 20


class Recorder:
    """The engine's `ended` callable.

    Args:
        console: Gets a line for each page with `-v`.
        log: The run's log file: failures, the first twenty of each class.
        bodies: Keeps bodies of failed pages.

    Attributes:
        failed_start: The first start request that failed in this process, and why; None for none.
        examples: The first failure of each class, and why.
    """

    def __init__(self, console: Console, log: Callable[[str], None], bodies: KeptBodies) -> None:
        self._console = console
        self._log = log
        self._bodies = bodies
        self._said: dict[str, int] = {}
        self.failed_start: str | None = None
        self.examples: dict[str, str] = {}

    def ended(self, outcome: PageOutcome) -> None:
        """Note one outcome, its page committed."""
        if outcome.state in (State.FAILED, State.DEAD):
            self._bodies.offer(outcome)
            self._note_failure(outcome)
        if self._console.level >= VERBOSE:
            self._console.say(_line(outcome), VERBOSE)

    def _note_failure(self, outcome: PageOutcome) -> None:
        reason = outcome.reason or ""
        said = self._said[reason] = self._said.get(reason, 0) + 1
        if said == 1 or (outcome.request.is_start and self.failed_start is None):
            why = safe(f"{outcome.request.url}: {outcome.error or reason}")
            self.examples.setdefault(reason, why)
            if outcome.request.is_start and self.failed_start is None:
                self.failed_start = why
        if said <= LOUD:
            self._log(_line(outcome))
        elif said == LOUD + 1:
            self._log(f"more of {reason}: they are in urls.jsonl.gz")


def _line(outcome: PageOutcome) -> str:
    state = "retry" if outcome.state == State.PENDING else outcome.state.name.lower()
    what = f"{state} {outcome.reason}" if outcome.reason else state
    status = outcome.status or "---"
    line = f"{status} {what}  {outcome.request.url}"
    if outcome.error:
        line += f"  {outcome.error}"
    return safe(line)
