"""Takes note of every page that has ended: a line when asked for, samples, bodies of failures."""

from __future__ import annotations

from collections.abc import Callable

from crawler.interfaces import WaitingItem
from crawler.observe.console import QUIET, VERBOSE, Console, safe
from crawler.observe.kept_bodies import KeptBodies
from crawler.outcome import ItemProblem, PageOutcome, SkipReason, State
from crawler.spider.start_entry import BadStart

#: Lines about failures of one class before they are only counted.
LOUD = 20
#: Notes that are logged; the rest only count.
_NOTES = 200
#: Of notes and bad entries, how many are kept to be shown at the end.
_SHOWN = 20
#: Fields of which a broken item is kept as a sample.
_PLACES = 200


class Recorder:
    """The engine's `ended` callable.

    Args:
        console: Gets a line for each page with `-v`.
        log: The run's log file: failures, the first twenty of each class.
        bodies: Keeps bodies of failed pages.

    Attributes:
        failed_start: The first start request that failed in this process, and why; None for none.
        forbidden_start: The first start request that robots.txt forbids; None for none.
        examples: The first failure of each class, and why.
        notes: The first notes of pages, each with its URL.
        notes_count: All of them.
        problems: By kind and field (`Book.price`), the first item that went to quarantine for it.
        bad_starts: The first entries of lists that nothing can be fetched for.
        bad_starts_count: All of them.
    """

    def __init__(self, console: Console, log: Callable[[str], None], bodies: KeptBodies) -> None:
        self._console = console
        self._log = log
        self._bodies = bodies
        self._said: dict[str, int] = {}
        self.failed_start: str | None = None
        self.forbidden_start: str | None = None
        self.examples: dict[str, str] = {}
        self.notes: list[str] = []
        self.notes_count = 0
        self.problems: dict[str, str] = {}
        self.bad_starts: list[str] = []
        self.bad_starts_count = 0

    def ended(self, outcome: PageOutcome) -> None:
        """Note one outcome, its page committed."""
        if outcome.state in (State.FAILED, State.DEAD):
            self._bodies.offer(outcome)
            self._note_failure(outcome)
        elif outcome.reason == SkipReason.ROBOTS and outcome.request.is_start:
            self.forbidden_start = self.forbidden_start or outcome.request.url
        if outcome.notes:
            self._take_notes(outcome)
        for item in outcome.quarantined:
            for problem in item.problems:
                self._note_problem(item.name, problem, outcome.request.url)
        if self._console.level >= VERBOSE:
            self._console.say(_line(outcome), VERBOSE)

    def say(self, text: str) -> None:
        """Note what concerns no page alone, and say it at once."""
        self.note(text)
        self._console.say(text, QUIET)

    def note(self, text: str) -> None:
        """Note what concerns no page alone."""
        self._log(text)
        self.notes_count += 1
        if len(self.notes) < _SHOWN:
            self.notes.append(text)

    def item_spoilt(self, item: WaitingItem, problem: ItemProblem) -> None:
        """Note an item whose transforms failed; `start()` itself gave one that has no page."""
        self._note_problem(item.name, problem, item.url or "no page")

    def bad_start(self, entry: BadStart) -> None:
        """Note an entry of a list that nothing can be fetched for."""
        self.bad_starts_count += 1
        if self.bad_starts_count <= LOUD:
            text = safe(f"{entry.place}: {entry.why}")
            self.bad_starts.append(text)
            self._log(f"left out: {text}")
        elif self.bad_starts_count == LOUD + 1:
            self._log("more entries are left out: they are only counted from here on")

    def _take_notes(self, outcome: PageOutcome) -> None:
        for note in outcome.notes:
            self.notes_count += 1
            if self.notes_count <= _NOTES:
                text = safe(
                    note if outcome.request.url in note else f"{outcome.request.url}: {note}"
                )
                self._log(f"note: {text}")
                if len(self.notes) < _SHOWN:
                    self.notes.append(text)
            elif self.notes_count == _NOTES + 1:
                self._log("more notes: they are only counted from here on")

    def _note_problem(self, name: str, problem: ItemProblem, url: str) -> None:
        place = f"{name}.{problem.field}"
        if place in self.problems or len(self.problems) >= _PLACES:
            return
        found = problem.value
        value = "" if found is None else repr(found) if isinstance(found, str) else str(found)
        value = f"{value:.80} " if value else ""
        self.problems[place] = safe(f"{value}{problem.reason}, on {url}")

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
