"""What pages' links change in a store: rows to be added, and rows to be known otherwise."""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class NewRow(NamedTuple):
    """A row to be written; the fields are columns, but for `plain`.

    Attributes:
        plain: A pending GET link with nothing special about it, as most rows are: every field
            behind this one has its default.
    """

    id: int
    key: int
    host: str
    state: int
    depth: int
    url: str
    parent: int
    plain: bool = False
    reason: str | None = None
    rank: int = 0
    label: str | None = None
    label_rank: int = 0
    method: str | None = None
    body: bytes | None = None
    payload: bytes | None = None
    is_start: bool = False


class Improvement(NamedTuple):
    """A known row was found shallower, or with a label that comes earlier in the config.

    Where it was found is what counts: the row may be shallower than `depth`, and `label` is None
    unless it is the better one.
    """

    row: int
    depth: int
    label_rank: int
    label: str | None


class Listed(NamedTuple):
    """What a list says of a row; see `NewRequest`."""

    row: int
    lastmod: float | None
    news: bool


class Renewal(NamedTuple):
    """What a page that was read anew asks for where a row is known: the row may know it otherwise.

    Attributes:
        payload: Callback and arguments, encoded; None for a plain link.
        parent: The page.
    """

    row: int
    payload: bytes | None
    parent: int


class FoundAgain(NamedTuple):
    """A row that waited for a link, and what that one says of it; the fields are columns."""

    row: int
    depth: int
    parent: int
    label: str | None = None
    label_rank: int = 0
    rank: int = 0
    payload: bytes | None = None


class Carried(NamedTuple):
    """What rows of a refresh carry from earlier runs.

    Attributes:
        any: Some have callbacks and arguments.
        by_links: Rows that wait for a link to say what they are asked for with; changed.
    """

    any: bool
    by_links: set[int]


class Admitted(msgspec.Struct, kw_only=True):
    """What a batch changes.

    Attributes:
        rows: Rows this run did not know, in order of discovery.
        revived: Ids among them that exist already, from earlier runs.
        improved: Known rows, in the order in which they were found.
        children: Page row to the rows it links to; only with a depth limit.
        label_conflicts: Links whose label lost against that of their row.
        listed: What lists say of rows.
        found_again: Rows that waited for a link.
        starts: Of a refresh: rows that are known, and starts of this run.
        renewals: Of a refresh: what pages that were read anew ask for, each row once a page.
    """

    found_again: list[FoundAgain] = msgspec.field(default_factory=list)
    starts: list[FoundAgain] = msgspec.field(default_factory=list)
    renewals: list[Renewal] = msgspec.field(default_factory=list)
    listed: list[Listed] = msgspec.field(default_factory=list)
    rows: list[NewRow] = msgspec.field(default_factory=list)
    revived: set[int] = msgspec.field(default_factory=set)
    improved: list[Improvement] = msgspec.field(default_factory=list)
    children: dict[int, list[int]] = msgspec.field(default_factory=dict)
    label_conflicts: int = 0

    @property
    def known_otherwise(self) -> bool:
        """Rows of a refresh are to be asked for with something else than they are known with."""
        return bool(self.renewals or self.starts)
