"""How many requests a host may get at once, and how long it is left alone between two."""

from __future__ import annotations

import msgspec

from crawler.errors import ConfigError


class HostLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for one host.

    Attributes:
        concurrency: Requests in flight at once, at least 1.
        delay: Seconds from the start of one request to the start of the next.
        adaptive: Slow down by what the host's answers say.
    """

    concurrency: int = 1
    delay: float = 1.0
    adaptive: bool = True


class LimitRule(msgspec.Struct, frozen=True, kw_only=True):
    """Other limits for the hosts that a pattern names (`fetch.limits`).

    Attributes:
        match: `api.example.org/**`, `*.example.org/**` or `api.example.org:8443/**`. The host
            part decides: `*.` stands for every host below, no port for any port. Limits protect a
            server and not a folder, so nothing but `/**` may follow.
        concurrency: None leaves what holds otherwise; so do the others.
    """

    match: str
    concurrency: int | None = None
    delay: float | None = None
    adaptive: bool | None = None

    def __post_init__(self) -> None:
        host, slash, path = self.match.partition("/")
        if not host or (slash and path not in ("", "**")):
            raise ConfigError(
                f"limits hold for whole hosts: {self.match!r} should be '{host or 'HOST'}/**'"
            )
        if "*" in host.removeprefix("*."):
            raise ConfigError(f"{self.match!r} may have '*' only as '*.' before a host")

    def matches(self, host: str) -> bool:
        """Tell whether the rule is meant for a host key."""
        pattern = self.match.partition("/")[0].lower()
        names = (host, _without_port(host))
        if pattern.startswith("*."):
            return any(name.endswith(pattern[1:]) for name in names)
        return pattern in names


class PolitenessPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of every host.

    Attributes:
        default: For hosts that no rule names.
        limits: The first rule that matches counts.
    """

    default: HostLimits = HostLimits()
    limits: tuple[LimitRule, ...] = ()

    def for_host(self, host: str) -> HostLimits:
        """Return what holds for a host key; ask once per host and keep the answer."""
        for rule in self.limits:
            if rule.matches(host):
                return self._with(rule)
        return self.default

    def _with(self, rule: LimitRule) -> HostLimits:
        usual = self.default
        return HostLimits(
            concurrency=usual.concurrency if rule.concurrency is None else rule.concurrency,
            delay=usual.delay if rule.delay is None else rule.delay,
            adaptive=usual.adaptive if rule.adaptive is None else rule.adaptive,
        )


def delay_between(delay: float, crawl_delay: float | None, adaptive_delay: float) -> float:
    """Return the seconds between two requests to a host: the longest anyone asks for.

    Args:
        delay: As configured.
        crawl_delay: As its robots.txt asks; None when it does not, or robots are ignored.
        adaptive_delay: As its answers ask; 0 when they do not, or nobody listens.
    """
    longest = delay if delay > adaptive_delay else adaptive_delay
    return longest if crawl_delay is None or crawl_delay < longest else crawl_delay


def _without_port(host: str) -> str:
    name, mark, port = host.rpartition(":")
    return name if mark and port.isdigit() else host
