"""What holds for every site and every setting, however its pages fail, wait and lead on."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.engine.second_tries import FREE_TRIES
from crawler.policy.breaker import BreakerPolicy, Health
from crawler.policy.retry import RetryPolicy
from crawler.testing.fake_fetcher import Reply, Script, Sent, html, most_at_once, redirect, robots
from tests.unit.engine.rig import Rig

HOSTS = ("a.example", "b.example:8080", "c.example")
RETRIES = 2
CRAWL_DELAY = 3.0

TROUBLES = (
    Reply(status=500), Reply(status=503, retry_after=20.0), Reply(status=429, retry_after=5.0),
    Reply(status=429), Reply(error="timeout", takes=4.0), Reply(error="conn_reuse"),
    Reply(error="truncated", takes=0.5),
)  # fmt: skip
FINAL = {"404": Reply(status=404), "tls": Reply(error="tls"), "large": Reply(error="too_large")}
ROBOTS = {
    "none": Reply(status=404), "open": robots(""), "slow": Reply(status=404, takes=2.0),
    "closed": robots("User-agent: *", "Disallow: /even"),
    "paced": robots("User-agent: *", f"Crawl-delay: {CRAWL_DELAY}"),
    "down": Reply(status=500), "moved": redirect("/r.txt"),
}  # fmt: skip


class Page(NamedTuple):
    host: int
    kind: str  # "page", a key of FINAL, or "redirect"
    troubles: tuple[int, ...]
    links: tuple[int, ...]
    takes: float


class Site(NamedTuple):
    pages: Sequence[Page]
    robots: Sequence[str]

    def url(self, number: int) -> str:
        if number >= len(self.pages):
            return f"http://{HOSTS[0]}/missing/{number}"
        parity = "odd" if number % 2 else "even"
        return f"http://{HOSTS[self.pages[number].host]}/{parity}/{number}"

    def script(self) -> dict[str, Script]:
        found: dict[str, Script] = {}
        for number, page in enumerate(self.pages):
            found[self.url(number)] = [*(TROUBLES[n] for n in page.troubles), self._end(number)]
        for host, kind in zip(HOSTS, self.robots, strict=True):
            found[f"http://{host}/robots.txt"] = ROBOTS[kind]
            found[f"http://{host}/r.txt"] = robots("")
        return found

    def _end(self, number: int) -> Reply:
        page = self.pages[number]
        if page.kind == "redirect":
            return redirect(self.url(self.hop(number)))
        if page.kind in FINAL:
            return FINAL[page.kind]
        return html(*map(self.url, page.links), takes=page.takes)

    def hop(self, number: int) -> int:
        """Return where a redirect leads: onwards, so that there is no circle."""
        return number + 1 + sum(self.pages[number].links) % 3

    def expected(self, starts: Sequence[int]) -> dict[str, str]:
        """Walk the site with nothing but the rules, and say how each URL has to end."""
        ends: dict[str, str] = {}
        todo = list(starts)
        while todo:
            number = todo.pop()
            url = self.url(number)
            if url in ends:
                continue
            ends[url], leads_to = self._fate(number)
            todo += leads_to
        return ends

    def _fate(self, number: int) -> tuple[str, list[int]]:
        page = self.pages[number] if number < len(self.pages) else Page(0, "404", (), (), 0.0)
        rules = self.robots[page.host]
        if rules == "down":
            return "dead robots_unreachable", []
        if rules == "closed" and self.url(number).split("/")[3] == "even":
            return "skipped robots", []
        tries = free = 0
        for trouble in page.troubles:
            free += 1
            if TROUBLES[trouble].error == "conn_reuse":
                if free <= FREE_TRIES:
                    continue
            else:
                free = 0
            tries += 1
            if tries > RETRIES:
                return f"dead {_reason(TROUBLES[trouble])}", []
        if page.kind == "redirect":
            return "skipped redirected", [self.hop(number)]
        if page.kind == "page":
            return "done", list(page.links)
        return f"failed {({'404': 'status', 'large': 'too_large'}).get(page.kind, page.kind)}", []


def _reason(trouble: Reply) -> str:
    if trouble.error is not None:
        return "connect" if trouble.error == "conn_reuse" else trouble.error
    return "server" if trouble.status == 500 else "rate_limited"


class NeverOpen(BreakerPolicy, frozen=True):
    """Leaves no host alone.

    Whose failure opens a breaker, and is not charged, hangs on the order in which pages come; the
    walk above knows of none.
    """

    def after_bad(self, health: Health, *_: object, **__: object) -> Health:
        return health


pages = st.builds(
    Page,
    host=st.integers(0, len(HOSTS) - 1),
    kind=st.sampled_from(["page"] * 5 + ["redirect", *FINAL]),
    troubles=st.lists(st.integers(0, len(TROUBLES) - 1), max_size=3).map(tuple),
    links=st.lists(st.integers(0, 15), max_size=6).map(tuple),
    takes=st.sampled_from([0.0, 0.1, 3.0]),
)
sites = st.builds(
    Site,
    pages=st.lists(pages, min_size=1, max_size=14),
    robots=st.tuples(*[st.sampled_from(sorted(ROBOTS))] * len(HOSTS)),
)
rigs = st.fixed_dictionaries(
    {
        "delay": st.sampled_from([0.0, 0.5, 2.0]),
        "per_host": st.integers(1, 3),
        "concurrency": st.integers(1, 5),
        "adaptive": st.booleans(),
        "store_takes": st.sampled_from([0.0, 0.0, 0.3]),
        "per_window": st.sampled_from([2, 512]),
    }
)


@settings(max_examples=120, deadline=None)
@given(sites, rigs, st.lists(st.integers(0, 5), min_size=1, max_size=3))
def test_every_crawl_ends_with_every_url_done_once_and_every_host_treated_well(
    site: Site, options: dict[str, Any], starts: list[int]
) -> None:
    rig = Rig(
        script=site.script(), starts=[site.url(n) for n in starts],
        retry=RetryPolicy(retries=RETRIES, waits=(1.0, 8.0), jitter=0.0),
        breaker=NeverOpen(), **options,
    )  # fmt: skip

    async def crawl() -> None:
        end = await rig.run()
        assert end.finished
        await rig.assert_books()
        assert await rig.outcomes() == site.expected(starts)

    asyncio.run(crawl())

    ended = [outcome for outcome in rig.ended if outcome.state != 0]
    done = [outcome.request.url for outcome in ended if outcome.state == 1]
    assert Counter(item["_url"] for item in rig.items) == Counter(done)
    assert len({item["_id"] for item in rig.items}) == len(rig.items)
    assert max(Counter(outcome.request.url for outcome in ended).values()) == 1
    assert rig.tally.items_out == len(done)
    assert rig.fetcher.most <= rig.concurrency
    for host, rules in zip(HOSTS, site.robots, strict=True):
        _assert_polite([sent for sent in rig.fetcher.log if sent.host == host], rig, rules)
    # Nobody woke up again and again for nothing.
    assert len(rig.clock.slept) <= 12 * (len(rig.fetcher.log) + len(rig.ended) + 5)


def _assert_polite(log: list[Sent], rig: Rig, rules: str) -> None:
    assert most_at_once(log) <= rig.per_host
    delay = max(rig.delay, CRAWL_DELAY) if rules == "paced" else rig.delay
    assert all(b.began - a.began >= delay - 1e-6 for a, b in pairwise(log))
    for sent in log:
        reply = _reply(rig, log, sent)
        if reply.retry_after is not None and sent.ended is not None:
            until = sent.ended + reply.retry_after - 1e-6
            assert not [other for other in log if sent.ended < other.began < until]


def _reply(rig: Rig, log: list[Sent], sent: Sent) -> Reply:
    script = rig.script.get(sent.url, Reply(status=404))
    if isinstance(script, Reply):
        return script
    assert isinstance(script, list)
    before = [other for other in log if other.url == sent.url].index(sent)
    reply: Reply = script[min(before, len(script) - 1)]
    return reply
