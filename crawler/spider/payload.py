"""Whatever a request carries beside its URL, as bytes that are kept with its row.

A plain link carries nothing and has no payload at all. Keys are short as they are stored with
every row; `meta` and `cb_kwargs` go through `crawler.spider.plain_codec`, which copies them.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from crawler.damage import UNREADABLE
from crawler.errors import CallbackError
from crawler.messages import Request
from crawler.spider.callbacks import CallbackRef, reference
from crawler.spider.plain_codec import dump, load

#: `meta` keys that the crawler sets; a spider that passes a response's `meta` on need not mind.
OWN_META = frozenset(("depth", "redirect_urls", "redirect_times"))

# What dates, numbers and Items raise at values of other kinds than they were made of.
_MISFITS = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError)

_DEFAULT_CALLBACK = CallbackRef("parse")
_encoder = msgspec.msgpack.Encoder()


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What a request carries.

    Attributes:
        callback: None for the spider's `parse`.
        headers: Lower-case names and values, repeated ones repeatedly.
        cookies: A dict, or a list of dicts, as the spider gave them.
        hops: URLs that redirected to this one, the first request's first.
        source: The answer is a list of URLs to start from (sitemap, feed, robots.txt), no page.
        trail: Lists that led to this list, the first one first.
        kept: Columns of the list of URLs that the request came from; its items carry them.
    """

    callback: CallbackRef | None = None
    errback: CallbackRef | None = None
    headers: tuple[tuple[str, bytes], ...] = ()
    cookies: Any = None
    meta: dict[str, Any] = msgspec.field(default_factory=dict)
    cb_kwargs: dict[str, Any] = msgspec.field(default_factory=dict)
    encoding: str = "utf-8"
    flags: tuple[str, ...] = ()
    dont_filter: bool = False
    hops: tuple[str, ...] = ()
    source: bool = False
    trail: tuple[str, ...] = ()
    kept: dict[str, str] = msgspec.field(default_factory=dict)

    def without_credentials(self) -> Payload:
        """Return a copy for another origin, without what is not for it.

        That is its cookies, where it came from, and each field whose name speaks of a secret.
        """
        kept = tuple(pair for pair in self.headers if not is_confidential(pair[0]))
        return msgspec.structs.replace(self, headers=kept, cookies=None)

    def without_body(self) -> Payload:
        """Return a copy for a request whose body is dropped with the fields that describe it."""
        kept = tuple(pair for pair in self.headers if pair[0] not in _OF_THE_BODY)
        return msgspec.structs.replace(self, headers=kept)


EMPTY = Payload()

#: `Authorization`, `X-Auth-Token`, `X-API-Key`, `X-CSRF-Token`... but not `X-Author`.
_CONFIDENTIAL = re.compile(
    r"cookie|referer|auth(?!or)|authoriz|token|api-?key|access-?key|secret|passw|session|credential"
    r"|csrf|xsrf|signature"
)
_OF_THE_BODY = frozenset(
    ("content-encoding", "content-language", "content-length", "content-type", "transfer-encoding")
)


def is_confidential(name: str) -> bool:
    """Tell whether a header field is for the origin it was meant for alone, by its lower-case name.

    No standard lists such fields: clients that drop `Authorization` and `Cookie` only, as most do,
    hand every key of an API to whoever that API redirects to.
    """
    return _CONFIDENTIAL.search(name) is not None


# The keys are stored; never change them.
_KEYS = {
    "callback": "cb",
    "errback": "eb",
    "headers": "h",
    "cookies": "c",
    "meta": "m",
    "cb_kwargs": "k",
    "encoding": "e",
    "flags": "f",
    "dont_filter": "d",
    "hops": "hops",
    "source": "src",
    "trail": "up",
    "kept": "col",
}


def payload_of(request: Request, spider: object) -> Payload:
    """Take from a spider's request what its row has no column for.

    Raises:
        CallbackError: Its callback or errback is no method of the spider.
    """
    callback = None if request.callback is None else reference(spider, request.callback)
    return Payload(
        callback=None if callback == _DEFAULT_CALLBACK else callback,
        errback=None if request.errback is None else reference(spider, request.errback),
        headers=tuple(request.headers.pairs()) if request.headers else (),
        cookies=request.cookies or None,
        meta={key: value for key, value in request.meta.items() if key not in OWN_META},
        cb_kwargs=request.cb_kwargs,
        encoding=request.encoding,
        flags=tuple(request.flags),
        dont_filter=request.dont_filter,
    )


def encode(payload: Payload) -> bytes | None:
    """Return the bytes of a payload; None when everything in it is as usual.

    Raises:
        CallbackError: Something in it cannot be kept; the message says where it stands.
    """
    parts: dict[str, msgspec.Raw] = {}
    for name, key in _KEYS.items():
        value = getattr(payload, name)
        if value and value != getattr(EMPTY, name):
            if isinstance(value, CallbackRef):
                value = [value.name, value.args, value.kwargs]
            parts[key] = msgspec.Raw(dump(value, name))
    return _encoder.encode(parts) if parts else None


def belongs_to_its_page(raw: bytes) -> bool:
    """Tell whether a request stands for a place on the page that gave it, and no page of its own.

    So do lists of URLs, and requests that are not filtered. What cannot be read does not.
    """
    try:
        parts = load(raw)
        return bool(parts.get(_KEYS["source"]) or parts.get(_KEYS["dont_filter"]))
    except (*UNREADABLE, *_MISFITS):
        return False


def is_list(raw: bytes) -> bool:
    """Tell whether the answer of a request is a list of URLs; what cannot be read is none."""
    try:
        return bool(load(raw).get(_KEYS["source"]))
    except (*UNREADABLE, *_MISFITS):
        return False


def decode(raw: bytes | None) -> Payload:
    """Return the payload that `encode` made into bytes; every call gives new objects.

    Raises:
        CallbackError: It is damaged, or holds an Item this program does not know.
    """
    if raw is None:
        return EMPTY
    try:
        parts = load(raw)
        values = {name: parts[key] for name, key in _KEYS.items() if key in parts}
        for name in ("callback", "errback"):
            if name in values:
                values[name] = CallbackRef(*values[name])
    except (*UNREADABLE, *_MISFITS) as error:
        raise CallbackError(f"a kept request cannot be read: {error}") from error
    return Payload(**values)
