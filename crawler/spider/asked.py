"""A row of the frontier as the fetcher and as the callback want to see it."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from crawler.messages import HOP_RANK, Callback, FetchRequest, QueuedRequest, Request
from crawler.policy.access import proxy_of
from crawler.spider.callbacks import CallbackRef, resolve
from crawler.spider.failure import CallbackFailed
from crawler.spider.payload import Payload

_REDIRECTS = range(300, 400)


def fetch_request(queued: QueuedRequest, payload: Payload) -> FetchRequest:
    """Return what the fetcher needs to know.

    Of `meta`, `download_timeout`, `download_maxsize`, `dont_merge_cookies` and `proxy` count, as in
    Scrapy; a `proxy` of None means none.

    Raises:
        CallbackFailed: The proxy is none that can be used.
    """
    meta = payload.meta
    timeout, size = meta.get("download_timeout"), meta.get("download_maxsize")
    return FetchRequest(
        url=queued.url,
        method=queued.method,
        body=queued.body,
        headers=payload.headers,
        cookies=tuple(_cookies(payload.cookies)),
        use_jar=not meta.get("dont_merge_cookies"),
        timeout=float(timeout) if isinstance(timeout, int | float) and timeout > 0 else None,
        max_body=size if isinstance(size, int) and size > 0 else None,
        proxy=_proxy(meta["proxy"]) if "proxy" in meta else None,
    )


def request_of(queued: QueuedRequest, payload: Payload, spider: object) -> Request:
    """Return the request as its spider gave it, with what became of it since in `meta`."""
    meta = payload.meta | {"depth": queued.depth}
    if payload.hops:
        meta |= {"redirect_urls": list(payload.hops), "redirect_times": len(payload.hops)}
    return Request(
        queued.url,
        _callable(spider, payload.callback),
        method=queued.method,
        headers=payload.headers,
        body=queued.body,
        cookies=payload.cookies,
        meta=meta,
        encoding=payload.encoding,
        priority=queued.rank - HOP_RANK if payload.hops else queued.rank,
        dont_filter=payload.dont_filter,
        errback=_callable(spider, payload.errback),
        flags=list(payload.flags),
        cb_kwargs=payload.cb_kwargs,
        label=queued.label,
    )


def wants_status(spider: object, meta: dict[str, Any], status: int) -> bool:
    """Tell whether a callback has asked to see answers of this status."""
    if meta.get("handle_httpstatus_all") or (meta.get("dont_redirect") and status in _REDIRECTS):
        return True
    listed = meta.get("handle_httpstatus_list", getattr(spider, "handle_httpstatus_list", ()))
    return isinstance(listed, Iterable) and status in listed


def _proxy(given: object) -> str:
    """Return the URL of a request's own proxy, "" for none."""
    if given is None or given == "":
        return ""
    try:
        proxy_of(str(given))
    except ValueError as error:  # it repeats nothing of what may be a password
        raise CallbackFailed(f"meta['proxy']: {error}") from None
    return str(given)


def _callable(spider: object, ref: CallbackRef | None) -> Callback | str | None:
    if ref is None:
        return None
    method = resolve(spider, ref)
    return functools.partial(method, *ref.args, **ref.kwargs) if ref.args or ref.kwargs else method


def _cookies(cookies: Any) -> Iterable[tuple[str, str]]:
    """Yield names and values of cookies in either of Scrapy's two forms."""
    if isinstance(cookies, dict):
        yield from ((str(name), str(value)) for name, value in cookies.items())
    elif isinstance(cookies, list):
        for cookie in cookies:
            if isinstance(cookie, dict) and "name" in cookie and "value" in cookie:
                yield str(cookie["name"]), str(cookie["value"])
