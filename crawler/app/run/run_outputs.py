"""The files that a run writes to, and their sinks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from crawler.app.job.job_paths import JobPaths
from crawler.app.run.left_outputs import left_outputs
from crawler.app.run.options import RunOptions
from crawler.app.run.output_columns import columns_of, types_of
from crawler.config.load import LoadedJob
from crawler.config.models.items import OutputSettings
from crawler.config.models.job import Job
from crawler.engine.output import Output
from crawler.errors import ConfigError
from crawler.interfaces import Opened
from crawler.outcome import Standing
from crawler.sinks.file_output import FileOutput, missing_library, unknown_format
from crawler.sinks.late_file import LateFile
from crawler.sinks.sink_for import sink_for
from crawler.sinks.stdout_sink import StdoutSink


def refuse_taken(
    loaded: LoadedJob, options: RunOptions, paths: JobPaths, run_id: str, started: float
) -> None:
    """Refuse a new run whose output of mode "new" is there already, before the run is on record.

    Raises:
        ConfigError: It is, or `-o` names a file of a kind that nothing here can write.
    """
    if options.output == "-":
        return
    if options.output is not None and (wrong := unknown_format(options.output)):
        raise ConfigError(f"output {options.output} {wrong}")
    for one in _wanted(loaded.job, options):
        if lacking := missing_library(one.path):
            raise ConfigError(f"output {one.path} {lacking}")
    new = [one.path for one in loaded.job.output if one.mode == "new"]
    for template in new if options.output is None else [options.output]:
        path = paths.output(template, run_id, started)
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise ConfigError(f"output {path} is no file; -o - prints items on standard output")
        if path.is_file():
            cure = "use mode: append or replace, or a path with {run_id} in it"
            if options.output is not None:
                cure = "delete it or name another"
            elif options.mode == "retry":
                cure = "-o FILE names another for what the retry finds"
            raise ConfigError(f"output {path} exists already; {cure}")


def outputs_of(
    loaded: LoadedJob, options: RunOptions, paths: JobPaths, opened: Opened, stdout: BinaryIO
) -> tuple[Output, ...]:
    """Make the sinks; nothing is opened yet."""
    job = loaded.job
    sync = job.run.durability == "power_loss"
    broken = paths.report(opened.run_id) / "quarantine.jsonl"
    quarantine = Output(LateFile("quarantine", broken, sync=sync), quarantine=True)
    beside = (*_events(job, paths, opened), quarantine)
    if options.output == "-":
        return (Output(StdoutSink(stdout), after_commit=True), *beside)
    wanted = _wanted(job, options)
    files = files_of(loaded, options, paths, opened.run_id, opened.started)
    made = [
        Output(sink_for(file), one.provenance, only=frozenset(map(Standing, one.only)))
        for file, one in zip(files, wanted, strict=True)
    ]
    left = left_outputs(opened.marks, {one.path for one in wanted}, job.name)
    return (*made, *left, *beside)


def _events(job: Job, paths: JobPaths, opened: Opened) -> Iterator[Output]:
    """Yield the output of events, if there is one; it grows from run to run."""
    template = job.incremental.events if job.incremental is not None else None
    if template is not None:
        file = FileOutput(
            name="events", path=paths.output(template, opened.run_id, opened.started),
            mode="append", job=job.name, sync=job.run.durability == "power_loss",
        )  # fmt: skip
        yield Output(sink_for(file), provenance="none", events=True)


def files_of(
    loaded: LoadedJob, options: RunOptions, paths: JobPaths, run_id: str, started: float
) -> list[FileOutput]:
    """Return the files that a run writes its items to; none with `-o -`."""
    job = loaded.job
    return [
        FileOutput(
            name=one.path, path=paths.output(one.path, run_id, started), mode=one.mode,
            job=job.name, sync=job.run.durability == "power_loss",
            formula_cells=one.formula_cells, columns=columns_of(job, one.provenance),
            types=types_of(job),
        )
        for one in _wanted(job, options)
    ]  # fmt: skip


def _wanted(job: Job, options: RunOptions) -> Sequence[OutputSettings]:
    if options.output == "-":
        return ()
    if options.output is None:
        return job.output
    # Any name will do; a config is stricter.
    return (OutputSettings().model_copy(update={"path": options.output}),)
