"""What is to be done of what was asked for: what is there already is not made again."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal

import msgspec

from crawler.errors import ConfigError, OutputError
from crawler.media.file_text import text_of
from crawler.media.inputs import Found
from crawler.media.made_file import is_there, part_of, put_in_place, tail_of
from crawler.media.manifest import Line, Made, Manifest
from crawler.media.output_names import Wanted, output_names
from crawler.media.settings import Settings


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One input and its place.

    Attributes:
        found: The input.
        name: Its path as text.
        output: Its output, relative to the folder of all.
        known: What became of it before.
        ours: The output that is there and was made by us.
        state: "unchanged": nothing is to be done. "touched": so, if its bytes are the same.
            "exists": another file is in the way. "open": it is to be made.
    """

    found: Found
    name: str
    output: str
    known: Line | None
    ours: Made | None
    state: Literal["unchanged", "touched", "exists", "open"]


def plan(
    found: list[Found], folder: Path, manifest: Manifest, settings: Settings, *, fresh: bool,
    replace: bool,
) -> list[Job]:  # fmt: skip
    """Return what is to be done with each input.

    Args:
        found: The inputs.
        folder: Of the outputs, absolute.
        manifest: Of that folder, open.
        settings: What is asked for.
        fresh: Make everything anew.
        replace: Outputs that are in the way and not ours may be replaced.

    Raises:
        ConfigError: An output would replace an input.
        OutputError: A finished output cannot get its name.
    """
    texts = [text_of(one.path) for one in found]
    wanted = [Wanted(text, one.below) for one, text in zip(found, texts, strict=True)]
    names = output_names(wanted, settings.encoder.ending, manifest.outputs)
    _check_apart(found, [folder / name for name in names])
    jobs = []
    for one, text, output in zip(found, texts, names, strict=True):
        known = manifest.get(text)
        ours = _ours(folder, known)
        job = Job(found=one, name=text, output=output, known=known, ours=ours, state="open")
        jobs.append(
            msgspec.structs.replace(job, state=_state(job, folder, settings, fresh, replace))
        )
    return jobs


def _check_apart(found: list[Found], targets: list[Path]) -> None:
    sources = {_place_of(Path(one.path)): one for one in found}
    problems = []
    for target in targets:
        hit = sources.get(_place_of(target))
        if hit is not None:
            problems.append(
                f"{text_of(hit.path)} is an input, and would be replaced by an output; give another"
                " folder with -o"
            )
    if problems:
        raise ConfigError(*problems)


def _place_of(path: Path) -> tuple[int, int] | str:
    """Return what two names of one file have in common."""
    try:
        there = path.stat()
    except (OSError, ValueError):
        return str(path)
    return (there.st_dev, there.st_ino)


def _ours(folder: Path, known: Line | None) -> Made | None:
    """Return the output of an input that is there and ours; one that lacks its name gets it."""
    if known is None or known.made is None:
        return None
    if is_there(folder, known.made):
        return known.made
    if known.path is not None and _finish(folder, known.made):
        return known.made
    return known.stale if is_there(folder, known.stale) else None


def _finish(folder: Path, made: Made) -> bool:
    """Name an output that was written down as done right before a kill."""
    target = folder / made.path
    part = part_of(target)
    try:
        if tail_of(part) != (made.bytes, made.tail):
            return False
        put_in_place(part, target)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror}") from error
    return True


def _state(
    job: Job, folder: Path, settings: Settings, fresh: bool, replace: bool
) -> Literal["unchanged", "touched", "exists", "open"]:  # fmt: skip
    known = job.known
    is_ours = job.ours is not None and job.ours.path == job.output
    if (folder / job.output).exists() and not is_ours and not replace:
        return "exists"
    done = known is not None and known.status == "done" and job.ours == known.made
    if fresh or not done or not is_ours or known is None or known.settings != settings:
        return "open"
    source = known.source
    with contextlib.suppress(OSError, ValueError):
        there = Path(job.found.path).stat()
        if source is not None and source.bytes == there.st_size:
            return "unchanged" if source.mtime_ns == there.st_mtime_ns else "touched"
    return "open"


def sweep(folder: Path, jobs: list[Job], ending: str) -> None:
    """Delete what a killed process left half made beside the outputs of these jobs."""
    for place in {(folder / job.output).parent for job in jobs}:
        for left in place.glob(f".*{ending}.part"):
            with contextlib.suppress(OSError):
                left.unlink()
