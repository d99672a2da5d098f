"""What is asked for and what comes back: headers, requests, rows of the frontier, answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

import msgspec

from crawler.page_memory import PageMemory

HeaderValue = str | bytes
HeaderSource = (
    Mapping[str, HeaderValue | Iterable[HeaderValue]] | Iterable[tuple[str | bytes, HeaderValue]]
)


class Headers(MutableMapping[str, bytes]):
    """HTTP header fields: names in any case, values as bytes, repeated fields kept in order.

    `headers["X"]` is the last value of a repeated field, as in Scrapy; `getlist` gives all.
    """

    __slots__ = ("_fields",)

    def __init__(self, source: HeaderSource | None = None) -> None:
        self._fields: dict[bytes, list[bytes]] = {}
        pairs = source.items() if isinstance(source, Mapping) else (source or ())
        for name, value in pairs:
            many = [value] if isinstance(value, str | bytes) else list(value)
            self._fields.setdefault(_name(name), []).extend(_value(one) for one in many)

    @classmethod
    def from_raw(cls, pairs: Iterable[tuple[bytes, bytes]]) -> Headers:
        """Build from raw pairs as a client library gives them."""
        headers = cls.__new__(cls)
        fields: dict[bytes, list[bytes]] = {}
        headers._fields = fields
        for name, value in pairs:
            key = name.lower()
            if key in fields:
                fields[key].append(value)
            else:
                fields[key] = [value]
        return headers

    def __getitem__(self, name: str) -> bytes:
        return self._fields[_name(name)][-1]

    def __setitem__(self, name: str, value: HeaderValue | Iterable[HeaderValue]) -> None:
        many = [value] if isinstance(value, str | bytes) else list(value)
        self._fields[_name(name)] = [_value(one) for one in many]

    def __delitem__(self, name: str) -> None:
        del self._fields[_name(name)]

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({dict(self.pairs())!r})"

    def getlist(self, name: str) -> list[bytes]:
        """Return every value of a field, in order; an empty list if it is absent."""
        return list(self._fields.get(_name(name), ()))

    def raw(self, name: bytes) -> Sequence[bytes]:
        """Return every value of a field, by its name in lower case; not to be changed."""
        return self._fields.get(name, ())

    def text(self, name: str, default: str = "") -> str:
        """Return the last value of a field as text (UTF-8, else Latin-1)."""
        values = self._fields.get(_name(name))
        if not values:
            return default
        return _text(values[-1])

    @property
    def content_type(self) -> str:
        """The Content-Type field that counts, "" for none."""
        values = self._fields.get(b"content-type")
        if not values:
            return ""
        return _text(values[0]) if len(values) == 1 else last_type([_text(one) for one in values])

    def pairs(self) -> Iterator[tuple[str, bytes]]:
        """Yield every field as (lower-case name, value), repeated ones repeatedly."""
        for name, values in self._fields.items():
            for value in values:
                yield name.decode("latin-1"), value

    def copy(self) -> Headers:
        """Return an independent copy."""
        twin = Headers()
        twin._fields = {name: list(values) for name, values in self._fields.items()}
        return twin


def _name(name: str | bytes) -> bytes:
    return (name.encode("latin-1") if isinstance(name, str) else name).lower()


def _value(value: HeaderValue) -> bytes:
    raw = value.encode("utf-8") if isinstance(value, str) else value
    if b"\n" in raw or b"\r" in raw or b"\0" in raw:
        raise ValueError("a header value may not contain line breaks or NUL")
    return raw


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


_MEDIA_TYPE = re.compile(r"\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+\s*(;|$)")


def last_type(values: Sequence[str]) -> str:
    """Return which of several Content-Type fields counts, "" for none.

    It is the last that names a media type (Fetch standard §2.2.2), else the last.
    """
    if len(values) < 2:
        return values[0] if values else ""
    good = [one for one in values if _MEDIA_TYPE.match(one) and not one.startswith("*/*")]
    return (good or values)[-1]


Callback = Callable[..., Any]


class Request:
    """What a spider asks for; names and meaning are Scrapy's.

    Args:
        url: Absolute http or https URL.
        callback: Bound method of the spider, its name, or a `functools.partial` of one.
        priority: Higher goes first.
        dont_filter: Fetch even if the same request is known.
        label: Picks the extract rule of a config (ours, not Scrapy's).

    Raises:
        ValueError: The URL has no scheme.
    """

    __slots__ = (
        "body", "callback", "cb_kwargs", "cookies", "dont_filter", "encoding", "errback", "flags",
        "headers", "label", "meta", "method", "priority", "url",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913 - Scrapy's signature
        self,
        url: str,
        callback: Callback | str | None = None,
        method: str = "GET",
        headers: HeaderSource | None = None,
        body: bytes | str | None = None,
        cookies: Mapping[str, str] | list[dict[str, str]] | None = None,
        meta: Mapping[str, Any] | None = None,
        encoding: str = "utf-8",
        priority: int = 0,
        dont_filter: bool = False,
        errback: Callback | str | None = None,
        flags: list[str] | None = None,
        cb_kwargs: Mapping[str, Any] | None = None,
        label: str | None = None,
    ) -> None:
        if not isinstance(url, str):
            raise TypeError(f"Request url must be str, got {type(url).__name__}")
        if ":" not in url:
            raise ValueError(f"Missing scheme in request url: {url}")
        self.url = url
        self.callback = callback
        self.method = method.upper()
        self.headers = Headers(headers)
        self.body = body.encode(encoding) if isinstance(body, str) else (body or b"")
        self.cookies = cookies or {}
        self.meta: dict[str, Any] = dict(meta or {})
        self.encoding = encoding
        self.priority = priority
        self.dont_filter = dont_filter
        self.errback = errback
        self.flags = list(flags or ())
        self.cb_kwargs: dict[str, Any] = dict(cb_kwargs or {})
        self.label = label

    def replace(self, **changes: Any) -> Request:
        """Return a copy with some attributes changed."""
        values = {name: getattr(self, name) for name in Request.__slots__}
        values["headers"] = self.headers.pairs()
        return type(self)(**(values | changes))

    def copy(self) -> Request:
        """Return an independent copy."""
        return self.replace()

    def __repr__(self) -> str:
        return f"<{self.method} {self.url}>"


class NewRequest(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A request on its way into the frontier, everything about it decided but its row.

    Attributes:
        url: Serialised by `crawler.urls`, without fragment.
        method: Upper case.
        body: Request body, part of the fingerprint.
        rank: Higher goes first: the user's priority; a redirect hop's has `HOP_RANK` added.
        depth: Links away from a start URL.
        ordinal: Place among the requests of its page; makes a `dont_filter` request unique.
        dont_filter: Known or not, it is added.
        skip: A SkipReason if the row is only to be on the books, never fetched.
        payload: Whatever else the request carries, encoded by `crawler.spider.payload`.
        lastmod: Wall-clock second of its last change, by the list that names it.
        news: That list is one of news, which drops pages after some time.
    """

    url: str
    method: str = "GET"
    body: bytes = b""
    rank: int = 0
    depth: int = 0
    label: str | None = None
    label_rank: int = 0
    ordinal: int = 0
    dont_filter: bool = False
    is_start: bool = False
    skip: str | None = None
    payload: bytes | None = None
    lastmod: float | None = None
    news: bool = False


#: Added to the rank of a redirect hop, which comes next in its host's queue.
HOP_RANK = 1 << 40


class QueuedRequest(msgspec.Struct, gc=False, kw_only=True):
    """A row of the frontier that is to be fetched.

    Attributes:
        id: Row number, in the order of discovery.
        key: Fingerprint, unsigned 64 bits.
        host: Host key (`crawler.urls.host_key`).
        attempts: Tries that ended without an answer worth keeping, so far.
        fetch_no: Number of this fetch over the life of the row, from 1; part of item ids.
        parent: Row of the page that gave it; 0 for none.
        crashes: Times its callback was running when the process ended.
        payload: See `NewRequest.payload`.
        urgency: Seconds by which it was overdue as the run began; 0 for what has no due date.
        memory: What past runs learnt of it, but for its gain; None for nothing.
        conditional: Its body is wanted only if it changed; `reread`: as it is kept, unasked.
    """

    id: int
    key: int
    url: str
    host: str
    method: str = "GET"
    body: bytes = b""
    rank: int = 0
    depth: int = 0
    label: str | None = None
    attempts: int = 0
    fetch_no: int = 1
    parent: int = 0
    parent_url: str | None = None
    crashes: int = 0
    is_start: bool = False
    payload: bytes | None = None
    urgency: int = 0
    memory: PageMemory | None = None
    conditional: bool = False
    reread: bool = False

    @property
    def item_prefix(self) -> str:
        """First part of the ids of this page's items: fingerprint and fetch number."""
        return f"{self.key:016x}-{self.fetch_no}"


class BodySink(Protocol):
    """Where the body of a good answer goes instead of into memory."""

    async def begin(self, status: int, headers: Headers) -> bool:
        """Take the head of an answer of status 2xx that has a body; of a further try, again.

        Returns:
            False when the body is not wanted.

        Raises:
            FetchError: It is no answer to what was asked.
            OutputError: It cannot be kept.
        """
        ...

    async def take(self, data: bytes) -> None:
        """Take the next piece of the body, its content coding removed.

        Raises:
            OutputError: It cannot be kept.
        """
        ...

    async def finish(self) -> None:
        """Note that the body is complete."""
        ...


class FetchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a Fetcher needs to know of a request.

    Attributes:
        headers: Fields set for this request alone; they win over the fetcher's own.
        cookies: Cookies of this request alone, sent to its host with those of the jar.
        use_jar: False neither sends the jar's cookies nor keeps what the answer sets.
        timeout: Seconds without a byte; None for the fetcher's own.
        any_type: True keeps a body of any media type (robots.txt, sitemaps).
        max_body: Decoded bytes allowed; None for the fetcher's own.
        cut: A body beyond `max_body` is cut there, flagged "body_cut", and not refused.
        proxy: URL of the proxy to go through, "" for none; None leaves it to the fetcher.
        sink: Where the body of a good answer goes; None keeps it in memory.
    """

    url: str
    method: str = "GET"
    body: bytes = b""
    headers: tuple[tuple[str, bytes], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    use_jar: bool = True
    timeout: float | None = None
    any_type: bool = False
    max_body: int | None = None
    cut: bool = False
    proxy: str | None = None
    sink: BodySink | None = None


class StoredCookie(msgspec.Struct, frozen=True, gc=False):
    """One cookie as the jar keeps it (RFC 6265 §5.3); one that expired stands for its removal."""

    domain: str
    path: str
    name: str
    value: str
    host_only: bool
    secure: bool
    expires: float | None
    created: float
    http_only: bool = False


class HttpResponse(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as bytes: content coding removed, redirects not followed.

    Attributes:
        url: The URL that was asked for, without fragment.
        body: Decoded body; empty for redirects and for media types nobody asked for.
        wire_size: Bytes of the body as received.
        elapsed: Seconds from sending to the last byte.
        asked_at: Monotonic second at which the request was sent, its connection made before.
        flags: See `PageOutcome.flags`; "unwanted_type" when the body was not read for its type.
        cookies_set: What the jar learnt.
        retry_after: Seconds of a Retry-After field, date forms already turned into seconds.
    """

    url: str
    status: int
    headers: Headers
    body: bytes = b""
    wire_size: int = 0
    elapsed: float = 0.0
    asked_at: float | None = None
    flags: tuple[str, ...] = ()
    cookies_set: tuple[StoredCookie, ...] = ()
    retry_after: float | None = None

    @property
    def content_type(self) -> str:
        """The Content-Type field that counts, as it came; "" when there is none."""
        return self.headers.content_type

    @property
    def media_type(self) -> str:
        """The media type alone, lower case, without parameters; "" when there is none."""
        return _media_type(self.content_type)


@lru_cache(maxsize=256)
def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
