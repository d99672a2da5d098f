"""`incremental`: only what changed, with events."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crawler.config.models.fields import (
    FieldName,
    Listed,
    Pattern,
    Settings,
    Share,
    Size,
    Span,
    bad_whole,
    checked_placeholders,
    written,
)
from crawler.config.models.selectors import Css

Policy = Literal["always", "adaptive", "decay", "fixed"]
Validator = Literal["etag", "last_modified"]


class FingerprintSettings(Settings):
    """`incremental.fingerprint`: what of a page counts."""

    of: Listed[FieldName] = Field(
        default=(),
        description="Fields of items whose change is a change. Default: all of them.",
    )
    ignore_case: bool = Field(
        default=False, description="Whether a change from `A` to `a` is none."
    )
    fuzzy: int | None = Field(
        default=None,
        ge=0,
        le=16,
        description="In how many of the 64 bits of its simhash the text of a page may differ and "
        "still be the same; 3 is usual. For jobs without `extract` and `spider`.",
    )


class RevisitOverrideSettings(Settings):
    """An entry of `incremental.revisit.overrides`; what it leaves out is as for the rest."""

    match: Pattern = Field(description='Glob on the path, or `"re:..."` for an expression.')
    policy: Policy | None = Field(default=None, description="See `revisit.policy`.")
    first: Span | None = Field(default=None, description="See `revisit.first`.")
    min: Span | None = Field(default=None, description="See `revisit.min`.")
    max: Span | None = Field(default=None, description="See `revisit.max`.")
    every: Span | None = Field(default=None, description="See `revisit.every`.")
    stop_after: Span | None = Field(default=None, description="See `revisit.stop_after`.")


class RevisitSettings(Settings):
    """`incremental.revisit`: when a page is due. Seeds, lists and what failed always are."""

    policy: Policy = Field(
        default="always",
        description="`always`: in each run; `adaptive`: more often the more often it changes; "
        "`decay`: less and less often; `fixed`: `every` so often.",
    )
    first: Span = written("1d", "Time from the first visit to the second.")
    min: Span = written("1h", "Shortest time between two visits.")
    max: Span = written("7d", "Longest time between two visits.")
    grow: Annotated[float, Field(ge=1, le=100)] = Field(
        default=1.5,
        description="What the time is multiplied with when nothing had changed; with `decay` "
        "always; and, with every policy, while a page is gone.",
    )
    shrink: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.5, description="What the time is multiplied with when something had."
    )
    every: Span = written("1d", "With `fixed`: time between two visits.")
    stop_after: Span | None = Field(
        default=None,
        description="Age from which on a page is not visited any more. Default: never.",
    )
    overrides: Listed[RevisitOverrideSettings] = Field(
        default=(), description="Other rules for some pages; the first that matches counts."
    )

    @model_validator(mode="after")
    def _ordered(self) -> RevisitSettings:
        spans = [(self.min, self.max)]
        spans += [(rule.min or self.min, rule.max or self.max) for rule in self.overrides]
        if any(least > most for least, most in spans):
            raise bad_whole("min is more than max")
        return self


class GoneSettings(Settings):
    """`incremental.gone`: when an item counts as gone."""

    after_misses: int = Field(
        default=3, ge=1, le=1000, description="Runs in a row that must miss it."
    )
    recheck: bool = Field(
        default=True,
        description="Whether pages are asked before an item of theirs is missed: one that answers "
        "404 or 410 and was alive once more in the same run, one that nothing leads to any more "
        "also if it is not due. `false`: the first answer counts, and so does that nothing leads "
        "to a page.",
    )
    max_share: Share = written(
        "10%", "If more of the items would be gone at once, nothing is, and the exit code is 6."
    )


class BodiesSettings(Settings):
    """`incremental.bodies`: bodies that are kept, to be read anew when the rules change."""

    max_size: Size = written("1GiB", "What they may take on disk, compressed; the oldest go first.")
    max_body: Size = written("8MiB", "A larger body is not kept.")


class IncrementalSettings(Settings):
    """`incremental`: what earlier runs learnt counts, and what changed is told."""

    validators: Listed[Validator] = Field(
        default=("etag", "last_modified"),
        description="What a server is asked with whether a page changed: `etag` (If-None-Match), "
        "`last_modified` (If-Modified-Since). `[]`: nothing.",
    )
    unconditional_every: int = Field(
        default=10,
        ge=1,
        le=1000,
        description="Of how many visits one asks for the page whatever the server says of changes.",
    )
    fingerprint: FingerprintSettings = written({}, "What of a page counts.")
    ignore: Listed[Css] = Field(
        default=(),
        description="CSS selectors of what changes by itself (dates, counters, advertising): left "
        "out where bodies and texts are compared. Rules see it still.",
    )
    revisit: RevisitSettings = written({}, "When a page is visited again.")
    gone: GoneSettings = written({}, "When an item counts as gone.")
    max_changed: Share = written(
        "50%",
        "If more of the items that were visited changed at once, the site was redesigned, or "
        "answers with error pages: the run is not good, and names the fields.",
    )
    events: str | None = Field(
        default=None,
        description="File that a line is appended to for each item that is new, changed, gone, "
        "back or moved, as `data/{name}/changes.jsonl`. Default: none.",
    )
    bodies: BodiesSettings | None = Field(
        default=None,
        description="Keeps the bodies of pages, so that changed rules read them anew without a "
        "request. Default: none is kept, and changed rules make every page due.",
    )

    @model_validator(mode="after")
    def _file_of_events(self) -> IncrementalSettings:
        if self.events is not None:
            if not self.events.endswith(".jsonl") or self.events.endswith("/.jsonl"):
                raise bad_whole("events are lines of JSON", "end the path of events in .jsonl")
            checked_placeholders(self.events)
        return self
