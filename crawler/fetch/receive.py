"""Reads a body from whatever client brings its bytes, within the limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from crawler.errors import FetchError
from crawler.fetch.answer import BODY_CUT, ERROR_BODY, LENGTH_UNKNOWN, REDIRECT_BODY
from crawler.fetch.body import BodyCollector
from crawler.fetch.limits import FetchLimits
from crawler.interfaces import Clock
from crawler.messages import FetchRequest, Headers
from crawler.outcome import ErrorClass


class ByteSource(Protocol):
    """A body on its way."""

    async def readany(self) -> bytes:
        """Return what has come, waiting for something; b"" at the end."""
        ...

    def at_eof(self) -> bool:
        """Say whether all of it has been returned."""
        ...


class Received(NamedTuple):
    """A body; `wire_size` is what it took on the wire."""

    body: bytes = b""
    wire_size: int = 0
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receiver:
    """Reads bodies.

    Attributes:
        limits: Those of the fetcher.
        clock: For the least rate.
        cut: What the client's source raises when a body ends before its announced end.
    """

    limits: FetchLimits
    clock: Clock
    cut: type[Exception]

    async def read(
        self, source: ByteSource, request: FetchRequest, headers: Headers, *, lenient: bool
    ) -> Received:
        """Read and decode a body.

        Args:
            source: Where it comes from.
            request: What was asked for.
            headers: Of the answer.
            lenient: Keep what came of a body that is cut, broken or too large, and flag it.

        Raises:
            FetchError: too_large, unreadable, truncated, timeout; only the last when lenient.
            Exception: `cut`, as the source raised it; not when lenient.
        """
        max_body = request.max_body or self.limits.max_body
        collector = BodyCollector(
            self.limits,
            request.url,
            headers.getlist("content-encoding"),
            max_body=min(max_body, ERROR_BODY) if lenient else max_body,
            now=self.clock.monotonic(),
        )
        length = headers.get("content-length", b"")
        try:
            if length.isdigit():
                collector.expect(int(length))
            await self._collect(source, collector)
            body = collector.finish()
        except (FetchError, self.cut) as error:
            if not lenient or getattr(error, "kind", "") == ErrorClass.TIMEOUT:
                raise
            flags = (*collector.flags, BODY_CUT)
            return Received(collector.so_far(), collector.wire_size, flags)
        if not length and "transfer-encoding" not in headers:
            collector.flags.append(LENGTH_UNKNOWN)
        return Received(body, collector.wire_size, tuple(collector.flags))

    async def _collect(self, source: ByteSource, collector: BodyCollector) -> None:
        chunk = await source.readany()
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
