"""One row of the fault matrix: what a server does, and what a crawl has to make of it."""

from __future__ import annotations

import enum
from collections.abc import Callable

import msgspec

from crawler.outcome import ErrorClass, SkipReason, State
from crawler.testing.raw_server import Script

#: An address of the hostile server that swallows connections, on the port of all rows.
BLACK_HOLE = "127.77.255.254"

#: What name servers say that say nothing.
NEVER: tuple[str, ...] = ()

#: Answers in the place of name servers: the addresses of a name, the n-th time it is asked for
#: (from 1), given the row's own; NEVER, or an OSError for what a resolver raises.
Names = Callable[[int, str], tuple[str, ...] | OSError]


class Door(enum.Enum):
    """How a row's address takes connections."""

    HTTP = enum.auto()
    TLS = enum.auto()  # with the certificate that `FaultRow.certificate` names
    RAW = enum.auto()  # the script is called as soon as somebody connects
    REFUSED = enum.auto()  # nobody listens
    FULL = enum.auto()  # somebody listens and never accepts; further connections are swallowed


class Expected(msgspec.Struct, frozen=True):
    """How the row's request has to end.

    Attributes:
        state: Its state; of a class that is worth another try this is DEAD, as tries run out.
        reason: Its SkipReason or ErrorClass; None when it is done.
        note: Words that the error, or for a page that is done the flags, must hold.
    """

    state: State
    reason: str | None = None
    note: str = ""

    def __str__(self) -> str:
        words = f"{self.state.name.lower()}({self.reason})" if self.reason else "done"
        return f"{words}: {self.note}" if self.note else words


class FaultRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a server does wrong.

    Attributes:
        number: "F18"; variants have a letter: "F18b".
        does: What the server does, a clause without a subject.
        expected: How the request for `path` ends.
        makes: Makes the script of each server anew, for scripts that remember; wins over `play`.
        play: Bytes that answer every request, after which the connection is closed; or a script
            that is called for each. `/after` is never played: see `has_after`.
        path: Path and query of the URL that a crawl starts from.
        tries: Requests that one try may cost the server: 2 where one is repeated at once on a new
            connection. With retries, a request that ends DEAD costs that many times more.
        door: How the address takes connections.
        certificate: For `Door.TLS`, a name of `crawler.testing.authority.Certificate`.
        scheme: Of the URL; None for what the door suggests.
        names: The host is a name, looked up by this. None: the host is the address.
        has_after: The server gives a good page at `/after`, which a crawl must get whole once the
            row has been played: whatever was wrong stays with its own request.
        plays_robots: The script answers `/robots.txt` too; else there is none.
        settings: Keys of a config that the row needs, "fetch.max_body" to "1KiB".
        starts: Further paths at which a crawl starts.
        is_list: `path` is a list of URLs to begin with, of `start.sitemap`.
        ends: How other requests end, by path or, elsewhere, by URL; `{base}` is the row's own.
        some: How at least one request of the row's host has to end.
        gives: What the item of the page must hold, by field.
        never: Paths that must not be asked for.
        most: Requests that the host may get in all, robots.txt included; None for no limit.
        room: MiB by which the memory of a crawl of it may grow, and that of its server with it.
        decided: Why the expected end is not the one that the usual matrices ask for; "" for none.
    """

    number: str
    does: str
    expected: Expected
    play: Script | bytes = b""
    makes: Callable[[], Script] | None = None
    path: str = "/"
    tries: int = 1
    door: Door = Door.HTTP
    certificate: str = ""
    scheme: str | None = None
    names: Names | None = None
    has_after: bool = True
    plays_robots: bool = False
    settings: dict[str, str] = msgspec.field(default_factory=dict)
    starts: tuple[str, ...] = ()
    is_list: bool = False
    ends: dict[str, Expected] = msgspec.field(default_factory=dict)
    some: tuple[Expected, ...] = ()
    gives: dict[str, object] = msgspec.field(default_factory=dict)
    never: tuple[str, ...] = ()
    most: int | None = None
    room: int = 48
    decided: str = ""

    @property
    def host_name(self) -> str:
        """The name of the row's host, for rows about names."""
        return f"{self.number.lower()}.faults.test"

    @property
    def follows(self) -> bool:
        """The row is about the links of its pages."""
        return self.settings.get("scope.follow") == "true"

    @property
    def obeys(self) -> bool:
        """The row is about robots.txt, or needs one."""
        return self.settings.get("fetch.robots") == "obey"

    def most_requests(self, retries: int) -> int:
        """Return how often the server may be asked for `path` when a crawl retries so often."""
        return self.tries * (retries + 1 if self.expected.state == State.DEAD else 1)


def done(note: str = "") -> Expected:
    """Return the end of a page that is used, with these flags."""
    return Expected(State.DONE, None, note)


def failed(kind: ErrorClass, note: str = "") -> Expected:
    """Return the end of a request that no other try would help."""
    return Expected(State.FAILED, kind, note)


def dead(kind: ErrorClass, note: str = "") -> Expected:
    """Return the end of a request whose tries have run out."""
    return Expected(State.DEAD, kind, note)


def skipped(reason: SkipReason, note: str = "") -> Expected:
    """Return the end of a request that is not fetched, or whose answer is not used."""
    return Expected(State.SKIPPED, reason, note)


def redirected(note: str = "") -> Expected:
    """Return the end of a request that led elsewhere."""
    return skipped(SkipReason.REDIRECTED, note)


#: Settings of rows whose links are to be followed, and of those that play a robots.txt.
FOLLOW = {"scope.follow": "true"}
OBEY = {"fetch.robots": "obey"}
