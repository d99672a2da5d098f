"""What the parent and a worker process say to each other.

Plain structs, one frame of MessagePack for a batch of them; nothing but data can be said, so that
a message cannot run code. Items travel with their types kept (`crawler.spider.plain_codec`).
"""

from __future__ import annotations

import msgspec

from crawler.messages import QueuedRequest, StoredCookie
from crawler.outcome import (
    ErrorClass,
    ItemProblem,
    ItemRecord,
    PageOutcome,
    Quarantined,
    State,
)
from crawler.spider.plain_codec import dump, load

# To a worker


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """The first word: how to set up. What stands in it is the application's business."""

    setup: bytes


class Fetch(msgspec.Struct, frozen=True, tag="fetch"):
    """A request that may go out at once.

    Attributes:
        wants_text: The trap guard asks for the text of its page.
    """

    request: QueuedRequest
    wants_text: bool = False


class Admit(msgspec.Struct, frozen=True, tag="admit"):
    """Hosts that have joined the scope."""

    hosts: list[str]


class Learn(msgspec.Struct, frozen=True, tag="learn"):
    """Cookies that another worker was given."""

    cookies: list[StoredCookie]


class Offloaded(msgspec.Struct, frozen=True, tag="offloaded"):
    """The answer to `Offload`: a value, or why there is none."""

    number: int
    value: bytes = b""
    kind: str = ""
    reason: str = ""


class Leave(msgspec.Struct, frozen=True, tag="leave"):
    """Nothing more is coming: finish, close the spider, say `Bye`."""

    reason: str


# To the parent


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """Set up, and waiting for requests."""


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The job cannot be set up here; says why."""

    why: str


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """One outcome; the parent has its request, and puts it back in.

    Attributes:
        items: Kind and fields of each item, types kept.
        quarantined: Kind, fields and problems of those that break their schema.
    """

    row: int
    outcome: PageOutcome
    items: list[tuple[str, bytes]] = []
    quarantined: list[tuple[str, bytes, list[tuple[str, bytes, str]]]] = []


class Stalled(msgspec.Struct, frozen=True, tag="stalled"):
    """Callbacks kept the worker's loop from going on."""

    rows: list[int]
    seconds: float


class Logged(msgspec.Struct, frozen=True, tag="logged"):
    """The spider's logger was used."""

    level: int
    text: str


class Offload(msgspec.Struct, frozen=True, tag="offload"):
    """A callback asks for a function to be run in a process slot."""

    number: int
    function: str
    data: bytes


class Bye(msgspec.Struct, frozen=True, tag="bye"):
    """The last word.

    Attributes:
        peak_rss: Bytes.
        lag_p99: Seconds; so is `lag_max`.
        problem: What the spider's `closed` raised, "" for nothing.
    """

    peak_rss: int
    lag_p99: float
    lag_max: float
    problem: str = ""


Order = Begin | Fetch | Admit | Learn | Offloaded | Leave
Report = Ready | Refused | Ended | Stalled | Logged | Offload | Bye

_NOBODY = QueuedRequest(id=0, key=0, url="", host="")


def pack(outcome: PageOutcome) -> Ended:
    """Make an outcome ready for the way to the parent; the outcome itself is used up.

    Raises:
        CallbackError: An item holds what cannot be kept.
    """
    row = outcome.request.id
    items = [(item.name, dump(item.data, item.name)) for item in outcome.items]
    broken = [
        (one.name, dump(one.data, one.name), [_packed(problem) for problem in one.problems])
        for one in outcome.quarantined
    ]
    outcome.request, outcome.items, outcome.quarantined = _NOBODY, [], []
    return Ended(row, outcome, items, broken)


def sayable(report: Report) -> Report:
    """Return what to say instead of a report that cannot be encoded.

    Texts of a spider may hold half of a surrogate pair, which no encoding has. The links of a page
    are said all the same: the filter of this process takes them for known from now on.
    """
    match report:
        case Ended(row, outcome):
            error = "what came of it cannot be sent to the parent: half of a surrogate pair, or a"
            ended = PageOutcome(
                request=_NOBODY, state=State.FAILED, reason=ErrorClass.CALLBACK,
                error=_clean(outcome.error) or f"{error} number beyond 64 bits",
                status=outcome.status, links=outcome.links,
            )  # fmt: skip
            return Ended(row, ended)
        case Logged(level, text):
            return Logged(level, _clean(text) or "")
        case Refused(why):
            return Refused(_clean(why) or "")
        case Bye():
            return msgspec.structs.replace(report, problem=_clean(report.problem) or "")
    return report


def _clean(text: str | None) -> str | None:
    return text and text.encode("utf-8", "backslashreplace").decode()


def unpack(ended: Ended, request: QueuedRequest) -> PageOutcome:
    """Return the outcome of a request as if it had never travelled."""
    outcome = ended.outcome
    outcome.request = request
    outcome.items = [ItemRecord(name, load(data)) for name, data in ended.items]
    outcome.quarantined = [
        Quarantined(name, load(data), tuple(_unpacked(problem) for problem in problems))
        for name, data, problems in ended.quarantined
    ]
    return outcome


def _packed(problem: ItemProblem) -> tuple[str, bytes, str]:
    return problem.field, dump(problem.value, problem.field), problem.reason


def _unpacked(problem: tuple[str, bytes, str]) -> ItemProblem:
    field, value, reason = problem
    return ItemProblem(field, load(value), reason)
