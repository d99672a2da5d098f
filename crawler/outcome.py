"""How a request ended, and what its page gave.

The states and reasons are the words of the books, of `urls.jsonl.gz` and of `summary.json`: every
request that is known is in exactly one state, and only the states below exist.
"""

from __future__ import annotations

import enum
from typing import Any

import msgspec

from crawler.messages import NewRequest, QueuedRequest, StoredCookie
from crawler.page_memory import PageMemory


class State(enum.IntEnum):
    """Where a request stands. The numbers are stored; never change them."""

    PENDING = 0
    DONE = 1  # 2xx, or 304 to a conditional request
    FAILED = 2  # another try would not help
    DEAD = 3  # the retry budget is spent
    SKIPPED = 4  # never to be fetched, with a SkipReason


class SkipReason(enum.StrEnum):
    """Why a request was not fetched, or why its answer was not used."""

    ROBOTS = "robots"
    SCOPE = "scope"
    DEPTH = "depth"
    TYPE = "type"
    TRAP = "trap"
    REDIRECTED = "redirected"
    DUPLICATE = "duplicate"
    NOT_DUE = "not_due"
    IGNORED = "ignored"  # a callback raised IgnoreRequest
    NOAI = "noai"  # its X-Robots-Tag asks not to be used for training, and the config obeys it


class Same(enum.StrEnum):
    """How a page that is alive compares with what an incremental job remembers of it."""

    NEW_PAGE = "new"  # nothing is remembered of it
    NOT_DUE = "not_due"  # nobody asked
    NOT_MODIFIED = "not_modified"  # 304
    SAME_BODY = "same_body"
    SAME_FIELDS = "same_fields"  # what it gives is the same, or its text nearly so
    OTHER_RULES = "other_rules"  # its body is the same; other rules make something else of it
    CHANGED = "changed"

    @property
    def read(self) -> bool:
        """The page was read anew; else what it gave before is given again."""
        return self in (Same.NEW_PAGE, Same.SAME_FIELDS, Same.OTHER_RULES, Same.CHANGED)


#: Flag of a page that was read anew as other rules had read it, and not as it was visited.
REREAD = "reread"
#: Flag of what was not asked for, as it is kept: a page that is read, a file that is there.
KEPT = "kept"


class ErrorClass(enum.StrEnum):
    """What went wrong with a request; `crawler retry --class` takes these words."""

    DNS = "dns"
    CONNECT = "connect"
    REUSE = (
        "conn_reuse"  # a kept-alive connection was closed under us: retried at once, not charged
    )
    PROXY = "proxy"  # the proxy does not work, or will not take us there
    TIMEOUT = "timeout"
    TRUNCATED = "truncated"
    PROTOCOL = "protocol"
    SERVER = "server"  # 5xx
    RATE_LIMITED = "rate_limited"  # 429, or 503 with Retry-After
    ROBOTS_UNREACHABLE = "robots_unreachable"
    UNAVAILABLE = "unavailable"  # its host did not work, and was given up for this run
    CRASH = "crash"  # its callback ended the process
    STATUS = "status"  # 4xx and whatever else is neither 2xx nor worth another try
    TLS = "tls"
    TOO_LARGE = "too_large"
    ADDRESS = "address"  # a private address that nothing in the config names
    REDIRECT = "redirect"  # too many hops, or a Location that is no http(s) URL
    UNREADABLE = "unreadable"  # the body cannot be decoded
    CALLBACK = "callback"  # the spider raised
    FILE = "file"  # what came is not the kind of file that was asked for


class Standing(enum.StrEnum):
    """What an item is to what an incremental job knows; back from being gone, it is new."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


class ItemRecord(msgspec.Struct, frozen=True, gc=False):
    """One item as a callback gave it.

    Attributes:
        name: The item's kind: the rule's `item`, or the class's name, or "item" for a dict.
        data: Its fields, plain data.
        standing: What it is to what is known; None where a job is not incremental, and for what
            `start()` gives.
    """

    name: str
    data: dict[str, Any]
    standing: Standing | None = None


class ItemProblem(msgspec.Struct, frozen=True, gc=False):
    """One thing that is wrong with an item.

    Attributes:
        field: Dotted path of the field: `price`, `offers.0.price`.
        value: What stands there, plain data; None when it is missing.
        reason: In words, without a full stop.
    """

    field: str
    value: Any
    reason: str


class Quarantined(msgspec.Struct, frozen=True, gc=False):
    """One item that breaks its schema: kept aside with its reason, never dropped.

    Attributes:
        name: The item's kind.
        data: Its fields as they were found, plain data.
        problems: What is wrong, at least one thing.
    """

    name: str
    data: dict[str, Any]
    problems: tuple[ItemProblem, ...]


class RuleHit(msgspec.Struct, frozen=True, gc=False):
    """What one rule of a config found on one page that it applies to.

    Attributes:
        rule: Its place in the config: `extract.0`, `follow.1`.
        found: Items that it gave (quarantined ones included), or links that it selected.
        missing: Fields whose selector matched nothing, to the number of items it happened to;
            None for none, which is the usual case. When `found` is 0, that of the page as a whole.
    """

    rule: str
    found: int
    missing: dict[str, int] | None = None


class LinkBatch(msgspec.Struct, frozen=True, gc=False):
    """Plain GET links of one page that share everything but their URL.

    Attributes:
        urls: Serialised by `crawler.urls`, without fragment, in page order.
        label: The label that the follow rule gives them, or None.
        label_rank: Place of that label in the config, from 1; 0 for no label. Lower wins.
    """

    urls: list[str]
    label: str | None = None
    label_rank: int = 0


class StoredFile(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A file that was fetched and is in its place.

    Attributes:
        path: Where it is, relative to the base directory, with slashes.
        sha256: Of its bytes, 64 hexadecimal digits.
        size: In bytes.
        media_type: By its bytes, else as the server said.
        width: In pixels; None where that is not known.
        height: The same.
        duplicate_of: URL whose file had the same bytes before, and whose path this is; None else.
        kept: It was there before, and not asked for.
        fields: What steps say of it, for its line.
        spoilt: Why a step over it failed; "" if none did.
        validator: Its ETag or date, for a conditional request; "" for none that can be relied on.
        worked: The mark of the steps that were done to it, see `crawler.interfaces.FileWork`.
    """

    path: str
    sha256: str
    size: int
    media_type: str = ""
    width: int | None = None
    height: int | None = None
    duplicate_of: str | None = None
    kept: bool = False
    fields: dict[str, Any] = {}
    spoilt: str = ""
    validator: str = ""
    worked: str = ""


class PageOutcome(msgspec.Struct, kw_only=True):
    """All that one request gave: committed together or not at all.

    Attributes:
        request: What was asked for.
        state: DONE, FAILED or SKIPPED; PENDING asks for another try, which the retry policy
            turns into a wait or into DEAD.
        reason: A SkipReason when skipped, an ErrorClass when failed or to be tried again.
        error: One line for people: what happened, with the user's file and line if it was theirs.
        status: The HTTP status, None without an answer.
        links: Plain links in scope, to be added one level deeper.
        requests: Everything else to be added: callbacks, redirect hops, start requests.
        items: What the callback gave, in order.
        encoded: The same items as JSON objects, ready to be written.
        quarantined: Items that break their schema.
        hits: What each rule that applies to the page found on it.
        cookies: What the jar learnt from this answer.
        offsite: Links out of scope: host to (count, sample URL).
        nofollow: Links left out because the page or the link said nofollow.
        spider_state: `Spider.state` after the page, encoded; None when unchanged.
        retry_after: Seconds the server asked us to wait.
        size: Bytes of the body on the wire.
        elapsed: Seconds from sending the request to the last byte.
        asked_at: Monotonic second at which it was sent; None when that is not known.
        flags: What was odd but no error: "length_unknown", "not_encoded", "charset_guessed"...
        notes: Lines for the log about what is no failure, but should not pass in silence.
        source_files: Further lists of URLs (sitemaps, feeds) that a list led to.
        body: The decoded body of a failed page, for the report; None otherwise.
        close_reason: Set when the callback raised CloseSpider.
        sent: False when it ended without a request to its host.
        barren: True for a page that was read and gave no item of any rule or callback.
        text: Signatures of its text, see `crawler.extract.text_signature`; None if nobody asked.
        charged: False when the try is not counted against the page.
        file: The file that its answer was, None for none.
        file_fault: In one word, why it is no file as asked for: "type", "too_small"...
        same: How the page compares with what is remembered of it; None where a job is not
            incremental, and for what is not alive.
        memory: What is remembered of it from now on; None to leave that as it is.
    """

    request: QueuedRequest
    state: State
    reason: str | None = None
    error: str | None = None
    status: int | None = None
    content_type: str = ""
    links: list[LinkBatch] = msgspec.field(default_factory=list)
    requests: list[NewRequest] = msgspec.field(default_factory=list)
    items: list[ItemRecord] = msgspec.field(default_factory=list)
    encoded: list[bytes] = msgspec.field(default_factory=list)
    quarantined: list[Quarantined] = msgspec.field(default_factory=list)
    hits: list[RuleHit] = msgspec.field(default_factory=list)
    cookies: list[StoredCookie] = msgspec.field(default_factory=list)
    offsite: dict[str, tuple[int, str]] = msgspec.field(default_factory=dict)
    nofollow: int = 0
    spider_state: bytes | None = None
    retry_after: float | None = None
    size: int = 0
    elapsed: float = 0.0
    asked_at: float | None = None
    flags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    source_files: int = 0
    body: bytes | None = None
    close_reason: str | None = None
    sent: bool = True
    charged: bool = True
    barren: bool = False
    text: tuple[int, int] | None = None
    file: StoredFile | None = None
    file_fault: str | None = None
    same: Same | None = None
    memory: PageMemory | None = None
