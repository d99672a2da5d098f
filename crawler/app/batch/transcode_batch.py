"""One batch of videos, from the first look to the exit code."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import Counter, deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TextIO

import msgspec

from crawler.app.batch.reckoning import Reckoning
from crawler.app.batch.transcode_plan import Job
from crawler.app.batch.transcode_progress import TranscodeProgress
from crawler.app.run.stop_signals import StopSignals
from crawler.errors import OutputError
from crawler.interfaces import Clock
from crawler.media.made_file import part_of, put_in_place
from crawler.media.manifest import Line, Manifest
from crawler.media.probe import MediaLimits
from crawler.media.progress_board import ProgressBoard
from crawler.media.settings import Settings
from crawler.media.tools import Tools
from crawler.media.transcode_file import (
    LOOK,
    TRANSCODE,
    Looked,
    LookTask,
    Transcoded,
    TranscodeTask,
)
from crawler.media.trouble import Failure, Trouble
from crawler.observe.console import Console, safe
from crawler.offload.offloaded import Done, Kind, Offloaded, Refused
from crawler.offload.slots import Slots

#: Seconds without a sign of life from a slot, after which it is replaced.
HUNG = 300.0
_SHOWN = 20
_KINDS = {Kind.TIMEOUT: Trouble.TIMEOUT, Kind.MEMORY: Trouble.MEMORY}


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be made of every video, and how.

    Attributes:
        folder: Of the outputs, absolute.
        settings: What they are to become.
        limits: What an input may have.
        workers: Videos at a time.
        threads: For each.
        timeout: Seconds for one.
        stall: Seconds without progress for one.
    """

    tools: Tools
    folder: Path
    settings: Settings
    limits: MediaLimits
    workers: int
    threads: int
    timeout: float
    stall: float


class Tally(msgspec.Struct):
    """What became of the inputs."""

    done: int = 0
    unchanged: int = 0
    exists: int = 0
    failed: Counter[str] = msgspec.field(default_factory=Counter)
    seconds: float = 0.0


class TranscodeBatch:
    """A batch; `run` it once.

    Args:
        wish: What is to be made.
        jobs: What is to be done with each input.
        manifest: Open.
        board: Open, with a place for each worker.
        console: What is said goes there.
        clock: For progress and what is written down.
    """

    def __init__(
        self, wish: Wish, jobs: list[Job], manifest: Manifest, board: ProgressBoard,
        console: Console, clock: Clock,
    ) -> None:  # fmt: skip
        self._wish = wish
        self._jobs = jobs
        self._manifest = manifest
        self._board = board
        self._console = console
        self._clock = clock
        self._open: deque[tuple[Job, Looked]] = deque()
        self._reckoning = Reckoning([])
        self._under_way: dict[int, Job] = {}
        self._beats: dict[int, tuple[int, float]] = {}
        self._stopping = False
        self._gave_up = False
        self._working: asyncio.Task[None]
        self.tally = Tally()

    async def run(self, slots: Slots, stream: TextIO) -> int | None:
        """Run the batch over slots that were started.

        Args:
            slots: As many as there are workers, or more.
            stream: stderr, for what is redrawn there.

        Returns:
            None, or the exit code of the signal that ended it early.

        Raises:
            OutputError: The disk is full or failing.
            OffloadError: Every process dies.
        """
        with StopSignals(self._console.error, os._exit, self._clock) as signals:
            signals.crawling(lambda _: self._stop(), self._give_up)
            self._working = asyncio.create_task(self._work(slots, stream))
            try:
                await self._working
            except asyncio.CancelledError:
                if not self._gave_up:
                    raise
            signals.crawl_ended()
            return signals.exit_code

    def _stop(self) -> None:
        self._stopping = True

    def _give_up(self) -> None:
        self._gave_up = True
        self._working.cancel()

    def clean(self) -> None:
        """Delete what is half made; to be called when the slots are closed."""
        for job in self._under_way.values():
            with contextlib.suppress(OSError):
                part_of(self._wish.folder / job.output).unlink()

    async def _work(self, slots: Slots, stream: TextIO) -> None:
        self._settle_without_work()
        await self._look_at_all(slots)
        self._open = deque(sorted(self._open, key=_longest_first))
        self._reckoning = Reckoning([_duration(looked) for _, looked in self._open])
        with TranscodeProgress(self._console, stream, self._clock, self._stand) as progress:
            self._progress = progress
            showing = asyncio.create_task(progress.run())
            try:
                async with asyncio.TaskGroup() as group:
                    for place in range(self._wish.workers):
                        group.create_task(self._make_one_after_the_other(slots, place))
            finally:
                showing.cancel()

    def _settle_without_work(self) -> None:
        for job in self._jobs:
            if job.state == "unchanged":
                self.tally.unchanged += 1
            elif job.state == "exists":
                self._settle_exists(job)

    def _settle_exists(self, job: Job) -> None:
        self.tally.exists += 1
        message = f"{job.output} is there and was not made by us, or was changed since"
        line = self._line(job, "skipped", error=Failure("exists", message))
        if job.known is None or job.known.error != line.error:
            self._manifest.add(line)

    # First looks

    async def _look_at_all(self, slots: Slots) -> None:
        waiting = deque(job for job in self._jobs if job.state in ("open", "touched"))
        if len(waiting) > 100:
            self._console.say(f"looking at {len(waiting):,} files")

        async def look_at_some() -> None:
            while waiting and not self._stopping:
                await self._look_at(slots, waiting.popleft())

        async with asyncio.TaskGroup() as group:
            for _ in range(self._wish.workers):
                group.create_task(look_at_some())

    async def _look_at(self, slots: Slots, job: Job) -> None:
        task = LookTask(
            tools=self._wish.tools, source=job.found.path, limits=self._wish.limits,
            hashed=job.state == "touched",
        )  # fmt: skip
        looked = _value(await slots.call(LOOK, task), Looked)
        known = job.known
        if isinstance(looked, Failure):
            self._settle_failure(job, looked, Transcoded())
        elif job.state == "touched" and known is not None and _same_bytes(known, looked):
            self._manifest.add(msgspec.structs.replace(known, source=looked.source))
            self.tally.unchanged += 1
        elif looked.failure is not None:
            self._settle_failure(job, looked.failure, Transcoded(source=looked.source))
        else:
            self._open.append((job, looked))

    # The work

    async def _make_one_after_the_other(self, slots: Slots, place: int) -> None:
        while self._open and not self._stopping:
            job, looked = self._open.popleft()
            target = self._target(job)
            self._board.clear(place)
            self._beats[place] = (0, self._clock.monotonic())
            duration = _duration(looked)
            self._reckoning.begin(place, job.name, duration, self._clock.monotonic())
            self._under_way[place] = job
            answer = await slots.call(TRANSCODE, self._task(job, target, duration, place))
            self._settle(job, target, _value(answer, Transcoded))
            del self._under_way[place]
            self._reckoning.end(place)

    def _target(self, job: Job) -> Path:
        target = self._wish.folder / job.output
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot write into {target.parent}: {error.strerror}") from error
        return target

    def _task(self, job: Job, target: Path, duration: float | None, place: int) -> TranscodeTask:
        wish = self._wish
        return TranscodeTask(
            tools=wish.tools, source=job.found.path, target=str(target), settings=wish.settings,
            threads=wish.threads, limits=wish.limits, duration=duration, timeout=wish.timeout,
            stall=wish.stall, board=str(self._board.path), place=place,
        )  # fmt: skip

    def _settle(self, job: Job, target: Path, made: Transcoded | Failure) -> None:
        failure = made if isinstance(made, Failure) else made.failure
        if failure is not None or isinstance(made, Failure):
            with contextlib.suppress(OSError):
                part_of(target).unlink()
            assert failure is not None
            known = Transcoded() if isinstance(made, Failure) else made
            self._settle_failure(job, failure, known)
            return
        # Written down first: what a kill leaves without its name is given it by the next run.
        self._manifest.add(self._line(job, "done", made))
        try:
            put_in_place(part_of(target), target)
        except OSError as error:
            raise OutputError(f"cannot write {target}: {error.strerror}") from error
        self.tally.done += 1
        self.tally.seconds += made.probed.duration or 0.0 if made.probed is not None else 0.0

    def _settle_failure(self, job: Job, failure: Failure, made: Transcoded) -> None:
        """Write a failure down.

        Raises:
            OutputError: The disk is full, of which no video is to blame.
        """
        if failure.trouble == Trouble.NO_SPACE:
            raise OutputError(
                f"{self._wish.folder} is full: {safe(failure.message)}; what was done is kept, make"
                " room and give the same command again"
            )
        self._manifest.add(self._line(job, "failed", made, failure))
        self.tally.failed[failure.trouble] += 1
        count = self.tally.failed.total()
        if count <= _SHOWN:
            self._console.error(f"failed {safe(job.name)}: {failure.trouble}: {failure.message}")
        elif count == _SHOWN + 1:
            self._console.error(f"more have failed: {self._manifest.path} names them all")
        if hasattr(self, "_progress"):
            self._progress.failed = count

    def _line(
        self,
        job: Job,
        status: Literal["done", "failed", "skipped"],
        made: Transcoded | None = None,
        error: Failure | None = None,
    ) -> Line:
        made = made or Transcoded()
        probed = made.probed
        at = datetime.fromtimestamp(self._clock.wall(), UTC).isoformat(timespec="seconds")
        done = status == "done"
        return Line(
            input=job.name, url=job.found.url, status=status, path=job.output if done else None,
            sha256=made.sha256, bytes=made.bytes, tail=made.tail, error=error, source=made.source,
            settings=self._wish.settings, took=round(made.took, 3), at=at, warning=made.warning,
            duration=None if probed is None else probed.duration,
            width=0 if probed is None else probed.width,
            height=0 if probed is None else probed.height, stale=job.ours,
        )  # fmt: skip

    # Where it stands

    def _stand(self) -> Reckoning:
        """Read the board; a slot that gives no sign of life is ended, and so replaced."""
        now = self._clock.monotonic()
        for place, going in self._reckoning.going.items():
            standing = self._board.read(place)
            going.made = standing.time_us / 1e6
            before, since = self._beats[place]
            if standing.beats != before:
                self._beats[place] = (standing.beats, now)
            elif standing.pid and now - since > HUNG:
                self._beats[place] = (standing.beats, now)
                with contextlib.suppress(OSError):
                    os.killpg(standing.pid, signal.SIGKILL)
        return self._reckoning


def _longest_first(one: tuple[Job, Looked]) -> float:
    """Sort so that no long video is left for the end, when the other workers are idle."""
    return -(_duration(one[1]) or 0.0)


def _duration(looked: Looked) -> float | None:
    return None if looked.probed is None else looked.probed.duration


def _same_bytes(known: Line, looked: Looked) -> bool:
    return (
        known.source is not None
        and looked.source is not None
        and known.source.sha256 == looked.source.sha256 != ""
    )


def _value(answer: Offloaded, kind: type[Any]) -> Any:
    """Return what a slot gave, or the failure that stands for its death."""
    if isinstance(answer, Refused):
        return Failure(_KINDS.get(answer.kind, Trouble.DIED), safe(answer.message))
    assert isinstance(answer, Done)
    assert isinstance(answer.value, kind)
    return answer.value
