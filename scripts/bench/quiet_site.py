"""A site in which nothing changes, in a process of its own that counts what it is asked for.

Its index leads to a hundred lists, each list to its pages and to the lists before and behind, each
page to its list and to its neighbours. Every answer is made beforehand, with an ETag and a
Last-Modified if that is wanted, and the 304 for whoever has the page already.
"""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import cast

from crawler.loop import new_loop_factory

LISTS = 100
#: Neighbours that a page links to on each side.
_NEAR = 12
_WORDS = (
    "tide",
    "harbour",
    "orchard",
    "signal",
    "archive",
    "ferry",
    "meridian",
    "garden",
    "compass",
)
_DATE = "Mon, 02 Feb 2026 03:00:00 GMT"
_KNOWN = re.compile(rb'\r\nIf-None-Match: (?:W/)?("[^"\r\n]*")', re.IGNORECASE)


@dataclass(slots=True)
class Seen:
    """What the server saw since it was asked last.

    Attributes:
        requests: All of them.
        unchanged: Those it answered with 304.
        sent: Bytes that it sent, heads included.
    """

    requests: int = 0
    unchanged: int = 0
    sent: int = 0


class QuietSite:
    """Every page, as it goes over the wire.

    Args:
        pages: How many there are, the index and the lists included.
        validators: With ETag and Last-Modified.
    """

    def __init__(self, pages: int, *, validators: bool) -> None:
        self._validators = validators
        each, rest = divmod(pages - 1 - LISTS, LISTS)
        sizes = [each + (number < rest) for number in range(LISTS)]
        self.answers: dict[bytes, tuple[bytes, bytes, bytes]] = {}
        self._put("/", "".join(_link(f"/list/{number}") for number in range(LISTS)))
        for number, size in enumerate(sizes):
            near = f"{_link(f'/list/{number - 1}')}{_link(f'/list/{number + 1}')}"
            ends = near if 0 < number < LISTS - 1 else ""
            pages_of = "".join(_link(f"/list/{number}/{place}") for place in range(size))
            self._put(f"/list/{number}", ends + pages_of)
            for place in range(size):
                self._put(f"/list/{number}/{place}", _content(number, place, size))
        self.seen = Seen()

    def _put(self, path: str, content: str) -> None:
        title = f"Page {path}"
        page = (
            f'<!doctype html><html lang="en"><head><title>{title}</title></head><body>'
            f'<nav><a href="/">Home</a></nav><main><h1>{title}</h1>{content}</main></body></html>'
        ).encode()
        tag = f'"{hashlib.sha256(page).hexdigest()[:16]}"'
        known = f"ETag: {tag}\r\nLast-Modified: {_DATE}\r\n" if self._validators else ""
        head = "Content-Type: text/html; charset=utf-8\r\n"
        full = (
            f"HTTP/1.1 200 OK\r\n{head}{known}Content-Length: {len(page)}\r\n\r\n".encode() + page
        )
        same = f"HTTP/1.1 304 Not Modified\r\n{known}\r\n".encode()
        self.answers[path.encode()] = (tag.encode(), full, same)

    def answer(self, request: bytes) -> bytes:
        """Return the answer to a request; its body counts as sent."""
        found = self.answers.get(request.split(b" ", 2)[1])
        if found is None:
            answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        else:
            tag, answer, same = found
            known = _KNOWN.search(request) if self._validators else None
            if known is not None and known.group(1) == tag:
                answer = same
                self.seen.unchanged += 1
        self.seen.requests += 1
        self.seen.sent += len(answer)
        return answer


def _link(path: str) -> str:
    return f'<a href="{path}">{path}</a> '


def _content(number: int, place: int, size: int) -> str:
    """Return the inside of a page: some kilobytes of text and links around it."""
    near = range(max(0, place - _NEAR), min(size, place + _NEAR + 1))
    links = _link(f"/list/{number}") + "".join(_link(f"/list/{number}/{one}") for one in near)
    words = (_WORDS[(number * 7 + place * 3 + step * step) % len(_WORDS)] for step in range(400))
    price = f'<p class="price">{(number * 37 + place * 11) % 5000 / 100:.2f}</p>'
    return f'{price}<p class="text">{" ".join(words)}</p><nav>{links}</nav>'


class _Exchange(asyncio.Protocol):
    """Clients send a request in one piece and wait for its answer."""

    def __init__(self, site: QuietSite) -> None:
        self._site = site

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(self._site.answer(data))


class Counting:
    """The site from outside."""

    def __init__(self, port: int, pages: int, talk: Connection) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self.pages = pages
        self._talk = talk

    def seen(self) -> Seen:
        """Return what it saw since the last call."""
        self._talk.send("seen")
        return cast("Seen", self._talk.recv())


async def _serve(pages: int, validators: bool, talk: Connection) -> None:
    loop, site = asyncio.get_running_loop(), QuietSite(pages, validators=validators)
    server = await loop.create_server(lambda: _Exchange(site), "127.0.0.1", 0, backlog=1024)
    talk.send((server.sockets[0].getsockname()[1], len(site.answers)))
    while await loop.run_in_executor(None, talk.recv):
        talk.send(replace(site.seen))
        site.seen = Seen()
    server.close()


def _main(pages: int, validators: bool, talk: Connection) -> None:
    with asyncio.Runner(loop_factory=new_loop_factory("auto")[0]) as runner:
        runner.run(_serve(pages, validators, talk))


@contextmanager
def quiet_site(pages: int, *, validators: bool = True) -> Iterator[Counting]:
    """Serve such a site."""
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_main, args=(pages, validators, theirs), daemon=True)
    process.start()
    try:
        port, count = ours.recv()
        yield Counting(port, count, ours)
        ours.send("")
        process.join(10)
    finally:
        process.kill()
