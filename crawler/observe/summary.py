"""`summary.json`: what a run was, did and gave, for programs; written by rename."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from crawler.errors import OutputError
from crawler.files import replace_file
from crawler.interfaces import Books

#: Exit codes beyond are those of signals.
_SIGNALS = 128
#: Exit code of what was stopped for safety.
_SAFETY = 6
#: Exit code of what found no room on the disk.
_NO_ROOM = 5
#: Exit codes and reasons of runs that ended by themselves, to be gone on with.
_PAUSES = frozenset(
    ((_SAFETY, "memory_limit"), (_SAFETY, "no_name_server"), (_NO_ROOM, "no_room"), (0, "paused"))
)


class RuleCounts(msgspec.Struct, frozen=True):
    """What one rule of the config found.

    Attributes:
        pages: To which it applied.
        found: Items that it gave, or links that it selected.
        empty: Pages on which it found nothing.
        missing: Items that it gave, by field whose selector matched nothing.
        sample: A page on which something was missing; "" for none.
    """

    pages: int = 0
    found: int = 0
    empty: int = 0
    missing: dict[str, int] = msgspec.field(default_factory=dict)
    sample: str = ""


class Summary(msgspec.Struct, kw_only=True):
    """The fields of `summary.json`.

    Attributes:
        started: RFC 3339, UTC; so is `ended`.
        reason: How the run came to its end: "finished", "max_pages", "SIGINT"...
        books: Requests of the run by state, and whether they balance.
        items: Kind of item to its counts and `fill` shares by field; in an incremental job also
            its events: `new`, `changed`, `moved`, `back`, `gone`.
        http: Answers by status.
        errors: Tries that went wrong, by error class.
        flags: Pages by what was odd about them: "links_capped" (links beyond 20,000 were left
            out), "charset_guessed"...
        rules: What each rule of the config found, by its place: `extract.0`, `follow.1`.
        problems: Problems of items in quarantine by kind and field: `Book.price`.
        bad_starts: Entries of lists that nothing could be fetched for.
        given_up: Hosts that did not work and were given up, and why.
        refusing: Hosts that answered 401 or 403 many times in a row, and how often.
        traps: Patterns of URLs that were cut: `pages` without an item that were fetched, how many
            requests were `cut`, an `example` of those.
        source_files: Lists of URLs that lists of URLs led to.
        bytes: Bodies received, as on the wire.
        limited_by: Shares of the time: politeness, cpu, network, output. With worker processes the
            share of `cpu` is that of the busiest: this process, the workers together, the machine.
        peak_rss_bytes: Of this process.
        workers_peak_rss_bytes: Of each worker process; empty where there are none.
        memory: Of a run with `run.memory_limit`: `limit_bytes`, and how often (`times`) and for how
            long (`held_s`) it kept this process from sending all it could.
        loop_lag_s: How late the event loop was, of this process: `p99` and `max`, in seconds.
        cpu_s: CPU seconds of the whole process tree, earlier processes of the run included.
        cpu_ms_per_page: The same by pages done, in milliseconds.
        durability: What keeping the crawl safe has cost this process: its `mode` (that of
            `run.durability`), CPU seconds of the thread that writes outputs and state (`cpu_s`, and
            `cpu_share` of all CPU), and how long nothing could be sent until they were written
            (`wait_s`, and `wait_share` of the time).
        paused_s: Seconds that it was paused by its user, of this process.
        stuck: How often nothing moved for a minute though there was work (`times`), and the
            longest of it (`longest_s`), of this process.
        checks: What the run was found wanting in; empty when all is well.
        outputs: Where the items are, absolute paths.
        retry_of: The run whose given-up requests this one asked for again; its pages are in the
            books, its items are not counted here.
        retried: How many requests these were.
        incremental: Of an incremental job: the `mode` of the run ("refresh" or "fresh"), pages by
            how they compare with what is remembered of them (`same`), how many were read anew as
            other rules had read them (`reread`: `kept` out of kept bodies, `asked` for again), how
            many were `due` as it began, how many of these were `not_reached`, and hosts whose 304s
            proved wrong, each with a page that shows it (`wrong_304`).
        changes: Of an incremental job, what the settling looked at: items that were `known`, those
            `visited`, `changed` and `missing`, `drift` (fields that changed because of the site's
            layout: `field`, `items`, `examples`), `doubles` (items whose key another one had) and
            `double_keys` (the first of them), `restless` (fields to the items in which they
            changed at each of three visits and more).
        notified: Who was told of the run, `{to, what, ok, tries, error}` each; written last of all.
    """

    job: str
    run: str
    started: str
    ended: str
    exit: int
    reason: str
    resumed: bool
    backend: str
    workers: int
    loop: str
    books: dict[str, Any]
    items: dict[str, dict[str, Any]]
    http: dict[str, int]
    errors: dict[str, int]
    flags: dict[str, int]
    offsite: dict[str, Any]
    nofollow_links: int
    label_conflicts: int
    bytes: int
    duration_s: float
    pages_per_s: float
    limited_by: dict[str, float]
    peak_rss_bytes: int
    workers_peak_rss_bytes: list[int] = msgspec.field(default_factory=list)
    cpu_s: float
    cpu_ms_per_page: float = 0.0
    durability: dict[str, Any] = msgspec.field(default_factory=dict)
    memory: dict[str, float] = msgspec.field(default_factory=dict)
    loop_lag_s: dict[str, float]
    checks: list[str]
    rules: dict[str, RuleCounts] = msgspec.field(default_factory=dict)
    problems: dict[str, int] = msgspec.field(default_factory=dict)
    paused_s: float = 0.0
    stuck: dict[str, float] = msgspec.field(default_factory=dict)
    bad_starts: int = 0
    given_up: dict[str, str] = msgspec.field(default_factory=dict)
    refusing: dict[str, str] = msgspec.field(default_factory=dict)
    traps: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    source_files: int = 0
    outputs: list[str] = msgspec.field(default_factory=list)
    retry_of: str | None = None
    retried: int = 0
    incremental: dict[str, Any] = msgspec.field(default_factory=dict)
    changes: dict[str, Any] = msgspec.field(default_factory=dict)
    notified: list[dict[str, Any]] = msgspec.field(default_factory=list)

    @property
    def stopped(self) -> bool:
        """It did not come to its end, and is to be gone on with."""
        return is_stopped(self.exit, self.reason)


def is_stopped(exit_code: int, reason: str) -> bool:
    """Tell whether a run of this exit code and reason is to be gone on with."""
    return exit_code > _SIGNALS or (exit_code, reason) in _PAUSES


def books_of(books: Books) -> dict[str, Any]:
    """Return the books as they stand in the summary."""
    return {**msgspec.to_builtins(books), "balanced": books.balanced}


def write_summary(path: Path, summary: Summary) -> None:
    """Write the file; nobody ever sees half of it.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        replace_file(path, msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
