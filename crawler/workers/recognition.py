"""Recognises pages that are as they were; the same for every kind of worker.

It says what an answer means for what is remembered of a page. When the page is visited next, and
what it gave before, the engine knows.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from crawler.extract.simhash import distance, simhash
from crawler.extract.steady_body import Find, steady_body, words_of
from crawler.messages import FetchRequest, HttpResponse, QueuedRequest
from crawler.outcome import PageOutcome, Same
from crawler.page_memory import PageMemory
from crawler.policy.sameness import Conditions, Fingerprint, digest_of, same_by_reading
from crawler.spider.gain import pack


class Recognition(msgspec.Struct, frozen=True, kw_only=True):
    """What an incremental job knows pages by; holds no state.

    Attributes:
        conditions: Which validators are sent, and the rules of today.
        fingerprint: Which fields count.
        ignore: What of a page is left out where bodies are compared.
    """

    conditions: Conditions
    fingerprint: Fingerprint
    ignore: Sequence[Find] = ()

    def knows(self, *, is_list: bool) -> bool:
        """Tell whether pages, or lists of URLs, are remembered."""
        return not is_list or self.conditions.lists is not None

    def ask(self, queued: QueuedRequest, request: FetchRequest) -> FetchRequest:
        """Return a request with the conditions of its page; fields that a spider set win."""
        if not queued.conditional or queued.memory is None:
            return request
        named = {name.lower() for name, _ in request.headers}
        fields = self.conditions.headers(queued.memory)
        if named & {"if-none-match", "if-modified-since", "range", "if-range"}:
            return request
        return msgspec.structs.replace(request, headers=(*request.headers, *fields))

    def not_modified(self, outcome: PageOutcome, answer: HttpResponse) -> None:
        """Take note of a 304 to a conditional request."""
        request = outcome.request
        if request.conditional and request.memory is not None:
            etag, stamp = _validators(answer)
            outcome.same = Same.NOT_MODIFIED
            outcome.memory = msgspec.structs.replace(
                request.memory,
                etag=etag or request.memory.etag,
                last_modified=stamp or request.memory.last_modified,
            )

    def look(
        self, request: QueuedRequest, answer: HttpResponse, *, is_list: bool = False
    ) -> PageMemory:
        """Return what can be said of a page, or a list of URLs, before it is read."""
        body = steady_body(
            answer.url, answer.body, answer.content_type, answer.media_type, self.ignore
        )
        etag, stamp = _validators(answer)
        fuzzy = self.fingerprint.fuzzy is not None and not is_list
        return PageMemory(
            etag=etag, last_modified=stamp, body_hash=digest_of(body),
            simhash=simhash(words_of(body)) if fuzzy else None,
            rules=self.conditions.rules_of(request, is_list=is_list),
        )  # fmt: skip

    def is_same_body(self, request: QueuedRequest, seen: PageMemory) -> bool:
        """Tell whether a page need not be read: its body is the same, and so are the rules."""
        old = request.memory
        return old is not None and old.body_hash == seen.body_hash and old.rules == seen.rules

    def remember(self, outcome: PageOutcome, seen: PageMemory) -> None:
        """Note on an outcome how its page compares, and what is to be remembered of it.

        Raises:
            CallbackError: What it gave cannot be kept.
        """
        old = outcome.request.memory
        new = msgspec.structs.replace(
            seen, print=self.fingerprint.of_page(outcome), gain=pack(outcome)
        )
        apart = None
        if old is not None and old.simhash is not None and new.simhash is not None:
            apart = distance(old.simhash, new.simhash)
        outcome.same = same_by_reading(old, new, self.fingerprint, apart)
        outcome.memory = new


def _validators(answer: HttpResponse) -> tuple[str | None, str | None]:
    """Return ETag and Last-Modified as they came, each None for none."""
    headers = answer.headers
    etag, stamp = headers.raw(b"etag"), headers.raw(b"last-modified")
    return (
        etag[-1].decode("latin-1") if etag else None,
        stamp[-1].decode("latin-1") if stamp else None,
    )
