"""Every exception the crawler raises.

CrawlerError
    ConfigError         the job file, an option or a spider is wrong; nothing was fetched (exit 2)
    BusyError           another run holds the job's lock (exit 75)
    StateError          the state is damaged, foreign or newer than this program (exit 5)
    OutputError         an output cannot be written, or changed under us (exit 5)
        NoRoomError     a disk is full; files that are downloaded wait for room
    HandBack            a request could not be answered for no fault of its own
    OffloadError        no process slot can do the work: each of them dies, or they are closed
    Signalled           a run was stopped by a signal, and then something else went wrong
    WorkersError        worker processes die again and again, or cannot be started (exit 6)
    Fenced              a store refused an owner's call: its grant is no longer ours
    FetchError          one request failed; the retry policy decides what happens next
        OutageError     what all need was away until the crawl ended
    BooksError          the books of a run do not balance; our bug (exit 1)
    OffloadFailed       what a spider offloaded failed; raised in its callback
    CallbackError       a callback gave something that cannot be crawled or kept
    IgnoreRequest       a spider's word: leave this page out
    DropItem            a spider's word: leave this item out
    CloseSpider         a spider's word: end the crawl
    DispatchError       see `crawler.dispatch.errors`

`FetchError` says who is at fault through its error class (`crawler.outcome.ErrorClass`); the
others are the user's (`ConfigError`, `CallbackError`), the machine's (`StateError`,
`OutputError`) or ours (`BooksError`).
"""

from __future__ import annotations

from typing import NamedTuple


class CrawlerError(Exception):
    """Root of every error raised on purpose by this package."""


class Problem(NamedTuple):
    """One thing that is wrong with a job file, and where.

    Attributes:
        message: What is wrong, one sentence without a full stop.
        source: The file, option or variable it stands in, as the user wrote it.
        line: Line, from 1; 0 when there is none (a command-line option).
        column: Column, from 1; 0 when there is none.
        text: The source line, to print above the caret; empty when there is none.
        hint: What to do about it, printed behind the caret; may be empty.
    """

    message: str
    source: str = ""
    line: int = 0
    column: int = 0
    text: str = ""
    hint: str = ""

    def render(self) -> str:
        """Return the problem as `file:line:col: error: message`, source line and caret below."""
        place = ":".join(str(part) for part in (self.source, self.line, self.column) if part)
        head = f"{place}: error: {self.message}" if place else f"error: {self.message}"
        if not self.text:
            return f"{head}\n  {self.hint}" if self.hint else head
        gutter = f" {self.line} | "
        pad = " " * (len(gutter) - 2) + "| " + " " * (self.column - 1)
        return f"{head}\n{gutter}{self.text}\n{pad}^ {self.hint}".rstrip()


class ConfigError(CrawlerError):
    """A setting has a value the crawler cannot run with; carries every problem found.

    Attributes:
        job: Name of the job, where a file is wrong that says it; None elsewhere.
    """

    def __init__(self, *problems: Problem | str, job: str | None = None) -> None:
        self.job = job
        self.problems = tuple(p if isinstance(p, Problem) else Problem(message=p) for p in problems)
        super().__init__("\n".join(problem.render() for problem in self.problems))


class BusyError(CrawlerError):
    """Another run of this job holds its lock."""


class StateError(CrawlerError):
    """The job's state cannot be used: damaged, of another program, or newer than this one."""


class OutputError(CrawlerError):
    """An output cannot be written, or is not what this job left there."""


class NoRoomError(OutputError):
    """A disk, or what somebody may have of it, is full.

    Attributes:
        needed: Bytes for which there was no room, about.
    """

    def __init__(self, message: str, needed: int = 0) -> None:
        super().__init__(message)
        self.needed = needed


class HandBack(CrawlerError):
    """A request could not be answered for no fault of its own: it is to go out again."""


class OffloadError(CrawlerError):
    """Process slots cannot go on: they are closed, cannot be started, or die one after another."""


class WorkersError(CrawlerError):
    """Worker processes cannot be started, or die one after another."""


class Signalled(CrawlerError):
    """A signal stopped a run, and on the way to its end an error came; the signal's code counts.

    Attributes:
        exit_code: That of the signal.
        error: What went wrong.
    """

    def __init__(self, exit_code: int, error: Exception) -> None:
        super().__init__(str(error))
        self.exit_code = exit_code
        self.error = error


class Fenced(CrawlerError):
    """The grant a store was called with is no longer valid; nothing was written."""


class BooksError(CrawlerError):
    """The books of a run do not balance."""


class FetchError(CrawlerError):
    """One request failed.

    Attributes:
        kind: The error class, a value of `crawler.outcome.ErrorClass`.
        url: The URL that was asked for.
        status: The HTTP status if an answer had begun, else None.
        retry_after: Seconds the server asked us to wait, else None.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        url: str,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.url = url
        self.status = status
        self.retry_after = retry_after


class OutageError(FetchError):
    """What all requests need was away until the crawl ended; nobody is charged."""


class FileFault(CrawlerError):
    """What came is no file as asked for.

    Attributes:
        fault: In one word, as in manifests: "type", "broken", "empty", "too_small"...
        why: The same for people.
    """

    def __init__(self, fault: str, why: str) -> None:
        super().__init__(why)
        self.fault = fault
        self.why = why


class OffloadFailed(CrawlerError):
    """A function that a spider offloaded gave no value.

    Attributes:
        kind: "raised", "timeout", "died", "memory", "unpicklable" or "not_importable".
        reason: The same for people.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind = kind
        self.reason = reason


class CallbackError(CrawlerError):
    """A callback gave something that cannot be crawled or kept."""


class IgnoreRequest(CrawlerError):
    """Raised by a callback to leave its page out: the page ends as skipped."""


class DropItem(CrawlerError):
    """Raised by user code to leave an item out; it is counted as dropped."""


class CloseSpider(CrawlerError):
    """Raised by a callback to end the crawl; what is in flight is finished.

    Attributes:
        reason: Why, for the summary.
    """

    def __init__(self, reason: str = "cancelled") -> None:
        super().__init__(reason)
        self.reason = reason
