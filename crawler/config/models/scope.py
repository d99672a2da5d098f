"""Where a crawl begins, how far it goes, and which links it follows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crawler.config.models.fields import (
    FieldName,
    Host,
    Listed,
    ListFile,
    Pattern,
    Settings,
    Span,
    StartUrl,
    bad_whole,
    written,
)
from crawler.config.models.selectors import Css, XPath


class StartSettings(Settings):
    """`start` as a map; a list stands for its `urls`."""

    urls: Listed[StartUrl] = Field(
        default=(), description="URLs to begin with; `{demo}` is the address of the practice site."
    )
    from_file: ListFile | None = Field(
        default=None,
        description="A list of URLs in a `.csv`, `.jsonl` or `.txt` (one a line, `#` begins a "
        'comment), relative to the file that names it; `"-"` is standard input.',
    )
    url_column: FieldName | None = Field(
        default=None,
        description="Column or key of the list that holds the URL. Default: `url`, or the only "
        "one there is.",
    )
    keep_columns: Listed[FieldName] = Field(
        default=(),
        description="Columns or keys of the list that go into the items of its pages; `{column}` "
        "in a `value` stands for one.",
    )
    sitemap: Listed[StartUrl] = Field(
        default=(),
        description="A list, or one, of sitemaps, sitemap indexes, RSS or Atom feeds, and "
        "robots.txt files, whose `Sitemap:` lines count.",
    )
    newer_than: Span | None = Field(
        default=None,
        description="Leaves out what a sitemap or feed says is older. Default: nothing.",
    )
    lastmod: Literal["ignore", "hint", "trust", "distrust"] = Field(
        default="distrust",
        description="What an incremental job makes of the dates in sitemaps and feeds. `ignore`: "
        "nothing; `hint`: a page that changed since its last visit is due at once; `trust`: that, "
        "and one that did not is not due; `distrust`: a hint, until it proved right.",
    )
    max_sitemap_files: int = Field(
        default=500, ge=1, le=100_000, description="Most files that sitemap indexes lead to."
    )


class CanonicalSettings(Settings):
    """`scope.canonical`: which URLs count as the same page."""

    sort_query: bool = Field(
        default=True, description="The order of query parameters does not matter."
    )
    drop_params: Listed[Annotated[str, Field(min_length=1)]] | None = Field(
        default=None,
        description="Query parameters that do not matter. Default: the known tracking parameters.",
    )


class ScopeSettings(Settings):
    """`scope`: how far the crawl goes."""

    hosts: Listed[Host] = Field(
        default=(),
        description="Hosts to stay on: `host` (ports 80 and 443), `host:port`, `*.host`. "
        "Default: those of `start`.",
    )
    allow: Listed[Pattern] = Field(
        default=(),
        description='Globs on the path, or `"re:..."` for an expression. Default: everything.',
    )
    deny: Listed[Pattern] = Field(default=(), description="The same; they win over `allow`.")
    max_depth: int | None = Field(
        default=None, ge=0, description="Links away from a start URL. Default: unlimited."
    )
    max_pages: int | None = Field(
        default=None,
        ge=1,
        description="Pages after which the run ends, as finished. Default: unlimited.",
    )
    max_runtime: Span | None = Field(
        default=None, description="Time after which the run ends, as finished. Default: unlimited."
    )
    follow: bool = Field(default=True, description="Whether links are followed at all.")
    canonical: CanonicalSettings = written({}, "Which URLs count as the same page.")


class FollowSettings(Settings):
    """An entry of `follow`: which links, and what they lead to."""

    css: Css | None = Field(
        default=None, description="CSS selector of the links, or of what contains them."
    )
    xpath: XPath | None = Field(
        default=None, description="XPath of the links, or of what contains them."
    )
    label: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="Picks the extract rule of the pages these links lead to."
    )

    @model_validator(mode="after")
    def _one_selector(self) -> FollowSettings:
        if (self.css is None) == (self.xpath is None):
            raise bad_whole("a follow rule needs exactly one of css, xpath")
        return self
