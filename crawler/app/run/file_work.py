"""What a job makes of the files that it downloads, over process slots."""

from __future__ import annotations

import asyncio
import hashlib
from importlib.util import find_spec
from typing import Any

import msgspec

from crawler.app.job.job_paths import JobPaths
from crawler.app.job.step_functions import problem_at
from crawler.app.run.file_chain import (
    FILE_CHAIN,
    IMPORTABLE,
    FileChainResult,
    FileChainTask,
    FileStep,
    importable,
    work_on,
)
from crawler.app.run.transforming import slots_of
from crawler.config.load import LoadedJob
from crawler.config.models.transform import PICTURE_STEPS, TransformStepSettings
from crawler.errors import ConfigError, NoRoomError, OutputError
from crawler.interfaces import FileTask, FileWorked
from crawler.media.file_rules import place_in
from crawler.media.picture_shape import Making, Way
from crawler.offload.offloaded import Refused
from crawler.offload.slots import Slots

_NO_PILLOW = "needs Pillow, which is not installed"
_CURE = 'pip install "crawler[images]"'


class SlotFileWork:
    """A `FileWork` over process slots.

    Args:
        loaded: The job; it has files.
        paths: Where they go.

    Attributes:
        mark: What it is.
        slots: Where it runs; None with `transform.offload: never`.
    """

    def __init__(self, loaded: LoadedJob, paths: JobPaths) -> None:
        job = loaded.job
        assert job.files is not None  # else there is nothing to work on
        self._loaded, self._paths, self._name = loaded, paths, job.name
        self._decode = job.files.verify == "decode"
        self._max_pixels = job.files.max_pixels
        self._sync = job.run.durability == "power_loss"
        self._steps = [
            (f"transform.steps.{number}", one)
            for number, one in enumerate(job.transform.steps)
            if job.lists_files or one.name in PICTURE_STEPS
        ]
        self._functions = {
            place: _function(loaded, place, one.python) for place, one in self._steps if one.python
        }
        self.slots: Slots | None = None
        if job.transform.offload != "never":
            self.slots = slots_of(job)
        self.mark = self._marked()

    def _marked(self) -> str:
        what = [one.model_dump(mode="json", exclude_unset=True) for _, one in self._steps]
        return hashlib.sha256(msgspec.json.encode([self._decode, what])).hexdigest()[:16]

    async def start(self) -> None:
        """Start the slots, and see that all is there that they need.

        Raises:
            ConfigError: A function cannot be imported, or Pillow is not installed.
        """
        self._check_pillow()
        if self.slots is not None:
            await self.slots.start()
        for place, function in self._functions.items():
            await self._check(place, function)

    def _check_pillow(self) -> None:
        if find_spec("PIL") is not None:
            return
        needy = ["files.verify"] if self._decode else []
        needy += [f"{place}.{one.name}" for place, one in self._steps if one.name in PICTURE_STEPS]
        if needy:
            raise ConfigError(problem_at(self._loaded, needy[0], _NO_PILLOW, _CURE))

    async def _check(self, place: str, function: str) -> None:
        if self.slots is None:
            wrong = importable(function)
        else:
            answer = await self.slots.call(IMPORTABLE, function)
            wrong = answer.message if isinstance(answer, Refused) else answer.value
        if wrong:
            raise ConfigError(problem_at(self._loaded, f"{place}.python", wrong))

    async def apply(self, task: FileTask) -> FileWorked:
        """See `FileWork.apply`."""
        payload = self._task(task)
        if self.slots is None:
            return self._worked(await asyncio.to_thread(work_on, payload))
        answer = await self.slots.call(FILE_CHAIN, payload)
        if not isinstance(answer, Refused):
            return self._worked(answer.value)
        # It took its process along, or never ended.
        why = f"{answer.kind}: {answer.message}"
        if self._functions:  # nobody knows who it was
            return FileWorked(why=why)
        return FileWorked(fault="broken", why=f"{task.file.media_type}: {why}")

    def _worked(self, result: FileChainResult) -> FileWorked:
        if result["unwritable"]:
            raise (NoRoomError if result["full"] else OutputError)(result["unwritable"])
        why = result["why"]
        if result["place"]:
            step = next(one for place, one in self._steps if place == result["place"])
            why = f"{step.python or step.name}: {why}"
        return FileWorked(result["fields"], result["fault"], why)

    def _task(self, task: FileTask) -> FileChainTask:
        file = task.file
        line: dict[str, Any] = {
            "url": task.url, "sha256": file.sha256, "bytes": file.size, "path": file.path,
            "type": file.media_type, "width": file.width, "height": file.height,
        }  # fmt: skip
        return FileChainTask(
            path=task.path, line=line, media_type=file.media_type, max_pixels=self._max_pixels,
            decode=self._decode, sync=self._sync,
            steps=[self._step(place, one, task) for place, one in self._steps],
        )  # fmt: skip

    def _step(self, place: str, step: TransformStepSettings, task: FileTask) -> FileStep:
        making, shown = None, ""
        if step.resize is not None or step.thumbnail is not None:
            shown = place_in(step.place, self._name, task.file.sha256, task.url)
            way, size = _way(step)
            making = Making(way, size, str(self._paths.base / shown), step.quality)
        return FileStep(
            place=place, field=step.field, making=making, shown=shown,
            function=self._functions.get(place, ""),
        )  # fmt: skip

    async def close(self) -> None:
        """End the slots."""
        if self.slots is not None:
            await self.slots.close(grace=0.0)


def _way(step: TransformStepSettings) -> tuple[Way, tuple[int, int]]:
    if step.resize is not None:
        return step.resize.way, step.resize.size
    assert step.thumbnail is not None  # it is one of the two
    return "cover", step.thumbnail


def _function(loaded: LoadedJob, place: str, written: str) -> str:
    target, _, name = written.rpartition(":")
    if target.endswith(".py"):
        target = str(loaded.beside(f"{place}.python", target).absolute())
    return f"{target}:{name}"
