"""What is taken from pages and where it goes: `extract`, `output`, `checks`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from crawler.config.models.fields import (
    FieldName,
    Listed,
    OutputPath,
    Pattern,
    Settings,
    Share,
    bad_value,
    bad_whole,
    written,
)
from crawler.config.models.selectors import Css, JmesPath, XPath
from crawler.config.models.steps import StepSettings

Structured = Literal["json_ld", "opengraph", "microdata"]


class FieldSettings(Settings):
    """One field of an item: where it stands on the page, and what is done to it."""

    css: Css | None = Field(
        default=None, description="CSS selector; `::text` and `::attr(name)` as in Scrapy."
    )
    xpath: XPath | None = Field(default=None, description="XPath 1.0.")
    jmes: JmesPath | None = Field(
        default=None, description="JMESPath, for pages that are JSON documents."
    )
    value: str | None = Field(
        default=None, description="A fixed text; `{url}` and its like are facts of the page."
    )
    all: bool = Field(default=False, description="Every match as a list, instead of the first.")
    then: Listed[StepSettings] = Field(
        default=(), description="What is done to the value, in order."
    )
    fields: dict[FieldName, FieldSettings] | None = Field(
        default=None,
        min_length=1,
        description="Makes each match a record of these fields, selected within it.",
    )


class EachSettings(Settings):
    """`each` of an extract rule as a map; a text stands for its `css`."""

    css: Css | None = Field(default=None, description="CSS selector of elements.")
    xpath: XPath | None = Field(default=None, description="XPath of elements.")
    jmes: JmesPath | None = Field(default=None, description="JMESPath of entries, in JSON.")

    @model_validator(mode="after")
    def _one_selector(self) -> EachSettings:
        if sum(one is not None for one in (self.css, self.xpath, self.jmes)) != 1:
            raise bad_whole("each needs exactly one of css, xpath, jmes")
        return self


class ExtractSettings(Settings):
    """An entry of `extract`: the items of some pages."""

    item: Annotated[str, Field(min_length=1)] = Field(description="Name of the kind of item.")
    label: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="Only on pages that were followed under this label."
    )
    url: Pattern | None = Field(
        default=None,
        description='Only on pages whose path matches this glob, or `"re:..."` expression.',
    )
    each: EachSettings | None = Field(
        default=None,
        description="One item for every match, its fields selected within it: a CSS selector, or "
        "a map with one of css, xpath, jmes. Default: one item a page.",
    )
    structured: Listed[Structured] = Field(
        default=(),
        alias="try",
        description="Structured data that is asked for each field before its selector, in this "
        "order: `json_ld`, `opengraph`, `microdata`.",
    )
    fields: Annotated[dict[FieldName, FieldSettings], Field(min_length=1)] = Field(
        description="Field names, and where their values come from."
    )


class OutputSettings(Settings):
    """An entry of `output`: a file that items are written to."""

    path: OutputPath = Field(
        default="data/{name}/{run_id}.jsonl",
        description="`.jsonl` or `.csv`, either with `.gz` behind it, or `.parquet` (extra "
        "`parquet`); relative to `--dir`. `{name}`, `{run_id}` and `{date}` are filled in.",
    )
    mode: Literal["new", "append", "replace"] = Field(
        default="new",
        description="`new`: it must not exist yet; `append`: goes on behind what is there; "
        "`replace`: takes its place when the run ends well, and not after `--limit`.",
    )
    provenance: Literal["none", "url", "full"] = Field(
        default="url",
        description="`url` adds `_url` and `_id`, which stays the same across restarts of a run; "
        "`full` also `_job`, `_run`, `_at`, `_depth`, `_from`; `none` nothing.",
    )
    formula_cells: Literal["quote", "keep"] = Field(
        default="quote",
        description="Text in a `.csv` that a spreadsheet would run as a formula: `quote` puts an "
        "apostrophe before it, `keep` leaves it.",
    )

    only: Listed[Literal["new", "changed", "unchanged"]] = Field(
        default=(),
        description="Of an incremental job: the items that it gets, by what they are beside what "
        "earlier runs knew. Default: all, so that each run writes the complete set.",
    )
    keep: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="How many files of good runs stay; at a good end, older ones that this job "
        "made are deleted. For a path with `{run_id}` or `{date}`. Default: all.",
    )

    @field_validator("keep")
    @classmethod
    def _of_several_files(cls, value: int | None, info: ValidationInfo) -> int | None:
        path = str(info.data.get("path", "{date}"))
        if value is not None and "{run_id}" not in path and "{date}" not in path:
            raise bad_whole("keep counts files", "put {run_id} or {date} into the path")
        return value

    @field_validator("formula_cells")
    @classmethod
    def _of_cells(cls, value: str, info: ValidationInfo) -> str:
        path = str(info.data.get("path", ".csv"))
        if value != "quote" and ".csv" not in path[-7:]:
            raise bad_value("is for outputs in .csv", "remove formula_cells")
        return value


class ChecksSettings(Settings):
    """`checks`: what a run must give; one that does not ends with exit code 3."""

    min_items: int | None = Field(default=None, ge=0, description="Fewest items.")
    min_fill: dict[FieldName, Share] = written(
        {}, "Fields, and the smallest share of items that must have them: `{price: 99%}`."
    )
    max_failed: Share = written(
        "5%",
        "Largest share (failed + dead) / (done + failed + dead); 404 and 410 count for start URLs "
        "only.",
    )
    allow_empty: bool = Field(
        default=False,
        description="A run that fetched nothing, or gave no item although there are rules, is "
        "good too.",
    )
