"""The folder of a run's report, `reports/NAME/RUN_ID/`, from its opening to its end."""

from __future__ import annotations

import logging

from crawler.app.grouped import leaves
from crawler.app.job.job_paths import JobPaths
from crawler.config.load import LoadedJob
from crawler.config.masked import effective_yaml
from crawler.errors import ConfigError, OutputError, StateError
from crawler.files import FileWriter, sync_tree
from crawler.interfaces import Opened
from crawler.observe.console import DEBUG, Console
from crawler.observe.kept_bodies import KeptBodies
from crawler.observe.recorder import Recorder
from crawler.observe.run_log import RunLog


class RunReport:
    """The files of one run beside its items.

    Args:
        loaded: The job.
        opened: The run.
        paths: Where things lie.
        console: For `-v`.

    Raises:
        OutputError: The folder or its log cannot be written.
    """

    def __init__(
        self, loaded: LoadedJob, opened: Opened, paths: JobPaths, console: Console
    ) -> None:
        self._console = console
        self.folder = paths.report(opened.run_id)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / "config.yaml").write_text(effective_yaml(loaded), encoding="utf-8")
        except OSError as error:
            raise OutputError(f"cannot write {self.folder}: {error.strerror}") from error
        level = logging.DEBUG if console.level >= DEBUG else logging.INFO
        self.log_path = self.folder / "run.log"
        self.log = RunLog(self.log_path, loaded.job.name, level)
        self._files = FileWriter()
        self.bodies = KeptBodies(self.folder / "bodies", self._files)
        self.recorder = Recorder(console, self.log.note, self.bodies)

    def note_error(self, error: Exception) -> None:
        """Log what ended the process; with its traceback, if that is our fault."""
        errors = list(leaves(error))
        if all(isinstance(one, ConfigError | StateError | OutputError) for one in errors):
            for one in errors:
                self.log.note(f"error: {one}")
        else:
            self.log.traceback(error)

    def to_disk(self) -> None:
        """Force all of the report to the disk, before the end of the run is put on record.

        Raises:
            OutputError: The disk is failing.
        """
        try:
            sync_tree(self.folder)
        except OSError as error:
            raise OutputError(f"cannot write {self.folder}: {error.strerror}") from error

    def close(self) -> None:
        """Close the log and the threads that write bodies."""
        self._files.close()
        self.log.close()
        if self.log.lost:
            self._console.error(f"{self.log_path} lacks {self.log.lost} lines: no room for them")
