"""What is taken from pages and where it goes: `extract`, `output`, `checks`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crawler.config.models.fields import (
    FieldName,
    Listed,
    OutputPath,
    Pattern,
    Settings,
    Share,
    bad_whole,
    written,
)
from crawler.config.models.selectors import Css, XPath

Step = Literal["text", "strip", "number", "count", "absolute_url"]


class FieldSettings(Settings):
    """One field of an item: where it stands on the page, and what is done to it."""

    css: Css | None = Field(
        default=None, description="CSS selector; ::text and ::attr(name) as in Scrapy."
    )
    xpath: XPath | None = Field(default=None, description="XPath 1.0.")
    value: str | None = Field(default=None, description="A fixed text; {url} is the page's.")
    all: bool = Field(default=False, description="Every match as a list, instead of the first.")
    then: Listed[Step] = Field(default=(), description="What is done to the value, in order.")

    @model_validator(mode="after")
    def _one_source(self) -> FieldSettings:
        if sum(source is not None for source in (self.css, self.xpath, self.value)) != 1:
            raise bad_whole("a field needs exactly one of css, xpath, value")
        return self


class ExtractSettings(Settings):
    """An entry of `extract`: the items of some pages."""

    item: Annotated[str, Field(min_length=1)] = Field(description="Name of the kind of item.")
    label: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="Only on pages that were followed under this label."
    )
    url: Pattern | None = Field(
        default=None,
        description='Only on pages whose path matches this glob, or "re:..." expression.',
    )
    fields: Annotated[dict[FieldName, FieldSettings], Field(min_length=1)] = Field(
        description="Field names, and where their values come from."
    )


class OutputSettings(Settings):
    """An entry of `output`: a file that items are written to."""

    path: OutputPath = Field(
        default="data/{name}/{run_id}.jsonl",
        description="File, relative to --dir. {name}, {run_id} and {date} are filled in.",
    )
    mode: Literal["new", "append", "replace"] = Field(
        default="new",
        description="new: it must not exist yet; append: goes on behind what is there; replace: "
        "takes its place when the run ends well.",
    )
    provenance: Literal["none", "url", "full"] = Field(
        default="url", description="What is added to each item: nothing, _url and _id, or more."
    )


class ChecksSettings(Settings):
    """`checks`: what a run must give; one that does not ends with exit code 3."""

    min_items: int | None = Field(default=None, ge=0, description="Fewest items.")
    max_failed: Share = written("5%", "Largest share of pages that failed.")
    allow_empty: bool = Field(
        default=False, description="A run without any page or item is good too."
    )
