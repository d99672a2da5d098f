"""`crawler transcode`: everything that a batch of videos needs, put together."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from crawler.app.batch.core_shares import core_shares
from crawler.app.batch.transcode_batch import HUNG, Tally, TranscodeBatch, Wish
from crawler.app.batch.transcode_plan import Job, plan, sweep
from crawler.app.batch.worker_count import worker_count
from crawler.app.run.streams import Streams
from crawler.errors import ConfigError, OutputError, Problem
from crawler.interfaces import Clock
from crawler.media.folder_lock import FolderLock
from crawler.media.inputs import Finding
from crawler.media.manifest import Manifest
from crawler.media.probe import MediaLimits
from crawler.media.progress_board import ProgressBoard
from crawler.media.settings import Settings, settings_of
from crawler.media.tools import Tools, check_encoder, find_tools
from crawler.observe.console import NORMAL, QUIET, Console
from crawler.observe.quantities import took
from crawler.offload.slot_limits import SlotLimits
from crawler.offload.slots import Slots

GOOD, SOME_FAILED = 0, 3


class TranscodeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the command.

    Attributes:
        inputs: Files, patterns, folders, manifests.
        output: Folder of the outputs.
        codec: What the videos are to become: see `crawler.media.settings`, with
        height: and
        crf: and
        preset: or None for what is usual.
        max_pixels: That an input may have, and
        max_duration: seconds.
        workers: Videos at a time, None for what fits.
        threads: For each, None for what fits.
        timeout: Seconds for one video,
        stall: and without progress of one.
        replace: Files that are in the way are replaced.
        fresh: Make everything anew.
        json: Print the result as JSON.
        level: Of the console.
        again: The command that goes on with it.
    """

    inputs: tuple[str, ...]
    output: str
    codec: str = "h264"
    height: int | None = None
    crf: int | None = None
    preset: str | None = None
    max_pixels: int = 8_192 * 4_320
    max_duration: float = 86_400.0
    workers: int | None = None
    threads: int | None = None
    timeout: float = 21_600.0
    stall: float = 120.0
    replace: bool = False
    fresh: bool = False
    json: bool = False
    level: int = NORMAL
    again: str = ""


def transcode_files(options: TranscodeOptions, streams: Streams, clock: Clock) -> int:
    """Run a batch and return its exit code.

    Raises:
        ConfigError: ffmpeg is missing, an input is, or an output would replace one.
        BusyError: Another batch writes into the folder.
        StateError: The folder has a manifest of something else.
        OutputError: The disk is full or failing.
        OffloadError: Every process dies.
    """
    settings = settings_of(options.codec, options.height, options.crf, options.preset)
    tools = find_tools()
    check_encoder(tools, settings)
    folder = Path(options.output).resolve()
    finding = _find(options.inputs, folder)
    console = Console(streams.stderr, options.level)
    begun = clock.monotonic()
    with FolderLock(folder), Manifest(folder) as manifest:
        jobs = plan(
            finding.found, folder, manifest, settings,
            fresh=options.fresh, replace=options.replace,
        )  # fmt: skip
        sweep(folder, jobs, settings.encoder.ending)
        wish = _wish(options, tools, settings, folder, jobs)
        _say_beginning(console, finding, jobs, wish)
        tally, interrupted = asyncio.run(_running(wish, jobs, manifest, console, clock, streams))
        manifest.settle(job.name for job in jobs)
    code = interrupted or (SOME_FAILED if tally.failed else GOOD)
    _say_end(console, tally, took(clock.monotonic() - begun), manifest.path)
    if interrupted is not None:
        console.error(f"go on with: {options.again}")
    console.say(f"{'OK ' if not code else ''}(exit {code})", QUIET if code else NORMAL)
    if options.json:
        _print_result(streams, code, tally, clock.monotonic() - begun, manifest.path)
    return code


def _find(words: tuple[str, ...], folder: Path) -> Finding:
    finding = Finding(folder)
    problems: list[Problem] = []
    for word in words:
        try:
            finding.add(word)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(*problems)
    if not finding.found:
        raise ConfigError(f"there is no video in {' '.join(words)}")
    return finding


def _wish(
    options: TranscodeOptions, tools: Tools, settings: Settings, folder: Path, jobs: list[Job]
) -> Wish:
    count = sum(job.state in ("open", "touched") for job in jobs)
    workers, threads = core_shares(worker_count(None), count, options.workers, options.threads)
    return Wish(
        tools=tools, folder=folder, settings=settings,
        limits=MediaLimits(pixels=options.max_pixels, duration=options.max_duration),
        workers=workers, threads=threads, timeout=options.timeout, stall=options.stall,
    )  # fmt: skip


async def _running(
    wish: Wish, jobs: list[Job], manifest: Manifest, console: Console, clock: Clock,
    streams: Streams,
) -> tuple[Tally, int | None]:  # fmt: skip
    # One payload at a time to a slot: a batch of several would wait behind one another.
    limits = SlotLimits(timeout=wish.timeout + 2 * HUNG, batch_items=1)
    try:
        with ProgressBoard(wish.folder, wish.workers) as board:
            batch = TranscodeBatch(wish, jobs, manifest, board, console, clock)
            try:
                async with Slots(wish.workers, limits) as slots:
                    interrupted = await batch.run(slots, streams.stderr)
            finally:
                batch.clean()
    except OSError as error:
        raise OutputError(f"cannot write into {wish.folder}: {error.strerror}") from error
    return batch.tally, interrupted


def _say_beginning(console: Console, finding: Finding, jobs: list[Job], wish: Wish) -> None:
    left_out = []
    if finding.others:
        left_out.append(f"{finding.others:,} other files left out")
    if finding.without:
        left_out.append(f"{finding.without:,} lines without a file")
    text = f"transcode of {len(jobs):,} files begins"
    console.say(", ".join([text, *left_out]))
    cores = worker_count(None)
    if wish.workers * wish.threads > cores:
        console.say(
            f"{wish.workers} workers with {wish.threads} threads each on {cores} cores: they will"
            " wait for one another"
        )


def _say_end(console: Console, tally: Tally, seconds: str, manifest: Path) -> None:
    failed = tally.failed.total()
    level = QUIET if failed else NORMAL
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in tally.failed.most_common())
    parts = [f"{tally.done:,} done", f"{failed:,} failed{f' ({kinds})' if kinds else ''}"]
    parts.append(f"{tally.unchanged:,} unchanged")
    if tally.exists:
        parts.append(f"{tally.exists:,} left alone, another file is in the way")
    console.say(f"transcode ended after {seconds}", level)
    console.say(f"  videos {' · '.join(parts)}", level)
    console.say(f"  lines  {manifest}", level)


def _print_result(
    streams: Streams, code: int, tally: Tally, seconds: float, manifest: Path
) -> None:  # fmt: skip
    told = {
        "exit": code, "done": tally.done, "failed": tally.failed.total(),
        "unchanged": tally.unchanged, "exists": tally.exists, "errors": dict(tally.failed),
        "seconds": round(seconds, 3), "played_seconds": round(tally.seconds, 3),
        "manifest": str(manifest),
    }  # fmt: skip
    try:
        streams.stdout.write(msgspec.json.encode(told) + b"\n")
        streams.stdout.flush()
    except OSError as error:
        raise OutputError(f"cannot write to standard output: {error.strerror}") from error
