"""What the fetcher allows one answer to cost, and which media types it keeps."""

from __future__ import annotations

import msgspec

from crawler.errors import ConfigError

KIB = 1024
MIB = 1024 * KIB

DNS_TTL = 300  # seconds; a polite crawl would otherwise ask again for every page of a host
DNS_ENTRIES = 10_000

MAX_LINE = 32 * KIB
MAX_FIELD = 64 * KIB  # real sites send policies and cookies beyond the usual 8 KiB
MAX_FIELDS = 2_000  # some sites set cookies by the hundred; MAX_HEAD bounds them together
MAX_HEAD = 256 * KIB
MAX_CHUNKING = MIB  # of a body, sizes and line ends of its chunks: 200,000 of them, or fewer
MAX_INTERIM = 50  # 1xx answers before the real one


class FetchLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one request; every one of them ends in a `FetchError`, never in a wait.

    Attributes:
        timeout: Seconds without a byte.
        connect_timeout: Seconds for name look-up, connection and TLS together.
        deadline: Seconds for a whole request.
        max_body: Bytes of a body, on the wire and decoded.
        max_ratio: Decoded bytes per byte received, judged once 1 MiB has been decoded.
        min_rate: Bytes per second that a body must bring, judged every `rate_window` seconds.
        rate_window: Seconds over which the rate is taken.
        idle: Connections kept for a next request, over all hosts.
        accept: Media types kept, "text/html" or "image/*"; None keeps everything.
    """

    timeout: float = 20.0
    connect_timeout: float = 10.0
    deadline: float = 120.0
    max_body: int = 32 * MIB
    max_ratio: int = 1000
    min_rate: float = 100.0
    rate_window: float = 30.0
    idle: int = 256
    accept: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("timeout", "connect_timeout", "deadline", "max_body", "max_ratio"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"fetch limit {name} must be above 0")
        for pattern in self.accept or ():
            if "/" not in pattern:
                raise ConfigError(f"{pattern!r} is no media type; one looks like text/html")

    @property
    def head_deadline(self) -> float:
        """Seconds until the header must be complete, however steadily its bytes drip in."""
        return min(self.deadline, self.connect_timeout + self.timeout)

    def accepts(self, content_type: str) -> bool:
        """Say whether a body is kept, by its Content-Type field; one that names no type is."""
        if self.accept is None or content_type in self.accept:
            return True
        media_type = content_type.partition(";")[0].strip().lower()
        if not media_type or media_type in self.accept:
            return True
        family = media_type.partition("/")[0]
        return f"{family}/*" in self.accept or "*/*" in self.accept
