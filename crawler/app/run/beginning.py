"""How a run begins: what the last process left is made whole, then a run is begun or goes on."""

from __future__ import annotations

from typing import BinaryIO

import msgspec

from crawler.app.job.incremental import DueDates, due_dates_of, keeps_links, stale_words
from crawler.app.job.job_paths import JobPaths, new_run_id
from crawler.app.job.settings_change import changes, settings_of
from crawler.app.job.start_lists import keep_stdin, leaves_stdin
from crawler.app.run.known_traps import known_traps
from crawler.app.run.options import RunOptions
from crawler.app.run.recovery import (
    recover_outputs,
    settle_ended,
    settle_outputs,
    wipe_history,
)
from crawler.app.run.retrying import begin_retry, no_run_to_retry, plan_retry
from crawler.app.run.run_outputs import files_of, refuse_taken
from crawler.app.run.run_pause import refuse_lost_pause
from crawler.app.run.wiring import OpenStore
from crawler.config.load import LoadedJob
from crawler.errors import ConfigError, StateError
from crawler.interfaces import Clock, Opened, Recovered, RunStart
from crawler.observe.console import QUIET, Console


class Beginning:
    """The steps that come before a crawl.

    Args:
        loaded: The job.
        options: The command line's.
        paths: The job's files.
        console: Is told of what the user should know.
        clock: The time.
        stdin: Standard input, None where nothing reads it.

    Attributes:
        stock: The store; another one once a history was wiped.
        notes: What is to be told of the run that began.
    """

    def __init__(
        self,
        loaded: LoadedJob,
        options: RunOptions,
        *,
        paths: JobPaths,
        console: Console,
        clock: Clock,
        stdin: BinaryIO | None,
    ) -> None:
        self._loaded = loaded
        self._options = options
        self._paths = paths
        self._console = console
        self._clock = clock
        self._stdin = stdin
        self._dues: DueDates | None = None
        self.notes: list[str] = []
        self.stock = OpenStore(loaded, paths)

    @property
    def _anew(self) -> bool:
        """A new run is wanted, whatever was interrupted."""
        return self._options.mode in ("fresh", "refresh")

    async def recover(self) -> Recovered:
        """Make the outputs of a run that did not end whole, then wipe if asked to.

        Raises:
            StateError: The state cannot be used.
            OutputError: A file is not what was committed; it is left alone.
        """
        forget = self._options.forget
        try:
            recovered = await self.stock.store.open()
        except StateError as error:
            if not forget:
                raise
            self._console.error(f"{error}; wiped, as asked: outputs were left as they are")
        else:
            fresh = forget or self._anew
            recover_outputs(recovered.marks, self._loaded.job.name, needed=not fresh)
            if recovered.last is not None:
                settle_ended(recovered.last.marks, self._loaded.job.name)
            if not forget:
                return recovered
        await self.stock.store.abandon()
        wipe_history(self._paths)
        self.stock = OpenStore(self._loaded, self._paths)
        return await self.stock.store.open()

    async def begin(self, recovered: Recovered) -> Opened:
        """Begin a run, or go on with one.

        Raises:
            ConfigError: It cannot be begun like this; nothing is on record.
            NothingToRetry: A retry that has nothing to do.
        """
        mode = self._options.mode
        if mode == "resume" and recovered.run_id is None:
            raise nothing_to_resume(self._loaded)
        start = await self._start(recovered)
        resumes = not self._anew and recovered.run_id is not None
        if resumes and leaves_stdin(self._loaded, self._stdin):
            self._console.say(
                "standard input is not read: the interrupted run goes on with the list that it"
                " began with; --fresh begins with this one",
                QUIET,
            )
        kept = resumes or mode == "retry"
        await keep_stdin(self._loaded, self._paths, self._stdin, resumes=kept)
        opened = await self.stock.store.begin(start)
        if self._dues is not None and self._dues.stale:
            self.notes.append(stale_words(self._dues, recovered.last, start.settings))
        if not opened.resumed:
            settle_outputs(recovered.marks, self._loaded.job.name)
        return opened

    async def _start(self, recovered: Recovered) -> RunStart:
        mode, now = self._options.mode, self._clock.wall()
        output = self._options.output
        self._dues = due_dates_of(self._loaded, now, reread=self._options.reread)
        settings = settings_of(self._loaded.values, self._loaded.secrets, output)
        start = RunStart(
            mode=mode, run_id=new_run_id(now), settings=settings, now=now,
            max_depth=self._loaded.job.scope.max_depth, config=str(self._loaded.path.absolute()),
            classes=self._options.classes, overdue=self._dues,
            keeps_links=keeps_links(self._loaded.job),
        )  # fmt: skip
        if mode == "retry":
            return await self._retry(recovered, start)
        if not self._anew and recovered.settings is not None:
            self._check_changes(recovered, settings)
        if self._anew or recovered.run_id is None:
            refuse_taken(self._loaded, self._options, self._paths, start.run_id, now)
        tally = None if recovered.last is None else known_traps(recovered.last.tally)
        return msgspec.structs.replace(start, tally=tally)

    async def _retry(self, recovered: Recovered, start: RunStart) -> RunStart:
        """Complete the start of a retry with what it builds on."""
        last, chosen = await plan_retry(
            self._loaded, self.stock.store, recovered, start.classes, self._options.go_on
        )
        loaded, options, paths = self._loaded, self._options, self._paths
        refuse_taken(loaded, options, paths, start.run_id, start.now)
        files = files_of(loaded, options, paths, start.run_id, start.now)
        retry = begin_retry(last, chosen, files, start)
        if retry.changed:
            self._console.say(
                f"changed since run {last.run_id}: {', '.join(retry.changed)}; what pages gave then"
                " stays as it is"
            )
        return retry.start

    def _check_changes(self, recovered: Recovered, settings: bytes) -> None:
        grave, light = changes(recovered.settings or b"{}", settings)
        if grave:
            raise ConfigError(
                f"run {recovered.run_id} was interrupted, and {', '.join(grave)} changed since, so"
                " what is queued no longer means the same; undo the change to go on, or begin"
                " anew with --fresh"
            )
        if light:
            self._console.say(f"changed since the interruption: {', '.join(light)}")


def refuse_vain_start(loaded: LoadedJob, options: RunOptions, paths: JobPaths) -> None:
    """Refuse what can be known at once to come to nothing.

    Raises:
        ConfigError: There is no run to go on with, or to retry, or could be none after a pause.
    """
    if options.mode == "resume" and not paths.database.exists():
        raise nothing_to_resume(loaded)
    if options.mode == "retry" and not paths.database.exists():
        raise no_run_to_retry(loaded)
    if options.mode == "refresh" and loaded.job.incremental is None:
        raise ConfigError(
            f"--refresh: job {loaded.job.name} is not incremental, so that nothing is known of its"
            " pages; add incremental: {} to it, or use --fresh"
        )
    refuse_lost_pause(loaded.job)


def nothing_to_resume(loaded: LoadedJob) -> ConfigError:
    """Return the error of a job that has no interrupted run."""
    why = "; with run.durability: off nothing is kept" if forgets(loaded) else ""
    return ConfigError(f"job {loaded.job.name} has no interrupted run to resume{why}")


def forgets(loaded: LoadedJob) -> bool:
    """Tell whether the job keeps no state."""
    return loaded.job.run.durability == "off"
