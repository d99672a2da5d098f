"""The callback that a request asks for, by name: for people."""

from __future__ import annotations

from crawler.messages import QueuedRequest
from crawler.spider.failure import CallbackFailed
from crawler.spider.payload import decode


def callback_name(request: QueuedRequest) -> str | None:
    """Return the name of a request's callback; None for the spider's own `parse`, or for none."""
    try:
        callback = decode(request.payload).callback
    except (CallbackFailed, ValueError):
        return None
    return None if callback is None else callback.name
