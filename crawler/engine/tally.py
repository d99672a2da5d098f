"""The counters of a run, committed with the pages they count, so that a kill loses none."""

from __future__ import annotations

import msgspec

from crawler.damage import UNREADABLE
from crawler.engine.item_tally import ItemTally
from crawler.engine.settlement import Settlement
from crawler.errors import StateError
from crawler.interfaces import Transformed
from crawler.outcome import (
    KEPT,
    REREAD,
    ErrorClass,
    ItemRecord,
    PageOutcome,
    Quarantined,
    Same,
    SkipReason,
    State,
)
from crawler.policy.traps import Pattern
from crawler.spider.payload import is_list
from crawler.urls import host_key

#: Hosts out of scope that are remembered; the rest only count.
OFFSITE_HOSTS = 200
#: Doubles of which both pages are told.
DOUBLES_SHOWN = 20
# Fields of items in quarantine that are counted each; a config names fewer.
_MAX_PLACES = 1_000


class RuleTally(msgspec.Struct):
    """What one rule of the config found.

    Attributes:
        pages: To which it applied.
        found: Items that it gave, or links that it selected.
        empty: Pages on which it found nothing.
        missing: Items that it gave, by field whose selector matched nothing.
        sample: A page on which it found nothing, or a field was missing; "" for none.
    """

    pages: int = 0
    found: int = 0
    empty: int = 0
    missing: dict[str, int] = msgspec.field(default_factory=dict)
    sample: str = ""


class Offsite(msgspec.Struct):
    """Links to one host out of scope."""

    count: int
    sample: str


class Starts(msgspec.Struct):
    """How the start requests ended; see `crawler.policy.checks.StartTally`."""

    given: int = 0
    reached: int = 0
    unreached: int = 0
    forbidden: int = 0
    other: int = 0


class Earlier(msgspec.Struct):
    """What a retry builds on: the run whose given-up requests it asks for again.

    Attributes:
        run: Its id.
        retried: Requests that are asked for again.
        pages: Pages that were done before.
        items: Items that were written before, by kind; only `out` and `filled` count.
    """

    run: str = ""
    retried: int = 0
    pages: int = 0
    items: dict[str, ItemTally] = msgspec.field(default_factory=dict)


class Doubles(msgspec.Struct):
    """Keys that were given twice.

    Attributes:
        count: How often.
        samples: The first of them, each with both pages.
    """

    count: int = 0
    samples: list[str] = msgspec.field(default_factory=list)


class Tally(msgspec.Struct):
    """What a run counts beside its books.

    Attributes:
        rules: What each rule of the config found, by its place: `extract.0`, `follow.1`.
        problems: Problems of quarantined items by kind and field, as `Book.price`; `Book.*` for
            those beyond the first thousand fields.
        bad_starts: Entries of lists that nothing could be fetched for.
        source_files: Lists of URLs (sitemaps, feeds) that lists led to.
        http: Answers by status.
        errors: Tries that ended in an error, by class.
        flags: Pages by what was odd about them.
        broken_links: Requests that are no start and ended 404 or 410.
        start_items: Items that `start()` itself gave and that are committed.
        offsite: Links out of scope by host, the first 200 of them.
        offsite_links: All links out of scope.
        joined_hosts: Hosts that start URLs were found to redirect to, in scope from then on.
        traps: What is known of patterns of URLs whose pages bring little.
        given_up: Hosts that did not work, and since when.
        refusing: Hosts that answered 401 or 403 many times in a row, and how often.
        label_conflicts: Links whose label lost against that of their row.
        wire_bytes: Bytes of bodies received.
        worked: Seconds that earlier processes of this run worked.
        cpu: CPU seconds of earlier processes of this run.
        cut_short: The limit of items that the command line gave was reached.
        same: Pages of an incremental job by how they compare with what is remembered of them.
        reread: Those of them that were read anew as other rules had read them: "kept" out of kept
            bodies, "asked" for again.
        wrong_304: Hosts whose 304s proved wrong in this run, and a page that shows it.
        earlier: Of a retry, what it builds on; None for any other run.
        settlement: What the changes are, once the settling has begun; None before, and in jobs
            that are not incremental.
        doubles: Keys that two items had.
        restless: Fields, as `Book.price`, to the items in which they have changed at every visit.
    """

    items: dict[str, ItemTally] = msgspec.field(default_factory=dict)
    rules: dict[str, RuleTally] = msgspec.field(default_factory=dict)
    problems: dict[str, int] = msgspec.field(default_factory=dict)
    bad_starts: int = 0
    source_files: int = 0
    http: dict[str, int] = msgspec.field(default_factory=dict)
    errors: dict[str, int] = msgspec.field(default_factory=dict)
    flags: dict[str, int] = msgspec.field(default_factory=dict)
    starts: Starts = msgspec.field(default_factory=Starts)
    start_items: int = 0
    broken_links: int = 0
    offsite: dict[str, Offsite] = msgspec.field(default_factory=dict)
    offsite_links: int = 0
    nofollow_links: int = 0
    joined_hosts: list[str] = msgspec.field(default_factory=list)
    traps: dict[str, Pattern] = msgspec.field(default_factory=dict)
    given_up: dict[str, str] = msgspec.field(default_factory=dict)
    refusing: dict[str, str] = msgspec.field(default_factory=dict)
    label_conflicts: int = 0
    wire_bytes: int = 0
    worked: float = 0.0
    cpu: float = 0.0
    cut_short: bool = False
    same: dict[str, int] = msgspec.field(default_factory=dict)
    reread: dict[str, int] = msgspec.field(default_factory=dict)
    wrong_304: dict[str, str] = msgspec.field(default_factory=dict)
    earlier: Earlier | None = None
    settlement: Settlement | None = None
    doubles: Doubles = msgspec.field(default_factory=Doubles)
    restless: dict[str, int] = msgspec.field(default_factory=dict)

    @property
    def pages_before(self) -> int:
        """Pages that were done before this run began."""
        return self.earlier.pages if self.earlier is not None else 0

    @property
    def whole_items(self) -> list[ItemTally]:
        """Items by kind, those that a retry builds on included."""
        before = self.earlier.items.values() if self.earlier is not None else ()
        return [*self.items.values(), *before]

    @property
    def items_out(self) -> int:
        """Items written, over all kinds."""
        return sum(kind.out for kind in self.items.values())

    @property
    def items_waiting(self) -> int:
        """Items that wait for their transforms, over all kinds."""
        return sum(kind.waiting for kind in self.items.values())

    def count_item(self, item: ItemRecord) -> None:
        """Count an item that went straight to the outputs."""
        kind = self._kind(item.name)
        kind.in_ += 1
        kind.out += 1
        kind.count_fields(item.data)

    def count_waiting(self, item: ItemRecord) -> None:
        """Count an item that waits for its transforms."""
        kind = self._kind(item.name)
        kind.in_ += 1
        kind.waiting += 1

    def count_settled(self, name: str, result: Transformed, left_out: int = 0) -> None:
        """Count what became of an item that waited, and records of it beyond the limit."""
        kind, records = self._kind(name), result.records
        kind.waiting -= 1
        if records is None:
            kind.quarantined += 1
            self._count_problem(name, result.place or result.kind)
            return
        made = len(records) + left_out
        kind.fanned += max(0, made - 1)
        kind.out += len(records)
        kind.dropped += left_out if made else 1
        for record in records:
            kind.count_fields(record)

    def count_dropped(self, name: str) -> None:
        """Count an item that was left out: the run ends at its limit of items."""
        kind = self._kind(name)
        kind.in_ += 1
        kind.dropped += 1

    def count_quarantined(self, item: Quarantined) -> None:
        """Count an item that breaks its schema."""
        kind = self._kind(item.name)
        kind.in_ += 1
        kind.quarantined += 1
        for problem in item.problems:
            self._count_problem(item.name, problem.field)

    def _count_problem(self, name: str, field: str) -> None:
        place = f"{name}.{field}"
        if place not in self.problems and len(self.problems) >= _MAX_PLACES:
            place = f"{name}.*"  # names of fields may come from a site, any number of them
        self.problems[place] = self.problems.get(place, 0) + 1

    def count_hits(self, outcome: PageOutcome) -> None:
        """Count what the rules of the config found on a page."""
        for hit in outcome.hits:
            rule = self.rules.get(hit.rule)
            if rule is None:
                rule = self.rules[hit.rule] = RuleTally()
            rule.pages += 1
            rule.found += hit.found
            if hit.found == 0:
                rule.empty += 1
                rule.sample = rule.sample or outcome.request.url
                continue  # what a page without an item lacks is no gap in an item
            for name, count in (hit.missing or {}).items():
                rule.missing[name] = rule.missing.get(name, 0) + count
                rule.sample = rule.sample or outcome.request.url

    def count_event(self, name: str, event: str) -> None:
        """Count an event of an item of a kind."""
        kind = self._kind(name)
        setattr(kind, event, getattr(kind, event) + 1)

    def count_double(self, name: str, key: str, kept: str, other: str) -> None:
        """Count an item whose key another item has."""
        doubles = self.doubles
        doubles.count += 1
        if len(doubles.samples) < DOUBLES_SHOWN:
            where = f"twice on {kept}" if kept == other else f"on {kept} (counts) and on {other}"
            doubles.samples.append(f"{name} {key}: {where}")

    def count_restless(self, place: str) -> None:
        """Count an item of which a field has changed at every visit."""
        if place in self.restless or len(self.restless) < _MAX_PLACES:
            self.restless[place] = self.restless.get(place, 0) + 1

    def _kind(self, name: str) -> ItemTally:
        kind = self.items.get(name)
        if kind is None:
            kind = self.items[name] = ItemTally()
        return kind

    def count_page(self, outcome: PageOutcome) -> None:
        """Count an answer, or the lack of one; the state is final or PENDING."""
        if outcome.status is not None:
            code = str(outcome.status)
            self.http[code] = self.http.get(code, 0) + 1
        if outcome.state in (State.PENDING, State.FAILED, State.DEAD) and outcome.reason:
            self.errors[outcome.reason] = self.errors.get(outcome.reason, 0) + 1
        for flag in outcome.flags:
            self.flags[flag] = self.flags.get(flag, 0) + 1
        self.wire_bytes += outcome.size
        self.nofollow_links += outcome.nofollow
        self.source_files += outcome.source_files
        if outcome.same is not None and not _is_list(outcome):
            self._count_same(outcome.same, outcome.flags)
        if outcome.hits:
            self.count_hits(outcome)
        for host, (count, sample) in outcome.offsite.items():
            self._count_offsite(host, count, sample)
        if outcome.request.is_start:
            self._count_start(outcome)
            if outcome.reason == SkipReason.REDIRECTED:
                hosts = {host_key(hop.url) for hop in outcome.requests if hop.skip is None}
                self.joined_hosts += sorted(hosts - {outcome.request.host, *self.joined_hosts})
        elif outcome.state == State.FAILED and outcome.status in (404, 410):
            self.broken_links += 1

    def _count_same(self, same: Same, flags: tuple[str, ...]) -> None:
        self.same[same] = self.same.get(same, 0) + 1
        if REREAD in flags:
            how = "kept" if KEPT in flags else "asked"
            self.reread[how] = self.reread.get(how, 0) + 1

    def count_ended(self, reason: str, requests: int) -> None:
        """Count requests that ended together, without being sent."""
        if requests:
            self.errors[reason] = self.errors.get(reason, 0) + requests

    def _count_offsite(self, host: str, count: int, sample: str) -> None:
        self.offsite_links += count
        held = self.offsite.get(host)
        if held is not None:
            held.count += count
        elif len(self.offsite) < OFFSITE_HOSTS:
            self.offsite[host] = Offsite(count, sample)

    def _count_start(self, outcome: PageOutcome) -> None:
        starts = self.starts
        # A page that was answered counts as reached whatever its callback made of it.
        if outcome.state == State.DONE or outcome.reason == ErrorClass.CALLBACK:
            starts.reached += 1
        elif outcome.state in (State.FAILED, State.DEAD):
            starts.unreached += 1
        elif outcome.reason == SkipReason.ROBOTS:
            starts.forbidden += 1
        elif outcome.state == State.SKIPPED and outcome.reason != SkipReason.REDIRECTED:
            starts.other += 1

    def count_hop(self, outcome: PageOutcome, *, led_on: bool) -> None:
        """Count a start that was redirected, once its commit told where to.

        If the hop is a request of its own that one counts as the start. Else it was known before,
        or is out of scope, and nothing more will be heard of this start.
        """
        redirected = outcome.reason == SkipReason.REDIRECTED
        if redirected and outcome.request.is_start and not led_on:
            self.starts.other += 1


def _is_list(outcome: PageOutcome) -> bool:
    payload = outcome.request.payload
    return payload is not None and is_list(payload)


_encoder = msgspec.json.Encoder()


def encode_tally(tally: Tally) -> bytes:
    """Return a tally as kept in the store."""
    return _encoder.encode(tally)


def decode_tally(stored: bytes | None) -> Tally:
    """Return a stored tally, or an empty one.

    Raises:
        StateError: It is damaged.
    """
    try:
        return Tally() if stored is None else msgspec.json.decode(stored, type=Tally)
    except UNREADABLE as error:
        raise StateError(f"the counters of the run cannot be read: {error}") from error
