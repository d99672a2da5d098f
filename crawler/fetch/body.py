"""A body as it comes in: decoded, counted and judged, whatever client brings the bytes.

Reads no clock and no socket; the client feeds it. One object lives for one answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from crawler.errors import FetchError
from crawler.fetch.content_coding import UNKNOWN_CODING, decoder_for, is_known, parse_codings
from crawler.fetch.decoders import Decoder
from crawler.fetch.limits import MIB, FetchLimits
from crawler.outcome import ErrorClass

#: Small pages of one letter compress well; the ratio says something only beyond this size.
RATIO_FROM = MIB


class BodyCollector:
    """Collects one body.

    Args:
        limits: Those of the fetcher.
        url: For the errors.
        codings: Values of the Content-Encoding fields.
        max_body: Bytes allowed, on the wire and decoded.
        now: Monotonic seconds at which the first byte was waited for.

    Attributes:
        wire_size: Bytes taken so far.
        held: Decoded bytes that are held.
        flags: What was odd about the coding.
    """

    __slots__ = (
        "_decoder", "_limits", "_max", "_parts", "_size", "_url", "_window_end", "_window_floor",
        "flags", "held", "wire_size",
    )  # fmt: skip

    def __init__(
        self, limits: FetchLimits, url: str, codings: Sequence[str], *, max_body: int, now: float
    ) -> None:
        self.wire_size = self.held = 0
        self._limits = limits
        self._url = url
        self._max = max_body
        self._size = 0
        self._parts: list[bytes] = []
        self.flags: list[str] = []
        self._decoder = self._choose(codings)
        self._window_end = now + limits.rate_window
        self._window_floor = limits.rate_window * limits.min_rate

    def _choose(self, fields: Sequence[str]) -> Decoder | None:
        codings = parse_codings(fields)
        if not codings:
            return None
        if not is_known(codings):
            self.flags.append(UNKNOWN_CODING)
            return None
        return decoder_for(codings, self._url)

    def feed(self, data: bytes) -> None:
        """Take bytes off the wire.

        Raises:
            FetchError: too_large, unreadable.
        """
        self.wire_size += len(data)
        if self.wire_size > self._max:
            raise self._too_large("is over the size limit")
        if self._decoder is not None:
            data = self._decoder.feed(data, self._max - self._size)
            if self._decoder.flag and not self.flags:
                self.flags.append(self._decoder.flag)
        if data:
            self._size += len(data)
            self.held += len(data)
            self._parts.append(data)
            if self._size > RATIO_FROM and self._size > self.wire_size * self._limits.max_ratio:
                raise self._too_large("is compressed beyond reason")

    def check_rate(self, now: float) -> None:
        """Judge the rate at which bytes come; to be called whenever the client had to wait.

        Raises:
            FetchError: timeout.
        """
        if now < self._window_end:
            return
        if self.wire_size < self._window_floor:
            raise FetchError(
                ErrorClass.TIMEOUT,
                f"the body came at less than {self._limits.min_rate:g} bytes a second",
                url=self._url,
            )
        window = self._limits.rate_window
        self._window_end = now + window
        self._window_floor = self.wire_size + window * self._limits.min_rate

    def finish(self) -> bytes:
        """Return the body.

        Raises:
            FetchError: truncated: the wire said it was complete, its content coding does not.
        """
        if self._decoder is not None:
            self._decoder.finish()
        return self.so_far()

    def so_far(self) -> bytes:
        """Return what has been decoded, complete or not."""
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)

    def hand_over(self) -> bytes:
        """Return what is held, and hold it no longer."""
        data = self.so_far()
        self._parts.clear()
        self.held = 0
        return data

    def _too_large(self, what: str) -> FetchError:
        return FetchError(ErrorClass.TOO_LARGE, f"the body {what}", url=self._url)


def announced_too_large(length: int, url: str) -> FetchError:
    """Return the error for a body that is refused by the length it announces."""
    return FetchError(ErrorClass.TOO_LARGE, f"the body announces {length} bytes", url=url)
