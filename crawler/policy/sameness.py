"""How a page is the same as it was: what a server is asked, and what its answer means. Pure.

There are three levels of it: the server says so (304, RFC 9110 §13); the body is the same; what the
page gives is the same, though its markup moved. Neither validators nor 304s are trusted blindly:
one visit of some is unconditional, and a host whose pages change under the same validators is
never asked a condition again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from xxhash import xxh3_128

from crawler.messages import QueuedRequest
from crawler.outcome import ItemRecord, LinkBatch, PageOutcome, Same
from crawler.page_memory import PageMemory

_encoder = msgspec.msgpack.Encoder(order="sorted", enc_hook=str)


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """Which fields of items count.

    Attributes:
        of: Their names; () for all. Items that have none of them count whole.
        ignore_case: Texts that differ in case alone are the same.
        fuzzy: Bits in which the simhash of a page's text may differ; None where texts do not count.
    """

    of: tuple[str, ...] = ()
    ignore_case: bool = False
    fuzzy: int | None = None

    def of_item(self, item: ItemRecord) -> bytes:
        """Return the digest of what counts of an item."""
        kept = {name: item.data[name] for name in self.of if name in item.data} or item.data
        return xxh3_128(_encoder.encode([item.name, self._told(kept)])).digest()

    def of_page(self, outcome: PageOutcome) -> bytes:
        """Return the digest of what counts of a page: its items, or its links if it has none."""
        digest = xxh3_128()
        for item in outcome.items:
            digest.update(self.of_item(item))
        for broken in outcome.quarantined:
            digest.update(self.of_item(ItemRecord(broken.name, broken.data)))
        if not (outcome.items or outcome.quarantined):
            digest.update(_encoder.encode(_targets(outcome.links)))
            digest.update(_encoder.encode([one.url for one in outcome.requests]))
        return digest.digest()

    def _told(self, value: Any) -> Any:
        if not self.ignore_case:
            return value
        if isinstance(value, str):
            return value.casefold()
        if isinstance(value, dict):
            return {key: self._told(one) for key, one in value.items()}
        return [self._told(one) for one in value] if isinstance(value, list | tuple) else value


def _targets(links: Iterable[LinkBatch]) -> list[str]:
    return sorted({url for batch in links for url in batch.urls})


def digest_of(body: bytes) -> bytes:
    """Return the digest of a body."""
    return xxh3_128(body).digest()


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """When a server may say that a page is as it was.

    Attributes:
        validators: "etag" and "last_modified", those that are sent.
        every: Of so many visits one is unconditional.
        rules: What every gain of today begins its rules with; see `rules_with`.
        lists: What follows these in gains of lists of URLs; None where lists are read each time.
        rereads: Bodies are kept, so that a page that is as it was can be read by other rules.
        reread: Every page whose body is kept is read anew, whatever it was read by.
    """

    validators: tuple[str, ...] = ("etag", "last_modified")
    every: int = 10
    rules: bytes = b""
    lists: bytes | None = None
    rereads: bool = False
    reread: bool = False

    def holds(self, request: QueuedRequest, *, is_list: bool = False) -> bool:
        """Tell whether the next visit of a page, or of a list of URLs, is conditional."""
        memory = request.memory
        if memory is None or memory.rules is None or memory.visits + 1 >= self.every:
            return False
        if is_list and self.lists is None:
            return False
        current = self.is_current(request, is_list=is_list)
        if not current and not (self.rereads and memory.kept is not None):
            return False
        return bool(self.headers(memory))

    def rules_of(self, request: QueuedRequest, *, is_list: bool = False) -> bytes:
        """Return what the gain of a page, or of a list of URLs, is made with today."""
        rules = self.rules + (self.lists or b"") if is_list else self.rules
        return rules_with(rules, request.label, request.payload)

    def is_current(self, request: QueuedRequest, *, is_list: bool = False) -> bool:
        """Tell whether a gain was made with the rules of today."""
        memory = request.memory
        return memory is not None and memory.rules == self.rules_of(request, is_list=is_list)

    def headers(self, memory: PageMemory) -> tuple[tuple[str, bytes], ...]:
        """Return the fields of a conditional request."""
        fields = []
        if memory.etag and "etag" in self.validators:
            fields.append(("If-None-Match", memory.etag.encode("latin-1", "replace")))
        if memory.last_modified and "last_modified" in self.validators:
            stamp = memory.last_modified.encode("latin-1", "replace")
            fields.append(("If-Modified-Since", stamp))
        return tuple(fields)


def rules_with(rules: bytes, label: str | None, payload: bytes | None) -> bytes:
    """Return the rules of a gain: those of the job, and what the request of its page carries.

    Args:
        rules: Of the job, 8 bytes; of a list of URLs, followed by those of lists.
        label: Of the request.
        payload: Its callback and arguments, encoded.
    """
    return rules + digest_of(f"{label or ''}\n".encode() + (payload or b""))[:8]


def same_by_reading(
    old: PageMemory | None, new: PageMemory, fingerprint: Fingerprint, distance: int | None
) -> Same:
    """Return how a page that was read compares with what is remembered.

    Args:
        old: What is remembered; None for nothing.
        new: What was found.
        fingerprint: What counts.
        distance: Bits in which the simhashes of the texts differ; None if nobody compared them.
    """
    if old is None or old.print is None:
        return Same.NEW_PAGE
    if old.print == new.print:
        return Same.SAME_FIELDS
    if old.body_hash == new.body_hash:
        return Same.OTHER_RULES
    near = distance is not None and fingerprint.fuzzy is not None and distance <= fingerprint.fuzzy
    return Same.SAME_FIELDS if near else Same.CHANGED


def proves_wrong(old: PageMemory, new: PageMemory, same: Same, *, conditional: bool) -> bool:
    """Tell whether a full answer proves that the 304s before it may have been wrong.

    What the page gives changed, and its validators did not.
    """
    if conditional or same is not Same.CHANGED or not old.visits:
        return False
    pairs: Sequence[tuple[str | None, str | None]] = (
        (old.etag, new.etag),
        (old.last_modified, new.last_modified),
    )
    told = [(before, now) for before, now in pairs if before]
    return bool(told) and all(before == now for before, now in told)
