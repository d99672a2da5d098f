"""One request from fetch to outcome; the same for every kind of worker.

Whatever a server or a callback does ends here as an outcome: no exception of theirs goes further.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from crawler.errors import CallbackError, FetchError
from crawler.fail_points import reached
from crawler.interfaces import BodyStore, CrashGuard, Fetcher
from crawler.items import encode_fields
from crawler.messages import HttpResponse, QueuedRequest
from crawler.outcome import KEPT, ErrorClass, PageOutcome, Same, SkipReason, State
from crawler.page_memory import PageMemory
from crawler.policy.retry import RetryPolicy, is_final
from crawler.spider.failure import CallbackFailed
from crawler.spider.page_parser import PageParser
from crawler.spider.parsed import Parsed
from crawler.workers.barren_pages import BarrenPages
from crawler.workers.callback_watch import never
from crawler.workers.recognition import Recognition

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_AGAIN = frozenset((408, 425, 429))
_NO_CONTENT, _NOT_MODIFIED = 204, 304

#: An answer, or why there is none.
Answer = HttpResponse | FetchError | CallbackFailed


class KeptState(Protocol):
    """The spider's state; see `crawler.spider.spider_state`."""

    def changed(self) -> bytes | None:
        """Return the state, encoded, if it is another than the last time; else None."""
        ...


class Visitor(msgspec.Struct, frozen=True):
    """Fetches and parses; holds no state between two requests.

    Attributes:
        fetcher: Fetches.
        parser: Runs the spider's callbacks.
        guard: Is told whose callback is running.
        state: The spider's state, kept with each page.
        retry: Says whether a failure is the last, which is when an errback is called.
        barren: Looks at pages for the trap guard; None where there is none.
        recognition: Recognises pages that are as they were; None where nobody remembers them.
        bodies: Keeps what pages were read from; None where nobody does.
        expired: Says after how many seconds a row's callback was ended for waiting too long.
    """

    fetcher: Fetcher
    parser: PageParser
    guard: CrashGuard
    state: KeptState
    retry: RetryPolicy
    expired: Callable[[int], float | None] = never
    barren: BarrenPages | None = None
    recognition: Recognition | None = None
    bodies: BodyStore | None = None

    async def fetch(self, request: QueuedRequest) -> Answer:
        """Return the answer, or why there is none; runs no code of the spider."""
        try:
            asked = self.parser.fetch_request(request)
            kept = await self._kept(request)
            if kept is not None and request.reread:
                return kept
            if self.recognition is not None:
                asked = self.recognition.ask(request, asked)
            answer = await self.fetcher.fetch(asked)
        except (FetchError, CallbackFailed) as error:
            return error

        if kept is not None and answer.status == _NOT_MODIFIED:
            return msgspec.structs.replace(
                kept, wire_size=answer.wire_size, elapsed=answer.elapsed,
                asked_at=answer.asked_at, cookies_set=answer.cookies_set,
            )  # fmt: skip
        return answer

    async def _kept(self, request: QueuedRequest) -> HttpResponse | None:
        """Return the page as it is kept, if other rules than those of today have read it."""
        memory, recognition = request.memory, self.recognition
        if self.bodies is None or recognition is None or memory is None or memory.kept is None:
            return None
        if memory.rules is None or recognition.conditions.is_current(request):
            return None
        kept = await self.bodies.answer(request.url, memory.kept)
        if kept is None:
            request.conditional = False  # a 304 would leave nothing to read
            return None
        validators = (("ETag", memory.etag), ("Last-Modified", memory.last_modified))
        for name, value in validators:
            if value is not None:
                kept.headers[name] = value.encode("latin-1", "replace")
        return kept

    async def conclude(self, request: QueuedRequest, answer: Answer) -> PageOutcome:
        """Turn what `fetch` returned into an outcome."""
        if isinstance(answer, FetchError):
            return await self._call_errback(_failed(request, answer), answer, None)
        if isinstance(answer, CallbackFailed):
            return PageOutcome(
                request=request, state=State.FAILED, reason=ErrorClass.CALLBACK, error=str(answer),
                sent=False,
            )  # fmt: skip
        status = answer.status
        if status == _NOT_MODIFIED:
            unchanged = _outcome(request, answer, State.DONE, None)
            if self.recognition is not None:
                self.recognition.not_modified(unchanged, answer)
            return unchanged
        if 200 <= status < 300 or self._is_wanted(request, status):
            if "unwanted_type" in answer.flags:
                return _outcome(request, answer, State.SKIPPED, SkipReason.TYPE)
            return await self._call_back(request, answer)
        if status in _REDIRECTS:
            return await self._redirected(request, answer)
        outcome = _refused(request, answer)
        error = FetchError(outcome.reason or "", f"HTTP {status}", url=request.url, status=status)
        return await self._call_errback(outcome, error, answer)

    def _is_wanted(self, request: QueuedRequest, status: int) -> bool:
        try:
            return self.parser.wants_status(request, status)
        except CallbackFailed:  # its arguments cannot be read: nobody wants it
            return False

    async def _call_errback(
        self, outcome: PageOutcome, error: FetchError, answer: HttpResponse | None
    ) -> PageOutcome:
        """Let the spider hear of a request that has failed for good, if it asked to."""
        request = outcome.request
        if request.payload is None or not self._is_last(outcome):
            return outcome
        self.guard.enter(request.id)
        try:
            parsed = await self.parser.errback(request, error, answer)
            if parsed is not None:
                self._take_over(outcome, parsed)
        except (CallbackFailed, CallbackError) as failure:
            outcome.error = f"{outcome.error}; its errback: {failure}"
        except asyncio.CancelledError:
            outcome.error = f"{outcome.error}; its errback: {self._why_cancelled(request.id)}"
        finally:
            self.guard.leave(request.id)
        return outcome

    def _why_cancelled(self, row: int) -> str:
        """Return why a callback was cancelled, if it was not the crawl that gave it up.

        Raises:
            CancelledError: It was.
        """
        seconds, task = self.expired(row), _current_task()
        if task is not None and task.cancelling() > (seconds is not None):
            raise asyncio.CancelledError
        if seconds is None:
            return "the callback raised CancelledError"
        return (
            f"the callback was ended after {seconds:.0f} s: it waited for something that did not"
            " come (run.callback_timeout)"
        )

    def _is_last(self, outcome: PageOutcome) -> bool:
        kind = ErrorClass(outcome.reason or ErrorClass.STATUS)
        tries = outcome.request.attempts + 1
        return outcome.state == State.FAILED or self.retry.decide(kind, tries) is None

    async def _redirected(self, request: QueuedRequest, answer: HttpResponse) -> PageOutcome:
        # Of several, the first counts (Fetch standard §2.2.6); no client agrees on the rest.
        locations = answer.headers.getlist("location")
        location = next(iter(locations), b"").decode("utf-8", "replace")
        try:
            hop = self.parser.hop(request, location, answer.status)
        except CallbackFailed as failure:
            return _bad_redirect(request, answer, failure)
        except FetchError as error:
            return await self._call_errback(_bad_redirect(request, answer, error), error, answer)
        outcome = _outcome(request, answer, State.SKIPPED, SkipReason.REDIRECTED)
        outcome.error = f"to {hop.url}"
        if len(locations) > 1:
            outcome.error += f" (the first of {len(locations)} Location fields)"
            outcome.flags += ("many_locations",)
        outcome.requests = [hop]
        return outcome

    async def _call_back(self, request: QueuedRequest, answer: HttpResponse) -> PageOutcome:
        good = 200 <= answer.status < 300
        outcome = _outcome(
            request,
            answer,
            State.DONE if good else State.FAILED,
            None if good else ErrorClass.STATUS,
        )
        if KEPT in answer.flags:
            outcome.sent = answer.asked_at is not None
            outcome.status = _NOT_MODIFIED if outcome.sent else None
        is_list = self._is_list(request)
        recognition = self.recognition
        if recognition is not None and not (good and recognition.knows(is_list=is_list)):
            recognition = None
        seen = None if recognition is None else recognition.look(request, answer, is_list=is_list)
        if recognition is not None and seen is not None and recognition.is_same_body(request, seen):
            seen = await self._with_body(request, seen, answer)
            outcome.same, outcome.memory = Same.SAME_BODY, seen
            return outcome
        self.guard.enter(request.id)
        try:
            reached("callback.before")
            parsed = await self.parser.parse(request, answer)
            reached("callback.after")
            self._take_over(outcome, parsed)
            if recognition is not None and seen is not None and parsed.is_whole:
                recognition.remember(outcome, await self._with_body(request, seen, answer))
        except (CallbackFailed, CallbackError) as error:
            return _without_gain(outcome, str(error), answer.body)
        except asyncio.CancelledError:
            return _without_gain(outcome, self._why_cancelled(request.id), answer.body)
        finally:
            self.guard.leave(request.id)
        self._judge(outcome, parsed, answer)
        return outcome

    async def _with_body(
        self, request: QueuedRequest, seen: PageMemory, answer: HttpResponse
    ) -> PageMemory:
        """Return what can be said of a page with the digest of its body, which is kept now."""
        if self.bodies is None or self._is_list(request):
            return seen
        old = request.memory
        if old is not None and old.kept is not None and KEPT in answer.flags:
            kept: bytes | None = old.kept
        else:
            kept = await self.bodies.keep(answer)
        return msgspec.structs.replace(seen, kept=kept)

    def _judge(self, outcome: PageOutcome, parsed: Parsed, answer: HttpResponse) -> None:
        """Say how a page ended whose callback came to its end."""
        if parsed.unreadable is not None:
            outcome.state, outcome.reason = State.FAILED, ErrorClass.UNREADABLE
            outcome.error, outcome.body = parsed.unreadable, answer.body
        elif parsed.ignored is not None:
            outcome.state, outcome.reason = State.SKIPPED, SkipReason.IGNORED
            outcome.error = parsed.ignored
        elif outcome.state == State.DONE:
            if not answer.body and answer.status != _NO_CONTENT:
                outcome.flags += ("empty",)
            if self.barren is not None:
                self.barren.look(outcome, answer)

    def _is_list(self, request: QueuedRequest) -> bool:
        try:
            return self.parser.is_source(request)
        except CallbackFailed:  # reading it says so
            return False

    def _take_over(self, outcome: PageOutcome, parsed: Parsed) -> None:
        """Give an outcome all that a callback gave, or nothing if something cannot be kept.

        Raises:
            CallbackError: An item, or the spider's state, cannot be encoded.
        """
        encoded = [encode_fields(item.data) for item in parsed.items]
        outcome.spider_state = self.state.changed()
        outcome.links, outcome.requests = parsed.links, parsed.requests
        outcome.items, outcome.encoded = parsed.items, encoded
        outcome.quarantined, outcome.hits = parsed.quarantined, parsed.hits
        outcome.offsite, outcome.nofollow = parsed.offsite, parsed.nofollow
        outcome.notes, outcome.source_files = parsed.notes, parsed.source_files
        outcome.close_reason = parsed.close_reason
        if parsed.flags:
            outcome.flags += parsed.flags


def _current_task() -> asyncio.Task[object] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # a plain callback in a thread without a loop
        return None


def _without_gain(outcome: PageOutcome, error: str, body: bytes) -> PageOutcome:
    """Return the outcome of a page whose callback failed: nothing of it is kept but the body."""
    outcome.state, outcome.reason = State.FAILED, ErrorClass.CALLBACK
    outcome.error, outcome.body = error, body
    return outcome


def _outcome(
    request: QueuedRequest, answer: HttpResponse, state: State, reason: str | None
) -> PageOutcome:
    return PageOutcome(
        request=request, state=state, reason=reason, status=answer.status,
        content_type=answer.media_type, cookies=list(answer.cookies_set), size=answer.wire_size,
        elapsed=answer.elapsed, asked_at=answer.asked_at, flags=answer.flags,
    )  # fmt: skip


def _refused(request: QueuedRequest, answer: HttpResponse) -> PageOutcome:
    """Judge an answer that is neither 2xx nor a redirect."""
    status, asked = answer.status, answer.retry_after
    if status == 429 or (status == 503 and asked is not None):
        kind = ErrorClass.RATE_LIMITED
    elif status >= 500 or status in _AGAIN:
        kind = ErrorClass.SERVER
    else:
        kind = ErrorClass.STATUS
    again = kind is not ErrorClass.STATUS
    outcome = _outcome(request, answer, State.PENDING if again else State.FAILED, kind)
    outcome.error = f"HTTP {status}"
    outcome.retry_after = asked if again else None
    outcome.body = answer.body
    return outcome


def _bad_redirect(
    request: QueuedRequest, answer: HttpResponse, why: FetchError | CallbackFailed
) -> PageOutcome:
    outcome = _outcome(request, answer, State.FAILED, ErrorClass.REDIRECT)
    outcome.error = str(why)
    return outcome


def _failed(request: QueuedRequest, error: FetchError) -> PageOutcome:
    final = is_final(ErrorClass(error.kind))
    return PageOutcome(
        request=request, state=State.FAILED if final else State.PENDING, reason=error.kind,
        error=str(error), status=error.status, retry_after=error.retry_after,
    )  # fmt: skip
