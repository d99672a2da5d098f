"""The head of a request as bytes (RFC 9112 §2, §3), for a client that writes its own.

What goes with every request is put together once; a request without fields of its own costs one
concatenation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from crawler.fetch.request_fields import IDEMPOTENT, checked_name

#: Methods that send no length when they have no body; of others a server may insist on one.
_BODILESS = frozenset(("GET", "HEAD", "OPTIONS"))

_NO_TARGET = re.compile(r"[\x00-\x20\x7f]")
_BREAK = re.compile(r"[\r\n\0]")


class RequestHead:
    """Writes heads.

    Args:
        standing: The fields that go with every request.

    Raises:
        ValueError: One of them holds a line break.
    """

    def __init__(self, standing: Mapping[str, str]) -> None:
        # By the name in one spelling, so that a later one takes the place of an earlier.
        self._standing = {name.title(): f"{name}: {value}\r\n" for name, value in standing.items()}
        for name, value in standing.items():
            if _BREAK.search(value):
                raise ValueError(f"the header field {name} holds a line break or NUL")
        self._text = "".join(self._standing.values())

    def tail(self, authority: str) -> bytes:
        """Return what stands behind the target in a GET that has nothing of its own."""
        return f" HTTP/1.1\r\nHost: {authority}\r\n{self._text}\r\n".encode()

    def text(
        self,
        method: str,
        target: str,
        authority: str,
        own: Mapping[str, str] | None = None,
        *,
        length: int = 0,
        is_last: bool = False,
    ) -> bytes:
        """Return a head, the empty line at its end included.

        Args:
            method: In upper case.
            target: Path and query, or the whole URL for a proxy; in ASCII.
            authority: The Host field.
            own: Fields of this request alone, their names in `str.title` form and their values
                without line breaks, see `request_fields`; they win.
            length: Bytes of the body.
            is_last: No other request follows on this connection.

        Raises:
            ValueError: Method or target hold what would end the line, or part it.
        """
        if method not in IDEMPOTENT:
            checked_name(method)
        _check(target)
        head = f"{method} {target} HTTP/1.1\r\n"
        head += f"Host: {authority}\r\n{self._text}" if not own else self._with(authority, own)
        if length or method not in _BODILESS:
            head += f"Content-Length: {length}\r\n"
        # Bytes that are no UTF-8 were let in as surrogates, and go out as they were.
        return (f"{head}Connection: close\r\n\r\n" if is_last else f"{head}\r\n").encode(
            "utf-8", "surrogateescape"
        )

    def _with(self, authority: str, own: Mapping[str, str]) -> str:
        lines = {"Host": f"Host: {authority}\r\n"} | self._standing
        lines |= {name: f"{name}: {value}\r\n" for name, value in own.items()}
        return "".join(lines.values())


def plain_get(target: str, tail: bytes) -> bytes:
    """Return the head of a GET that has nothing of its own, as nearly all have.

    Args:
        target: As in `RequestHead.text`.
        tail: What `RequestHead.tail` made for its server.

    Raises:
        ValueError: As in `RequestHead.text`.
    """
    _check(target)
    return b"GET %b%b" % (target.encode(), tail)


def _check(target: str) -> None:
    if _NO_TARGET.search(target):
        raise ValueError("the URL holds a space or a control character")
