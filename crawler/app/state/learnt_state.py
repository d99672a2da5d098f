"""What a job has learnt: carried elsewhere, brought in, or forgotten. No run may go on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from crawler.app.job.job_paths import JobPaths, rfc3339
from crawler.app.job.known_jobs import config_of, unknown_job
from crawler.app.job.policies import canonical_of
from crawler.app.run.control import holder_now
from crawler.app.run.recovery import wipe_history
from crawler.config.load import load_job
from crawler.errors import ConfigError, OutputError
from crawler.files import sync_folder
from crawler.frontier.fingerprint import Fingerprints
from crawler.interfaces import Clock
from crawler.media.file_moves import TakenFiles, file_rows, forget_files
from crawler.sinks.packing import reading, writing
from crawler.storage.job_lock import JobLock
from crawler.storage.learnt import FORM, Head, Learnt, take_in
from crawler.storage.rows import signed
from crawler.storage.schema import VERSION
from crawler.urls import CanonicalRules, UrlError, parse


class LearntState:
    """The state of one job.

    Args:
        paths: The job's files.
        clock: The time.
        program: The command line's own beginning, for what is to be typed next.
    """

    def __init__(self, paths: JobPaths, clock: Clock, program: str) -> None:
        self._paths = paths
        self._clock = clock
        self._program = program

    def export(self, to: Path | Callable[[Iterator[bytes]], None]) -> None:
        """Write it to a file, packed if its name ends in .gz, or hand out its lines.

        Raises:
            BusyError: A run of the job goes on.
            ConfigError: There is no state, or its run did not come to its end.
            StateError: It cannot be read.
            OutputError: The file cannot be written; nothing is left.
        """
        with self._held(), self._learnt() as learnt:
            head = Head(
                crawler_state=FORM, version=VERSION, job=self._paths.name,
                exported=rfc3339(self._clock.wall()),
            )  # fmt: skip
            lines = learnt.lines(head, file_rows(self._paths.files), TakenFiles.table)
            if isinstance(to, Path):
                _write_whole(to, lines)
            else:
                to(lines)

    def take_in(self, source: Path | BinaryIO) -> int:
        """Make the state of a job that has none; return how many rows it has.

        Raises:
            BusyError: A run of the job goes on.
            ConfigError: It has one.
            StateError: What comes is no state, newer than this program, or cut.
            OutputError: It cannot be read.
        """
        name, paths = self._paths.name, self._paths
        with self._held():
            if paths.database.exists():
                raise ConfigError(
                    f"job '{name}' has a state already; import under another name, or give it up"
                    f" first: {self._program} state forget {name} --all"
                )
            with TakenFiles(paths.files) as files:
                if not isinstance(source, Path):
                    return take_in(source, "standard input", paths.database, files)
                try:
                    with reading(source, packed=source.name.endswith(".gz")) as lines:
                        count = take_in(lines, str(source), paths.database, files)
                    sync_folder(paths.state)
                except OSError as error:
                    raise OutputError(f"cannot read {source}: {error.strerror}") from error
                return count

    def forget(self, urls: Sequence[str], environ: Mapping[str, str]) -> int:
        """Forget pages, files and what they gave; return how many of them were known.

        Files that were fetched stay where they are.

        Raises:
            BusyError: A run of the job goes on.
            ConfigError: An address is none, there is no state, or its run did not end.
            StateError: It cannot be written.
        """
        try:
            plain = [parse(url) for url in urls]
        except UrlError as error:
            raise ConfigError(f"{error}") from error
        with self._held(), self._learnt() as learnt:
            prints = Fingerprints(learnt.seed, self._rules(environ))
            # Files first: of what is known of a page, its file is known, whatever ends us here.
            files = forget_files(self._paths.files, plain)
            pages = learnt.forget({url: signed(prints.of_url(url)) for url in plain})
            return len(files | pages)

    def forget_all(self) -> None:
        """Forget everything, as a run with `--forget` does before it begins.

        Raises:
            BusyError: A run of the job goes on.
            ConfigError: Its run did not end.
            StateError: It cannot be deleted.
        """
        with self._held():
            with self._learnt():
                pass
            wipe_history(self._paths)

    @contextlib.contextmanager
    def _held(self) -> Iterator[None]:
        made = not self._paths.state.exists()
        lock = JobLock(self._paths.lock).acquire(holder_now(self._clock))
        try:
            yield
        finally:
            lock.release()
            if made:  # a job that never was leaves nothing behind
                with contextlib.suppress(OSError):
                    if not self._paths.database.exists():
                        self._paths.lock.unlink()
                        self._paths.state.rmdir()

    def _learnt(self) -> Learnt:
        if not self._paths.database.exists():
            raise ConfigError(f"job '{self._paths.name}' has no state")
        learnt = Learnt(self._paths.database)
        run = learnt.going
        if run is not None:
            learnt.__exit__()
            raise ConfigError(
                f"run {run} of job '{self._paths.name}' was interrupted; let it come to its end"
                " first, or begin anew with --fresh"
            )
        return learnt

    def _rules(self, environ: Mapping[str, str]) -> CanonicalRules:
        """Return what makes two URLs one, by the config of the last run if it is still there."""
        try:
            config = config_of(self._paths.base, self._paths.name)
            return canonical_of(load_job(config, overrides=[], environ=environ).job)
        except ConfigError:
            return CanonicalRules()


def new_job_paths(base: Path, name: str) -> JobPaths:
    """Return the files of a job that need not be there yet.

    Raises:
        ConfigError: No job can have that name.
    """
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise unknown_job(base, name)
    return JobPaths(base, name)


def _write_whole(to: Path, lines: Iterable[bytes]) -> None:
    aside = to.with_name(f".{to.name}.tmp")
    try:
        with aside.open("wb") as out:
            with writing(out, packed=to.name.endswith(".gz")) as file:
                for line in lines:
                    file.write(line + b"\n")
            out.flush()
            os.fsync(out.fileno())
        aside.replace(to)
        sync_folder(to.parent)
    except OSError as error:
        raise OutputError(f"cannot write {to}: {error.strerror}") from error
    finally:
        aside.unlink(missing_ok=True)
