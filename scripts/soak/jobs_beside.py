"""Several jobs at once against the same hosts, and whether these were left alone nevertheless."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from scripts.soak.lives import Lives, live
from scripts.soak.seeded_job import Wish
from scripts.soak.site_process import Request, SiteProcess


@dataclass(frozen=True, slots=True)
class Pair:
    """Two requests to a host, one after the other.

    Attributes:
        wanted: Seconds that should lie between them: the larger of what their jobs ask for.
    """

    first: Request
    second: Request
    wanted: float

    @property
    def seconds(self) -> float:
        """What lay between them."""
        return self.second.at - self.first.at

    @property
    def across(self) -> bool:
        """They are of two jobs."""
        return self.first.agent != self.second.agent


def delays_beside(delay: float, jobs: int) -> dict[str, float]:
    """Return what each of several jobs wants: half a delay more than the one before it."""
    return {f"job{number}": delay * (1 + number / 2) for number in range(jobs)}


def crawl_beside(
    site: SiteProcess, folder: Path, delays: dict[str, float], lives: list[Lives], backend: str
) -> list[Pair]:
    """Crawl with several jobs at once, each killed and started by itself.

    Raises:
        RuntimeError: A process ended by itself.
    """
    site.next_round()

    def one(name: str, its: Lives) -> None:
        wish = Wish(backend, delay=f"{delays[name] * 1000:.0f}ms", agent=name)
        live(site, folder / name, wish, its)

    with ThreadPoolExecutor(len(delays)) as pool:
        for done in [pool.submit(one, name, its) for name, its in zip(delays, lives, strict=True)]:
            done.result()
    return pairs_of(site.log(), delays)


def pairs_of(log: list[Request], delays: dict[str, float]) -> list[Pair]:
    """Return the requests to each host with the one before."""
    hosts: dict[int, list[Request]] = {}
    for request in sorted(log, key=lambda one: one.at):
        hosts.setdefault(request.host, []).append(request)
    return [
        Pair(first, second, max(delays[first.agent], delays[second.agent]))
        for asked in hosts.values()
        for first, second in pairwise(asked)
    ]


def print_pairs(pairs: list[Pair], delays: dict[str, float], slack: float) -> list[Pair]:
    """Print what the log says; return the pairs that were too close."""
    print("delays: " + ", ".join(f"{name} {delay:g} s" for name, delay in delays.items()))
    print(f"{'one after the other':28}{'number':>8}{'shortest s':>12}{'wanted s':>10}{'short':>7}")
    kinds = sorted({(one.first.agent, one.second.agent) for one in pairs})
    for first, second in kinds:
        some = [one for one in pairs if (one.first.agent, one.second.agent) == (first, second)]
        short = sum(one.seconds < one.wanted * (1 - slack) for one in some)
        least = min(one.seconds for one in some)
        name = f"{first} then {second}"
        print(f"{name:28}{len(some):>8}{least:>12.3f}{some[0].wanted:>10.3f}{short:>7}")
    at_once = 1 + max((one.second.beside for one in pairs), default=0)
    print(f"most requests at once at a host: {at_once}")
    return [one for one in pairs if one.seconds < one.wanted * (1 - slack) or one.second.beside]
