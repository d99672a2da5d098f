"""Redirects: the request that follows from an answer's `Location`."""

from __future__ import annotations

import msgspec

from crawler.errors import FetchError
from crawler.messages import QueuedRequest
from crawler.outcome import ErrorClass
from crawler.spider.payload import Payload
from crawler.urls import join, origin

_MOVED = (301, 302)
_SEE_OTHER = 303


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """Where a redirect leads.

    Attributes:
        url: Serialised.
        method: Of the next request; GET where browsers change it.
        body: Of the next request.
        payload: What the first request carried, as far as it is for this origin, and the hops.
        returns: True when this URL was in the chain before, as when a page first sets a cookie.
    """

    url: str
    method: str
    body: bytes
    payload: Payload
    returns: bool


def follow_redirect(
    queued: QueuedRequest, payload: Payload, location: str, status: int, limit: int
) -> Hop:
    """Return where a redirect leads.

    Args:
        queued: The request that was redirected.
        payload: What it carried.
        location: The `Location` field; "" when there was none.
        status: The answer's status.
        limit: Most hops in a row.

    Raises:
        FetchError: Of class "redirect": no usable `Location`, too many hops, or a body that would
            go to another origin.
    """
    url = join(queued.url, location)
    if url is None:
        what = f"Location is no http(s) URL: {location!r:.200}" if location else "without Location"
        raise _refused(queued, status, f"redirect ({status}) {what}")
    hops = (*payload.hops, queued.url)
    if len(hops) > limit:
        raise _refused(queued, status, f"more than {limit} redirects in a row")
    kept = msgspec.structs.replace(payload, hops=hops)
    if origin(url) != origin(queued.url):
        kept = kept.without_credentials()
    method, body = queued.method, queued.body
    # RFC 9110 §15.4: a 303 is fetched with GET; browsers do so after a moved POST as well.
    if (status == _SEE_OTHER and method != "HEAD") or (status in _MOVED and method == "POST"):
        method, body, kept = "GET", b"", kept.without_body()
    if body and not _same_party(queued.url, url):
        # It may be a password. Browsers send it; a crawler's user is not there to see where to.
        said = (
            f"redirect ({status}) would take the body of a {method} to another origin: {url:.200}"
        )
        raise _refused(queued, status, said)
    return Hop(url=url, method=method, body=body, payload=kept, returns=url in hops)


def _same_party(one: str, other: str) -> bool:
    """Tell whether two URLs are of one origin, or the other is the https form of the one."""
    here, there = origin(one), origin(other)
    return here == there or there == here.replace("http://", "https://", 1)


def _refused(queued: QueuedRequest, status: int, message: str) -> FetchError:
    return FetchError(ErrorClass.REDIRECT, message, url=queued.url, status=status)
