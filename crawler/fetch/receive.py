"""Reads a body from whatever client brings its bytes, within the limits."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import msgspec

from crawler.errors import FetchError
from crawler.fetch.answer import (
    BODY_CUT,
    ERROR_BODY,
    EXTRA_BYTES,
    LENGTH_UNKNOWN,
    REDIRECT_BODY,
    UNWANTED_TYPE,
    BodyPlan,
    Head,
)
from crawler.fetch.body import BodyCollector, announced_too_large
from crawler.fetch.limits import KIB, FetchLimits
from crawler.interfaces import Clock
from crawler.messages import BodySink, FetchRequest, Headers
from crawler.outcome import ErrorClass

#: Bytes of a body that are handed to its sink at a time.
PIECE = 256 * KIB


class ByteSource(Protocol):
    """A body on its way."""

    async def readany(self) -> bytes:
        """Return what has come, waiting for something; b"" at the end."""
        ...

    def at_eof(self) -> bool:
        """Say whether all of it has been returned."""
        ...


class ArrivedSource(Protocol):
    """A body that may be here already.

    Attributes:
        total_bytes: Bytes of it that have come.
    """

    total_bytes: int

    def is_eof(self) -> bool:
        """Say whether all of it has come."""
        ...

    def read_nowait(self) -> bytes:
        """Return what has come."""
        ...


class Received(NamedTuple):
    """A body; `wire_size` is what it took on the wire."""

    body: bytes = b""
    wire_size: int = 0
    flags: tuple[str, ...] = ()

    def and_more(self, has_more: bool) -> Received:
        """Return it, flagged if more came than was announced."""
        return self.flagged(EXTRA_BYTES) if has_more else self

    def flagged(self, flag: str) -> Received:
        """Return it with one flag more."""
        return self._replace(flags=(*self.flags, flag))


_NOTHING = Received()
_UNWANTED = Received(flags=(UNWANTED_TYPE,))


class Receiver(msgspec.Struct, frozen=True):
    """Reads bodies.

    Attributes:
        limits: Those of the fetcher.
        clock: For the least rate.
        cut: What the client's source raises when a body ends before its announced end.
    """

    limits: FetchLimits
    clock: Clock
    cut: type[Exception]

    def at_hand(
        self, source: ArrivedSource, request: FetchRequest, head: Head, plan: BodyPlan
    ) -> Received | None:
        """Return a body that is here with its head and needs no decoding, as most do.

        None if there is more to be done, or to be waited for; nothing was read then.
        """
        if plan is not BodyPlan.READ or head.codings or not (head.is_delimited and source.is_eof()):
            return None
        if source.total_bytes > (request.max_body or self.limits.max_body):
            return None
        body = source.read_nowait()
        return Received(body, len(body))

    async def take(
        self, source: ByteSource, request: FetchRequest, head: Head, plan: BodyPlan
    ) -> Received:
        """Do with a body what is planned for it.

        Raises:
            FetchError: As in `read`.
            Exception: As in `read`.
        """
        if plan is BodyPlan.READ or plan is BodyPlan.KEEP_WHAT_COMES:
            lenient = plan is BodyPlan.KEEP_WHAT_COMES
            return await self.read(source, request, head, lenient=lenient)
        if plan is BodyPlan.DISCARD:
            return await self.drain(source)
        return _UNWANTED if plan is BodyPlan.UNWANTED else _NOTHING

    async def save(
        self, source: ByteSource, request: FetchRequest, head: Head, sink: BodySink, fields: Headers
    ) -> Received:
        """Hand a body over to its sink, in large pieces, as it comes.

        What came of one that is cut is handed over as well: it may be gone on with.

        Raises:
            FetchError: too_large, unreadable, truncated, timeout, or as the sink says.
            OutputError: The sink cannot keep it.
            Exception: `cut`, as the source raised it.
        """
        if not await sink.begin(head.status, fields):
            return _UNWANTED
        limit = request.max_body or self.limits.max_body
        if head.length is not None and head.length > limit:
            raise announced_too_large(head.length, request.url)
        collector = BodyCollector(
            self.limits, request.url, head.codings, max_body=limit, now=self.clock.monotonic()
        )
        try:
            while chunk := await source.readany():
                collector.feed(chunk)
                if collector.held >= PIECE:
                    await sink.take(collector.hand_over())
                if source.at_eof():
                    break
                collector.check_rate(self.clock.monotonic())
            collector.finish()
        except (FetchError, self.cut):
            await sink.take(collector.hand_over())
            raise
        await sink.take(collector.hand_over())
        await sink.finish()
        flags = () if head.is_delimited else (LENGTH_UNKNOWN,)
        return Received(wire_size=collector.wire_size, flags=(*flags, *collector.flags))

    async def read(
        self, source: ByteSource, request: FetchRequest, head: Head, *, lenient: bool
    ) -> Received:
        """Read and decode a body.

        Args:
            source: Where it comes from.
            request: What was asked for.
            head: Of the answer.
            lenient: Keep what came of a body that is cut, broken or too large, and flag it.

        Raises:
            FetchError: too_large (unless it may be cut), unreadable, truncated, timeout; only
                the last when lenient.
            Exception: `cut`, as the source raised it; not when lenient.
        """
        limit = request.max_body or self.limits.max_body
        if lenient:
            limit = min(limit, ERROR_BODY)
        flags = () if head.is_delimited else (LENGTH_UNKNOWN,)
        collector: BodyCollector | None = None
        try:
            if head.length is not None and head.length > limit and not request.cut:
                raise announced_too_large(head.length, request.url)
            first = await source.readany()
            if not head.codings and source.at_eof() and len(first) <= limit:
                # Most pages are here as soon as they are asked for.
                return Received(first, len(first), flags)
            collector = BodyCollector(
                self.limits, request.url, head.codings, max_body=limit, now=self.clock.monotonic()
            )
            await self._collect(first, source, collector)
            return Received(collector.finish(), collector.wire_size, (*flags, *collector.flags))
        except (FetchError, self.cut) as error:
            kind = getattr(error, "kind", "")
            if kind == ErrorClass.TIMEOUT or not (
                lenient or (request.cut and kind == ErrorClass.TOO_LARGE)
            ):
                raise
            flags = (*flags, BODY_CUT)
            if collector is None:
                return Received(flags=flags)
            return Received(collector.so_far(), collector.wire_size, (*flags, *collector.flags))

    async def _collect(self, chunk: bytes, source: ByteSource, collector: BodyCollector) -> None:
        while chunk:
            collector.feed(chunk)
            if source.at_eof():
                return
            collector.check_rate(self.clock.monotonic())
            chunk = await source.readany()

    async def drain(self, source: ByteSource) -> Received:
        """Read what nobody needs, so that its connection can be used again; 64 KiB at most."""
        size = 0
        while size <= REDIRECT_BODY and not source.at_eof():
            try:
                size += len(await source.readany())
            except self.cut:
                break
        return Received(wire_size=size)
