"""What a config says about one URL, in lines for people: scope, rules, delay, state."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from crawler.app.job.job_paths import JobPaths
from crawler.app.job.policies import canonical_of, politeness_of, user_agent_of
from crawler.config.load import LoadedJob
from crawler.config.models.job import Job
from crawler.engine.host_book import HostBook
from crawler.engine.host_health import given_up_words
from crawler.engine.tally import decode_tally
from crawler.engine.trap_watch import trap_words
from crawler.globs import compile_patterns
from crawler.policy.autothrottle import AutothrottlePolicy
from crawler.policy.scope import ScopeDecision
from crawler.policy.traps import Traps
from crawler.storage.sqlite_look import SeenRow, SqliteLook
from crawler.urls import host_key, path_and_query


class RuleFit(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an extract rule is for a URL.

    Attributes:
        place: `extract.0`.
        item: The kind of item it gives.
        fits: Its `url` matches, or it has none.
        label: The label that its pages must have; None for any.
        url: Its pattern; None for none.
    """

    place: str
    item: str
    fits: bool
    label: str | None
    url: str | None


def rule_fits(job: Job, url: str) -> list[RuleFit]:
    """Return how each extract rule of a job stands to a serialised URL."""
    target = path_and_query(url)
    return [
        RuleFit(
            place=f"extract.{number}", item=rule.item, label=rule.label, url=rule.url,
            fits=rule.url is None or compile_patterns((rule.url,)).match(target),
        )
        for number, rule in enumerate(job.extract)
    ]  # fmt: skip


def label_givers(job: Job, label: str) -> list[str]:
    """Return the follow rules, `follow.1`, that give a label."""
    return [f"follow.{n}" for n, rule in enumerate(job.follow) if rule.label == label]


def rule_lines(loaded: LoadedJob, url: str, label: str | None) -> Iterator[str]:
    """Say which extract rules are for a page, and where they stand.

    Args:
        loaded: The job.
        url: Serialised.
        label: Of the page's request; None when it has none, or nobody knows.
    """
    job = loaded.job
    if not job.extract:
        yield "the spider class" if loaded.spider else "none: each HTML page gives a Page item"
    for rule in rule_fits(job, url):
        name = f"{rule.place} ({rule.item}, {place_of(loaded, rule.place)})"
        if not rule.fits:
            yield f"{name}: not for it, its url is {rule.url!r}"
        elif rule.label is None or rule.label == label:
            yield f"{name}: for it"
        else:
            givers = ", ".join(label_givers(job, rule.label)) or "the spider"
            yield f"{name}: only for the label {rule.label!r}, which {givers} gives"


def list_decision() -> ScopeDecision:
    """Return why a list of `start.sitemap` is read, wherever it lies."""
    return ScopeDecision(True, "lists", None, "a list of start.sitemap, read wherever it lies")


def scope_line(loaded: LoadedJob, decision: ScopeDecision) -> str:
    """Say which rule of the scope decides, and where it stands."""
    verdict = "in scope" if decision.admitted else "out of scope"
    key = "start.sitemap" if decision.key == "lists" else f"scope.{decision.key}"
    if decision.key == "hosts" and not loaded.job.scope.hosts:
        return f"{verdict}: {decision.words}, by the hosts of start ({place_of(loaded, 'start')})"
    if decision.index is not None:
        key = f"{key}.{decision.index}"
    return f"{verdict}: {decision.words} ({place_of(loaded, key)})"


def place_of(loaded: LoadedJob, key: str) -> str:
    """Return where a setting, or else the one around it, stands: `site.yaml:12`, "default"."""
    while key:
        known = loaded.places.get(key)
        if known is not None:
            return known
        key = key.rpartition(".")[0]
    return "default"


class StateFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the job's state knows of a URL.

    Attributes:
        url: It.
        run: Id of the last run and how it stands; None when there was none.
        row: The URL's request; None when the job does not know it.
        hosts: The state of its host.
        trap: Why the last run had stopped fetching URLs of this pattern; None if it had not.
    """

    url: str
    run: tuple[str, str] | None
    row: SeenRow | None
    hosts: HostBook
    trap: str | None = None

    @property
    def is_going(self) -> bool:
        """The last run has not come to its end, so that what it knows still holds."""
        return self.run is not None and self.run[1] != "finished"


def state_facts(loaded: LoadedJob, paths: JobPaths, url: str) -> StateFacts:
    """Look into a job's state, without its lock and without changing anything.

    Raises:
        StateError: It cannot be read.
    """
    job, name = loaded.job, host_key(url)
    hosts = HostBook(
        politeness_of(job), AutothrottlePolicy(), user_agent=user_agent_of(job),
        obey_crawl_delay=job.fetch.robots == "obey",
    )  # fmt: skip
    if not paths.database.exists():
        return StateFacts(url=url, run=None, row=None, hosts=hosts)
    with SqliteLook(paths.database, canonical_of(job)) as look:
        blob = look.host(name)
        if blob is not None:
            hosts.load({name: blob})
        cut = Traps(kept=decode_tally(look.tally).traps).cut_of(url)
        trap = None if cut is None else trap_words(*cut)
        return StateFacts(
            url=url, run=look.run, row=look.row(url), hosts=hosts, trap=trap
        )  # fmt: skip


def state_lines(facts: StateFacts, wall: float) -> Iterator[str]:
    """Say what became of a URL so far."""
    if facts.run is None:
        yield "the job has not run yet"
        return
    run_id, standing = facts.run
    row = facts.row
    health = facts.hosts.health(host_key(facts.url))
    if facts.is_going and health.given_up:
        yield given_up_words(health)
    if facts.trap is not None:
        yield f"{facts.trap}, in run {run_id} ({standing})"
    if row is None:
        yield f"not known to run {run_id} ({standing})"
        return
    words = [row.state + (f" ({row.reason})" if row.reason else "")]
    words += [f"HTTP {row.status}"] if row.status else []
    words += [f"{row.attempts} tries"] if row.attempts > 1 else []
    words += [row.error] if row.error else []
    yield f"{' · '.join(words)}, in run {run_id} ({standing})"
    yield f"depth {row.depth}{f', label {row.label!r}' if row.label else ''}, " + (
        f"found on {row.referrer}" if row.referrer else "a start URL"
    )
    if row.not_before is not None and row.state == "pending":
        yield f"next try in {max(0.0, row.not_before - wall):.0f} s"


def delay_line(loaded: LoadedJob, facts: StateFacts, url: str, wall: float) -> str:
    """Say how long the crawl waits between two requests to the URL's host, and why."""
    name = host_key(url)
    most, delay = facts.hosts.rule(name)
    configured = politeness_of(loaded.job).for_host(name).delay
    words = f"{_seconds(delay)} between two requests, {most} at a time"
    if delay > configured:
        words += f" (configured {_seconds(configured)}; the rest is asked for or adapted)"
    else:
        words += f" ({place_of(loaded, 'fetch.per_host.delay')})"
    pause = facts.hosts.paused_for(name, wall)
    return words + (f"; asked to be left alone for {pause:.0f} s more" if pause else "")


def day_and_time(wall: float) -> str:
    """Return a wall-clock second as people write it, UTC."""
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _seconds(value: float) -> str:
    return f"{value:g} s" if value >= 0.1 or not value else f"{value * 1000:.0f} ms"
