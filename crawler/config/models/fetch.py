"""How pages are asked for: `fetch` and what stands below it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crawler.config.models.access import AuthSettings, Origin, ProxySettings, TlsSettings
from crawler.config.models.fields import (
    CookieName,
    CookieValue,
    Duration,
    HeaderName,
    HeaderValue,
    HostMatch,
    Listed,
    MediaType,
    Settings,
    Size,
    Span,
    written,
)


class PerHostSettings(Settings):
    """`fetch.per_host`: how gently each host is treated."""

    concurrency: int = Field(default=1, ge=1, description="Requests in flight to one host.")
    delay: Duration = written("1s", "Time between two requests to one host.")
    adaptive: bool = Field(
        default=True, description="Slow down when a host slows down or answers 429 or 503."
    )


class LimitSettings(Settings):
    """An entry of `fetch.limits`: other manners for some hosts."""

    match: HostMatch = Field(
        description="The hosts: `api.example.org/**`, `*.example.org/**`, or with a port."
    )
    delay: Duration | None = Field(
        default=None, description="Instead of `per_host.delay`. Default: that."
    )
    concurrency: int | None = Field(
        default=None, ge=1, description="Instead of `per_host.concurrency`. Default: that."
    )


class FetchSettings(Settings):
    """`fetch`: how pages are asked for."""

    user_agent: Annotated[HeaderValue, Field(min_length=1)] | None = Field(
        default=None,
        description="Sent with every request; its name is looked up in robots.txt. "
        "Default: `crawler/VERSION`.",
    )
    robots: Literal["obey", "ignore"] = Field(
        default="obey", description="What robots.txt is worth."
    )
    timeout: Span = written("20s", "Longest time without a byte.")
    deadline: Span = written("120s", "Longest time for a whole page.")
    retries: int = Field(
        default=3, ge=0, le=100, description="Further tries after an error that may pass."
    )
    concurrency: int = Field(
        default=64, ge=1, le=10_000, description="Requests in flight over all hosts together."
    )
    per_host: PerHostSettings = written({}, "How gently each host is treated.")
    limits: Listed[LimitSettings] = Field(
        default=(),
        description="Other manners for some hosts; the first that matches counts.",
    )
    max_body: Size = written("32MiB", "Largest page, decoded.")
    private_addresses: Literal["start", "allow", "deny"] = Field(
        default="start",
        description="Whether loopback and private networks may be asked: `start` allows the "
        "hosts and ports that start URLs or `scope.hosts` name, unless they are public too.",
    )
    accept: Listed[MediaType] | None = Field(
        default=None,
        description="Media types that are read. Default: what the spider or the rules can use.",
    )
    headers: dict[HeaderName, HeaderValue] = written({}, "Sent with every request, to every host.")
    cookies: dict[CookieName, CookieValue] = written(
        {}, "Sent to the origins of the start URLs and sitemaps only."
    )
    auth: dict[Origin, AuthSettings] = written(
        {}, "Secrets, by the origin that they are for: `https://api.example.org`."
    )
    proxies: ProxySettings = written({}, "What requests go through. Default: nothing.")
    tls: TlsSettings = written({}, "Whom we trust, and what we show.")
