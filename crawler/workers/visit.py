"""One request from fetch to outcome; the same for every kind of worker.

Whatever a server or a callback does ends here as an outcome: no exception of theirs goes further.
"""

from __future__ import annotations

from dataclasses import dataclass

from crawler.errors import CallbackError, FetchError
from crawler.interfaces import CrashGuard, Fetcher
from crawler.items import encode_fields
from crawler.messages import HttpResponse, QueuedRequest
from crawler.outcome import ErrorClass, PageOutcome, SkipReason, State
from crawler.policy.retry import is_final
from crawler.spider.page_parser import CallbackFailed, PageParser, Parsed

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_AGAIN = frozenset((408, 425, 429))


@dataclass(frozen=True, slots=True)
class Visitor:
    """Fetches and parses; holds no state between two requests.

    Args:
        fetcher: Fetches.
        parser: Runs the spider's callbacks.
        guard: Is told whose callback is running.
    """

    fetcher: Fetcher
    parser: PageParser
    guard: CrashGuard

    async def fetch(self, request: QueuedRequest) -> HttpResponse | PageOutcome:
        """Return the answer, or the outcome if there was none."""
        try:
            return await self.fetcher.fetch(self.parser.fetch_request(request))
        except FetchError as error:
            return _failed(request, error)

    async def parse(self, request: QueuedRequest, answer: HttpResponse) -> PageOutcome:
        """Turn an answer into an outcome."""
        status = answer.status
        if 200 <= status < 300 or self.parser.handles(request, status):
            if "unwanted_type" in answer.flags:
                return _outcome(request, answer, State.SKIPPED, SkipReason.TYPE)
            return await self._call_back(request, answer)
        if status in _REDIRECTS:
            return self._redirected(request, answer)
        return _refused(request, answer)

    def _redirected(self, request: QueuedRequest, answer: HttpResponse) -> PageOutcome:
        location = answer.headers.text("location")
        try:
            hop = self.parser.hop(request, location, answer.status)
        except FetchError as error:
            outcome = _outcome(request, answer, State.FAILED, error.kind)
            outcome.error = str(error)
            return outcome
        outcome = _outcome(request, answer, State.SKIPPED, SkipReason.REDIRECTED)
        outcome.error = f"to {hop.url}"
        outcome.requests = [hop]
        return outcome

    async def _call_back(self, request: QueuedRequest, answer: HttpResponse) -> PageOutcome:
        good = 200 <= answer.status < 300
        outcome = _outcome(
            request, answer, State.DONE if good else State.FAILED, None if good else _STATUS
        )
        self.guard.enter(request.id)
        try:
            parsed = await self.parser.parse(request, answer)
            outcome.encoded = [encode_fields(item.data) for item in parsed.items]
        except (CallbackFailed, CallbackError) as error:
            outcome.state, outcome.reason = State.FAILED, ErrorClass.CALLBACK
            outcome.error, outcome.body = str(error), answer.body
            return outcome
        except FetchError as error:  # the body cannot be read as what it says it is
            outcome.state, outcome.reason = State.FAILED, error.kind
            outcome.error, outcome.body = str(error), answer.body
            return outcome
        finally:
            self.guard.leave(request.id)
        _take_over(outcome, parsed)
        return outcome


_STATUS = ErrorClass.STATUS


def _take_over(outcome: PageOutcome, parsed: Parsed) -> None:
    outcome.links, outcome.requests, outcome.items = parsed.links, parsed.requests, parsed.items
    outcome.offsite, outcome.nofollow = parsed.offsite, parsed.nofollow
    outcome.close_reason, outcome.spider_state = parsed.close_reason, parsed.spider_state
    if parsed.flags:
        outcome.flags += parsed.flags
    if parsed.ignored is not None:
        outcome.state, outcome.reason = State.SKIPPED, SkipReason.IGNORED
        outcome.error = parsed.ignored


def _outcome(
    request: QueuedRequest, answer: HttpResponse, state: State, reason: str | None
) -> PageOutcome:
    return PageOutcome(
        request=request, state=state, reason=reason, status=answer.status,
        content_type=answer.media_type, cookies=list(answer.cookies_set), size=answer.wire_size,
        elapsed=answer.elapsed, flags=answer.flags,
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
    if not again:
        outcome.body = answer.body
    return outcome


def _failed(request: QueuedRequest, error: FetchError) -> PageOutcome:
    final = is_final(ErrorClass(error.kind))
    return PageOutcome(
        request=request, state=State.FAILED if final else State.PENDING, reason=error.kind,
        error=str(error), status=error.status, retry_after=error.retry_after,
    )  # fmt: skip
