"""A fetcher without a network: answers by a script, in the time of a clock.

It is a verified fake: `tests/integration/fetch` asks it the same questions as the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from crawler.errors import FetchError
from crawler.interfaces import Clock
from crawler.messages import FetchRequest, Headers, HttpResponse
from crawler.urls import host_key

_BODILESS = range(300, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a URL answers.

    Attributes:
        takes: Seconds from the request to the last byte.
        connects: Seconds that pass before, for the connection.
        error: An `ErrorClass` instead of an answer.
        retry_after: Seconds of a Retry-After field.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    takes: float = 0.0
    connects: float = 0.0
    error: str | None = None
    retry_after: float | None = None
    flags: tuple[str, ...] = ()


def html(*hrefs: str, title: str = "", takes: float = 0.0) -> Reply:
    """Return a page with links."""
    links = "".join(f'<a href="{href}">x</a>' for href in hrefs)
    body = f"<!doctype html><title>{title}</title><body>{links}</body>".encode()
    return Reply(body=body, headers={"Content-Type": "text/html; charset=utf-8"}, takes=takes)


def redirect(location: str, status: int = 302) -> Reply:
    """Return a redirect."""
    return Reply(status=status, headers={"Location": location})


def robots(*lines: str) -> Reply:
    """Return a robots.txt."""
    return Reply(body="\n".join(lines).encode(), headers={"Content-Type": "text/plain"})


@dataclass(slots=True, kw_only=True)
class Sent:
    """A request that reached the fake, as a server's log has it.

    Attributes:
        began: Monotonic second at which it came in.
        ended: Monotonic second at which it was answered; None before, and if it was given up.
    """

    url: str
    host: str
    began: float
    ended: float | None = None
    request: FetchRequest


Script = Reply | Sequence[Reply] | Callable[[FetchRequest], Reply]


class FakeFetcher:
    """A `crawler.interfaces.Fetcher` that answers from a dict.

    A URL has one reply, several (one after the other, the last for ever), or a function. What is
    not there answers 404, robots.txt included.

    Args:
        clock: Its time passes while a reply is on its way.
        script: URL to what it answers; may be changed at any time.

    Attributes:
        log: Every request, in the order in which they came in.
        most: The most requests that were ever in flight at once.
        open: False once it was closed.
    """

    def __init__(self, clock: Clock, script: Mapping[str, Script] | None = None) -> None:
        self._clock = clock
        self.script: dict[str, Script] = dict(script or {})
        self.log: list[Sent] = []
        self.most = 0
        self.open = True
        self._in_flight = 0
        self._asked: dict[str, int] = {}

    async def fetch(self, request: FetchRequest) -> HttpResponse:
        """See `Fetcher.fetch`."""
        reply = self._reply_to(request)
        if reply.connects > 0:
            await self._clock.sleep(reply.connects)
        sent = Sent(
            url=request.url, host=host_key(request.url), began=self._clock.monotonic(),
            request=request,
        )  # fmt: skip
        self.log.append(sent)
        self._in_flight += 1
        self.most = max(self.most, self._in_flight)
        try:
            if reply.takes > 0:
                await self._clock.sleep(reply.takes)
        finally:
            self._in_flight -= 1
        sent.ended = self._clock.monotonic()
        if reply.error is not None:
            raise FetchError(
                reply.error, f"scripted {reply.error}", url=request.url,
                retry_after=reply.retry_after,
            )  # fmt: skip
        return _answer(request, reply, sent.began)

    async def close(self) -> None:
        """See `Fetcher.close`."""
        self.open = False

    def starts(self, host: str) -> list[float]:
        """Return when the requests to a host came in."""
        return [sent.began for sent in self.log if sent.host == host]

    def urls(self, *, robots: bool = False) -> list[str]:
        """Return what was asked for, in order, with or without each robots.txt."""
        urls = [sent.url for sent in self.log]
        return [url for url in urls if robots or not url.endswith("/robots.txt")]

    def most_at(self, host: str) -> int:
        """Return the most requests that were in flight to a host at once."""
        return most_at_once(sent for sent in self.log if sent.host == host)

    def _reply_to(self, request: FetchRequest) -> Reply:
        script = self.script.get(request.url, Reply(status=404))
        if isinstance(script, Reply):
            return script
        if isinstance(script, Sequence):
            asked = self._asked.get(request.url, 0)
            self._asked[request.url] = asked + 1
            return script[min(asked, len(script) - 1)]
        return script(request)


def most_at_once(log: Iterable[Sent]) -> int:
    """Return the most of some requests that were in flight at once; ends come before begins."""
    changes = []
    for sent in log:
        changes.append((sent.began, 1, 1))
        changes.append((float("inf") if sent.ended is None else sent.ended, 0, -1))
    now = most = 0
    for _, _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most


def _answer(request: FetchRequest, reply: Reply, asked_at: float) -> HttpResponse:
    body = b"" if reply.status in _BODILESS or request.method == "HEAD" else reply.body
    flags = reply.flags
    if request.max_body is not None and len(body) > request.max_body:
        if not request.cut:
            raise FetchError("too_large", "the body is over the size limit", url=request.url)
        body, flags = body[: request.max_body], (*flags, "body_cut")
    return HttpResponse(
        url=request.url, status=reply.status, headers=Headers(reply.headers), body=body,
        wire_size=len(body), elapsed=reply.takes, asked_at=asked_at, flags=flags,
        retry_after=reply.retry_after,
    )  # fmt: skip
