"""What runs in a process slot: a look at a file, and the making of one video.

Plain data goes in and comes out. Both functions raise nothing that is the file's fault.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec

from crawler.media.command import transcode_command
from crawler.media.made_file import part_of, sha256_of, tail_of
from crawler.media.manifest import Source
from crawler.media.probe import MediaLimits, Probed, probe_command, read_probe, refused_format
from crawler.media.progress_board import ProgressNote
from crawler.media.progress_report import ProgressReport
from crawler.media.settings import Settings
from crawler.media.tool_run import run_tool
from crawler.media.tools import Tools
from crawler.media.trouble import Failure, MediaError, Trouble, last_words, trouble_of_exit

LOOK = "crawler.media.transcode_file:look"
TRANSCODE = "crawler.media.transcode_file:transcode"
#: Seconds that ffprobe may take.
_PROBE = 60.0
#: Bytes of ffprobe's answer that are read: streams are counted before they are believed.
_MOST = 4 << 20
#: An output may end so much before its input: a share of it, and seconds.
_SHARE, _SECONDS = 0.02, 1.0


class LookTask(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is to be looked at.

    Attributes:
        source: Absolute path.
        hashed: Its SHA-256 is wanted as well.
    """

    tools: Tools
    source: str
    limits: MediaLimits
    hashed: bool = False


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen, or why nothing was."""

    source: Source | None = None
    probed: Probed | None = None
    failure: Failure | None = None


class TranscodeTask(msgspec.Struct, frozen=True, kw_only=True):
    """A video that is to be made.

    Attributes:
        source: Absolute path of the input,
        target: and of the output; what is made lies beside it, under another name.
        threads: For ffmpeg.
        duration: Seconds that the input says it lasts.
        timeout: Seconds that it may take.
        stall: Seconds without progress.
        board: Path of the progress board, and the
        place: on it.
    """

    tools: Tools
    source: str
    target: str
    settings: Settings
    threads: int
    limits: MediaLimits
    duration: float | None
    timeout: float
    stall: float
    board: str = ""
    place: int = 0


class Transcoded(msgspec.Struct, frozen=True, kw_only=True):
    """What was made, or why nothing was; see `manifest.Line`."""

    source: Source | None = None
    bytes: int = 0
    tail: str = ""
    sha256: str = ""
    probed: Probed | None = None
    warning: str = ""
    took: float = 0.0
    failure: Failure | None = None


def look(task: LookTask) -> Looked:
    """Ask ffprobe what a file is, and refuse what is beyond the limits."""
    source = None
    try:
        source = _source(task.source)
        if task.hashed:
            source = msgspec.structs.replace(source, sha256=_hash(task.source))
        probed = _probe(task.tools, task.source, task.limits)
    except MediaError as error:
        return Looked(source=source, failure=Failure(error.trouble, str(error)))
    return Looked(source=source, probed=probed)


def transcode(task: TranscodeTask) -> Transcoded:
    """Make one video beside its place: whole, synced, and looked at; or leave nothing."""
    began = perf_counter()
    part = part_of(Path(task.target))
    source = None
    try:
        with ProgressNote(task.board, task.place) as note:
            source = _source(task.source)
            made = _make(task, source, part, note)
    except MediaError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        failure = Failure(error.trouble, str(error))
        return Transcoded(source=source, failure=failure, took=perf_counter() - began)
    return msgspec.structs.replace(made, took=perf_counter() - began)


def _make(task: TranscodeTask, source: Source, part: Path, note: ProgressNote) -> Transcoded:
    report = ProgressReport()

    def beat() -> None:
        note.write(report.time_us)

    beat()
    digest = _hash(task.source, beat)
    command = transcode_command(
        task.tools.ffmpeg, (task.source, str(part)), task.settings, task.threads, task.limits
    )
    end = run_tool(command, timeout=task.timeout, stall=task.stall, heard=report.feed, beat=beat)
    words = last_words(end.said)
    if end.code:
        trouble = trouble_of_exit(end.code, end.said)
        how = f"ended by signal {-end.code}" if end.code < 0 else f"exit code {end.code}"
        raise MediaError(trouble, f"ffmpeg: {words or how}")
    if _source(task.source) != source:
        raise MediaError(Trouble.CHANGED, "it was written to while it was read")
    size, tail, sha256 = _settled(part, beat)
    probed = _probe(task.tools, str(part), MediaLimits())
    _check_length(task.duration, probed.duration, words)
    source = msgspec.structs.replace(source, sha256=digest)
    return Transcoded(
        source=source, bytes=size, tail=tail, sha256=sha256, probed=probed, warning=words
    )


def _check_length(said: float | None, made: float | None, words: str) -> None:
    """Raise if an output ends early: ffmpeg takes the end of what was cut short for a good one."""
    if said is None or made is None or made >= said * (1 - _SHARE) - _SECONDS:
        return
    more = f" ({words})" if words else ""
    raise MediaError(Trouble.TRUNCATED, f"it ends at {made:.1f} s of {said:.1f} s{more}")


def _settled(part: Path, beat: Any) -> tuple[int, str, str]:
    try:
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        return (*tail_of(part), sha256_of(str(part), beat))
    except OSError as error:
        raise MediaError(_trouble_of(error), f"the output: {error.strerror}") from error


def _source(path: str) -> Source:
    try:
        found = Path(path).stat()
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        trouble = Trouble.MISSING if missing else Trouble.UNREADABLE
        raise MediaError(trouble, getattr(error, "strerror", "") or str(error)) from error
    if not stat.S_ISREG(found.st_mode):
        raise MediaError(Trouble.UNREADABLE, "it is no file")
    if not found.st_size:
        raise MediaError(Trouble.NOT_VIDEO, "it is empty")
    return Source(found.st_size, found.st_mtime_ns)


def _hash(path: str, beat: Any = lambda: None) -> str:
    try:
        return sha256_of(path, beat)
    except OSError as error:
        raise MediaError(Trouble.UNREADABLE, error.strerror or str(error)) from error


def _probe(tools: Tools, path: str, limits: MediaLimits) -> Probed:
    said = bytearray()

    def heard(chunk: bytes) -> bool:
        said.extend(chunk)
        if len(said) > _MOST:
            raise MediaError(Trouble.NOT_VIDEO, "it says too much of itself to be read")
        return True

    end = run_tool(
        probe_command(tools.ffprobe, path, limits),
        timeout=_PROBE, stall=_PROBE, heard=heard, beat=lambda: None,
    )  # fmt: skip
    if end.code:
        trouble = trouble_of_exit(end.code, end.said)
        unknown = trouble == Trouble.FAILED
        other = refused_format(end.said)
        if other:
            raise MediaError(Trouble.NOT_VIDEO, f"its format is {other}, which is not read")
        raise MediaError(
            Trouble.NOT_VIDEO if unknown else trouble,
            f"ffprobe: {last_words(end.said) or f'exit code {end.code}'}",
        )
    probed = read_probe(bytes(said), limits)
    if not probed.width or not probed.height:
        raise MediaError(Trouble.NOT_VIDEO, f"ffprobe: {last_words(end.said) or 'no picture'}")
    return probed


def _trouble_of(error: OSError) -> Trouble:
    import errno

    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return Trouble.NO_SPACE if full else Trouble.FAILED
