"""The transforms of a job: in process slots, or on the loop where that is cheaper or asked for."""

from __future__ import annotations

import os
from typing import Any

from crawler.app.job.step_functions import problem_at
from crawler.config.load import LoadedJob
from crawler.config.models.job import Job
from crawler.config.models.transform import PICTURE_STEPS, TransformStepSettings
from crawler.errors import ConfigError, Problem
from crawler.interfaces import Transformed
from crawler.offload.chain import CHAIN, Result, Step, Task, transform
from crawler.offload.named_function import NotImportable, find_function
from crawler.offload.offloaded import Refused
from crawler.offload.slots import SlotLimits, Slots
from crawler.offload.steps import SIMHASH, TEXT

#: Seconds that an item may take for `offload: auto` to bring built-in steps to the loop.
_CHEAP = 0.002


def steps_of(loaded: LoadedJob) -> list[Step]:
    """Return the steps of a job as plain data, files named by where they lie."""
    return [_step(loaded, place, one) for place, one in item_steps(loaded.job)]


def item_steps(job: Job) -> list[tuple[str, TransformStepSettings]]:
    """Return the steps over items, each with its place; others are over files."""
    if job.lists_files:
        return []
    placed = [(f"transform.steps.{n}", one) for n, one in enumerate(job.transform.steps)]
    return [(place, one) for place, one in placed if one.name not in PICTURE_STEPS]


def _step(loaded: LoadedJob, place: str, settings: TransformStepSettings) -> Step:
    if settings.python is not None:
        target, _, name = settings.python.rpartition(":")
        if target.endswith(".py"):
            target = str(loaded.beside(f"{place}.python", target).absolute())
        return Step(place=place, function=f"{target}:{name}", of="", to="")
    if settings.text is not None:
        text = settings.text
        return Step(place=place, function=TEXT, of=text.of, to=text.to or text.of)
    assert settings.simhash is not None  # the model sees to it that there is one
    field = settings.simhash
    return Step(place=place, function=SIMHASH, of=field.of, to=field.to or "simhash")


def slots_of(job: Job) -> Slots:
    """Return the process slots of a job, not started; `auto` is one for each core we may use."""
    workers = job.transform.workers
    count = _cores() if workers == "auto" else workers
    limits = SlotLimits(timeout=job.transform.timeout, memory=_share_of_memory(count))
    return Slots(count, limits)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS has no affinity


def _share_of_memory(slots: int) -> int:
    """Return the bytes that one slot may grow by: all of them together leave room for the rest.

    A step that eats memory then fails alone, instead of having the system end whom it likes.
    """
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(256 << 20, whole // (slots + 1))


class Transforming:
    """A `Transform` over process slots.

    Args:
        loaded: The job.
        steps: What is done to each item, at least one thing.
        slots: Some that are there already, whoever closes them; None to make some.
    """

    def __init__(self, loaded: LoadedJob, steps: list[Step], slots: Slots | None = None) -> None:
        self._loaded = loaded
        self._steps = steps
        settings = loaded.job.transform
        # What the user calls each step, by its place.
        self._names = {
            step["place"]: one.python or one.name
            for step, (_, one) in zip(steps, item_steps(loaded.job), strict=True)
        }
        own = any(one.python is not None for _, one in item_steps(loaded.job))
        # A function of the user's is never brought to the loop unasked: it would lose its walls.
        self._may_come_inline = settings.offload == "auto" and not own
        #: Where they run; None with `offload: never`.
        self.slots = slots
        self._shared = slots is not None
        if settings.offload != "never" and slots is None:
            self.slots = slots_of(loaded.job)

    async def start(self) -> None:
        """See `Transform.start`.

        Raises:
            ConfigError: A function cannot be imported.
        """
        if self.slots is not None and not self._shared:
            await self.slots.start()
        for step in self._steps:
            await self._check(step)

    async def _check(self, step: Step) -> None:
        if self.slots is None:
            try:
                find_function(step["function"])
            except NotImportable as error:
                raise ConfigError(self._problem(step, str(error))) from error
            return
        refused = await self.slots.check(step["function"])
        if refused is not None:
            raise ConfigError(self._problem(step, refused.message))

    def _problem(self, step: Step, why: str) -> Problem:
        return problem_at(self._loaded, f"{step['place']}.python", why)

    async def apply(self, name: str, record: dict[str, Any]) -> Transformed:
        """See `Transform.apply`."""
        task = Task(steps=self._steps, record=record)
        if self.slots is None or self._is_cheap(self.slots):
            return self._transformed(transform(task))
        answer = await self.slots.call(CHAIN, task)
        if not isinstance(answer, Refused):
            return self._transformed(answer.value)
        # Of several steps nobody knows which one it was.
        place = self._steps[0]["place"] if len(self._steps) == 1 else ""
        return self._failed(answer.kind, place, answer.message)

    def _transformed(self, result: Result) -> Transformed:
        if result["place"]:
            return self._failed("raised", result["place"], result["reason"])
        return Transformed(records=result["records"])

    def _failed(self, kind: str, place: str, reason: str) -> Transformed:
        name = self._names.get(place)
        said = reason if name is None else f"{name}: {reason}"
        return Transformed(kind=kind, reason=said, place=place)

    def _is_cheap(self, slots: Slots) -> bool:
        if not self._may_come_inline:
            return False
        mean = slots.mean(CHAIN)
        return mean is not None and mean < _CHEAP

    async def close(self) -> None:
        """See `Transform.close`."""
        if self.slots is not None and not self._shared:
            await self.slots.close(grace=0.0)
