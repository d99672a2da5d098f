"""`crawler map`: everything that a batch over files needs, put together."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from crawler.app.batch.map_rows import MapRows, Wish
from crawler.app.batch.row_input import RowInput
from crawler.app.batch.row_output import FileRows, StdoutRows, output_for
from crawler.app.batch.worker_count import worker_count
from crawler.app.run.streams import Streams
from crawler.errors import ConfigError
from crawler.interfaces import Clock
from crawler.observe.console import Console
from crawler.offload.named_function import name_of
from crawler.offload.slot_limits import SlotLimits
from crawler.offload.slots import Slots


class MapOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the command.

    Attributes:
        wish: What is to be done.
        input: Path of the rows, "-" for standard input.
        format: One of `FORMATS`; None to tell it by the name.
        output: Path of the values, "-" for standard output.
        workers: Processes; None for one per CPU that we may use.
        timeout: Seconds for one row.
        memory: Bytes a process may grow by, None for no limit.
        level: Of the console.
    """

    wish: Wish
    input: str
    output: str
    format: str | None = None
    workers: int | None = None
    timeout: float = 20.0
    memory: int | None = None
    level: int = 0


def map_files(options: MapOptions, streams: Streams, clock: Clock) -> int:
    """Run a batch and return its exit code.

    Raises:
        ConfigError: Something is wrong with the options, the function or the files.
        OutputError: An output cannot be written, or files changed under us.
        OffloadError: Every process dies.
    """
    name_of(options.wish.function)
    source = RowInput(options.input, options.format, streams.stdin)
    out = output_for(options.output, streams.stdout, resumable=not source.piped)
    _check_apart(options.input, out)
    console = Console(streams.stderr, options.level)
    limits = SlotLimits(timeout=options.timeout, memory=options.memory)

    async def running(rows: RowInput) -> int:
        async with Slots(worker_count(options.workers), limits) as slots:
            return await MapRows(options.wish, rows, out, console, clock).run(slots)

    with source as rows:
        return asyncio.run(running(rows))


def _check_apart(source: str, out: FileRows | StdoutRows) -> None:
    for target in out.paths:
        if source != "-" and Path(source).resolve() == target.resolve():
            raise ConfigError(f"{target} is the input; it would be replaced, so write elsewhere")
