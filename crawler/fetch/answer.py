"""What the head of an answer says about its body, whatever client received it.

Pure rules over status and header fields; the numbers in comments are of RFC 9110.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

import msgspec

from crawler.errors import FetchError
from crawler.fetch.limits import KIB, FetchLimits
from crawler.fetch.retry_after import retry_after
from crawler.messages import FetchRequest, Headers
from crawler.outcome import ErrorClass

UNWANTED_TYPE = "unwanted_type"
LENGTH_UNKNOWN = "length_unknown"
BODY_CUT = "body_cut"
EXTRA_BYTES = "extra_bytes"

#: Body of a redirect that is read, and thrown away, to keep the connection; beyond, it is closed.
REDIRECT_BODY = 64 * KIB

#: Decoded bytes kept of an error page: enough for any honest one, and a 404 stays a 404 however
#: much comes with it.
ERROR_BODY = 1024 * KIB

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_CONDITIONS = frozenset(("if-none-match", "if-modified-since"))


class Head(msgspec.Struct, frozen=True, gc=False):
    """Of the head of an answer, what decides about its body.

    Attributes:
        content_type: The Content-Type field as it came, "" for none.
        length: The announced length; None when there is none that can be read.
        codings: The Content-Encoding fields.
        has_location: There is a Location field.
        is_delimited: Something but the end of the connection says where the body ends.
    """

    status: int
    content_type: str = ""
    length: int | None = None
    codings: Sequence[str] = ()
    has_location: bool = False
    is_delimited: bool = True


class BodyPlan(enum.Enum):
    """What is done with a body."""

    NONE = enum.auto()  # there is none
    READ = enum.auto()
    KEEP_WHAT_COMES = enum.auto()  # an error page: whatever is wrong with it, its status stands
    DISCARD = enum.auto()  # a redirect's
    UNWANTED = enum.auto()  # of a media type that nobody asked for


def check_status(status: int, request: FetchRequest) -> None:
    """Refuse answers that answer something else than what was asked.

    Statuses from 600 on pass: they are to be treated as 5xx (§15).

    Raises:
        FetchError: protocol; truncated for a part that was not asked for.
    """
    if 200 <= status <= 999 and status not in (206, 304):
        return
    asked = {name.lower() for name, _ in request.headers}
    if status == 206:
        if "range" not in asked:
            raise _refused(request, status, ErrorClass.TRUNCATED, "a part that was not asked for")
    elif status == 304:
        if not asked & _CONDITIONS:
            raise _refused(request, status, ErrorClass.PROTOCOL, "304 to an unconditional request")
    else:
        raise _refused(request, status, ErrorClass.PROTOCOL, f"status {status} is no answer")


def plan_body(head: Head, request: FetchRequest, limits: FetchLimits) -> BodyPlan:
    """Decide what is done with the body."""
    status = head.status
    if request.method == "HEAD" or status in (204, 304):
        return BodyPlan.NONE
    if status < 300:
        wanted = limits.accept is None or request.any_type or limits.accepts(head.content_type)
        return BodyPlan.READ if wanted else BodyPlan.UNWANTED
    if head.has_location and status in _REDIRECTS:
        return BodyPlan.DISCARD
    return BodyPlan.KEEP_WHAT_COMES


def is_chunked(codings: Sequence[str]) -> bool:
    """Say whether the Transfer-Encoding fields let the body say where it ends (RFC 9112 §6.3)."""
    return bool(codings) and codings[-1].rpartition(",")[2].strip(" \t").lower() == "chunked"


def asked_wait(status: int, headers: Headers, now: float) -> float | None:
    """Return the seconds of a Retry-After field; only errors carry one that means us."""
    if status < 400:
        return None
    value = headers.text("retry-after")
    return retry_after(value, date=headers.text("date"), now=now) if value else None


def _refused(request: FetchRequest, status: int, kind: ErrorClass, why: str) -> FetchError:
    return FetchError(kind, why, url=request.url, status=status)
