"""A whole job file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from crawler.config.models.fetch import FetchSettings
from crawler.config.models.fields import (
    FormatVersion,
    JobName,
    Listed,
    Settings,
    Size,
    Span,
    SpiderName,
    bad_whole,
    written,
)
from crawler.config.models.files import FilesSettings
from crawler.config.models.incremental import IncrementalSettings
from crawler.config.models.items import ChecksSettings, ExtractSettings, OutputSettings
from crawler.config.models.notify import NotifySettings
from crawler.config.models.schedule import ScheduleSettings
from crawler.config.models.schemas import SchemaFields, SchemaName
from crawler.config.models.scope import FollowSettings, ScopeSettings, StartSettings
from crawler.config.models.transform import TransformSettings

#: Processes that fetch at most.
_MOST_WORKERS = 64


def _workers(value: object) -> object:
    if value == "auto" or (type(value) is int and 1 <= value <= _MOST_WORKERS):
        return value
    raise bad_whole(f"the number of workers is auto, or 1 to {_MOST_WORKERS}")


class RunSettings(Settings):
    """`run`: the machinery of a run."""

    backend: Literal["asyncio", "threads"] = Field(
        default="asyncio",
        description="What fetches pages: the event loop, or OS threads. The items are the same.",
    )
    threads: int = Field(
        default=32, ge=1, le=1000, description="Threads that fetch, with `backend: threads`."
    )
    callback_timeout: Span = written(
        "10m",
        "Longest time that a callback may wait for something: then its page fails. Time in "
        "`offload` does not count. A callback that computes is not ended.",
    )
    workers: Annotated[int | Literal["auto"], BeforeValidator(_workers)] = Field(
        default=1,
        description="Processes that fetch and parse, with an event loop each; `auto`: one for each "
        "CPU, but one in all for a spider class that is not `stateless`. With several, each has a "
        "spider of its own, and a page that changes `self.state` fails. A job of some "
        "seconds gains little, and loses where processes cannot be copied, as on macOS: there each "
        "costs half a CPU second to start.",
    )
    loop: Literal["auto", "uvloop", "asyncio"] = Field(
        default="auto", description="Which event loop; `auto` is uvloop where it is installed."
    )
    durability: Literal["process", "power_loss", "off"] = Field(
        default="process",
        description="What a run survives. `process`: `kill -9`; `power_loss`: that, by a flush to "
        "disk before every commit; `off`: nothing, the state is in memory.",
    )
    memory_limit: Size | None = Field(
        default=None,
        description="Memory that the process and its workers may take. Near it nothing new is "
        "sent. Default: unlimited.",
    )


class Job(Settings):
    """A job: what to crawl, how, and where the results go."""

    version: FormatVersion = Field(default=1, description="Version of this format.")
    name: JobName = Field(description="Names the state, the data, the reports and the lock.")
    extends: str | None = Field(
        default=None, description="A file whose settings hold where this one is silent."
    )
    start: StartSettings = written({}, "URLs to begin with: a list, or a map.")
    demo: bool = Field(
        default=False, description="Serve the practice site on loopback for this run."
    )
    scope: ScopeSettings = written({}, "How far the crawl goes.")
    follow: Listed[FollowSettings] = Field(
        default=(), description="Which links are followed. Default: every link in scope."
    )
    fetch: FetchSettings = written({}, "How pages are asked for.")
    run: RunSettings = written({}, "The machinery of a run.")
    spider: SpiderName | None = Field(
        default=None,
        description='A class to crawl with, in a file beside this one: `"spiders/a.py:Class"`.',
    )
    args: dict[str, object] = written({}, "Arguments of the spider class.")
    schemas: dict[SchemaName, SchemaFields] = written(
        {}, "What the items of each kind must look like; one that does not goes to quarantine."
    )
    extract: Listed[ExtractSettings] = Field(
        default=(),
        description="Items to take from pages. Default: a `Page` item for each HTML page.",
    )
    transform: TransformSettings = written(
        {}, "What items go through before they are written: CPU work, in processes of its own."
    )
    files: FilesSettings | None = Field(
        default=None,
        description="The URLs of `start` are files, pictures say: they are kept, and a line for "
        "each input goes to the outputs. With `extract` or `spider`: the URLs in the fields "
        "`file_urls` and `image_urls` of items are. Default: nothing is kept as a file.",
    )
    incremental: IncrementalSettings | None = Field(
        default=None,
        description="What earlier runs learnt counts: pages are asked whether they changed, and "
        "what changed is told. Default: each run is one of its own.",
    )
    output: Listed[OutputSettings] = written(
        [{}], "Files that items are written to. Default: one JSONL file a run."
    )
    checks: ChecksSettings = written({}, "What a run must give.")
    schedule: ScheduleSettings = written({}, "When the job runs by itself, for `crawler cron`.")
    notify: NotifySettings = written({}, "Who is told how a run ended. Default: nobody.")

    @property
    def lists_files(self) -> bool:
        """The URLs of `start` are files; otherwise items may name some."""
        return self.files is not None and self.spider is None and not self.extract
