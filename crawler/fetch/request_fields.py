"""The header fields of a request, whatever client sends them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from crawler.fetch.content_coding import accept_encoding
from crawler.fetch.credentials import Credential
from crawler.messages import FetchRequest

#: Methods that may be sent again when nobody knows whether they arrived (RFC 9110 §9.2.2).
IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"))

_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
#: Where the body ends is for the client to say: two opinions are how requests are smuggled. And
#: what is meant for a proxy would go to the target, see `proxy_choice`.
_NOT_OURS = frozenset(("Content-Length", "Transfer-Encoding", "Proxy-Authorization"))

_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)


class CookieSource(Protocol):
    """Of a cookie jar, what sending needs."""

    def header_for(self, url: str, now: float, extra: Sequence[tuple[str, str]] = ()) -> str:
        """Return the value of the Cookie field for a request, "" for none."""
        ...


def standing_fields(user_agent: str, headers: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that go with every request.

    Args:
        user_agent: The User-Agent field.
        headers: Those of the config; they win.

    Raises:
        ValueError: A field has an impossible name.
    """
    own = {"User-Agent": user_agent, "Accept": _ACCEPT, "Accept-Encoding": accept_encoding()}
    given = {checked_name(name): value for name, value in headers.items()}
    return own | {name: value for name, value in given.items() if name.title() not in _NOT_OURS}


def checked_name(name: str) -> str:
    """Return a field's name as it came.

    Raises:
        ValueError: It holds what could end the field, or begin another (RFC 9110 §5.1).
    """
    if not _FIELD_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a header field")
    return name


def request_fields(
    request: FetchRequest, jar: CookieSource, now: float, secret: Credential | None = None
) -> dict[str, str]:
    """Return cookies and fields of one request; fields of its own win over jar and config.

    Its fields about the length of its body are left out: the client knows that by itself.

    Args:
        request: What is to be fetched.
        jar: Where its cookies come from, unless the request will have none of it.
        now: Wall-clock seconds.
        secret: What the config has for its origin.

    Raises:
        ValueError: A field has an impossible name or value.
    """
    fields: dict[str, str] = {}
    if request.use_jar:
        cookie = jar.header_for(request.url, now, request.cookies)
    else:
        cookie = "; ".join(f"{name}={value}" for name, value in request.cookies)
    if cookie:
        fields["Cookie"] = _unbroken(cookie)
    for name, value in request.headers:
        title, text = checked_name(name).title(), _checked_value(value)
        if title in _NOT_OURS:
            continue
        # A repeated field is sent as one list (RFC 9110 §5.3).
        known = fields.get(title) if title != "Cookie" else None
        fields[title] = text if known is None else f"{known}, {text}"
    if secret is not None:
        fields.setdefault(secret.name.title(), secret.value)
    return fields


def _checked_value(value: bytes) -> str:
    return _unbroken(value.decode("utf-8", "surrogateescape"))


def _unbroken(text: str) -> str:
    if "\r" in text or "\n" in text or "\0" in text:
        raise ValueError("a header field holds a line break or NUL")
    return text
