"""`output.*.keep`: how many files of an output stay."""

from __future__ import annotations

import re
from collections.abc import Callable

from crawler.app.job.job_paths import JobPaths
from crawler.app.run.options import RunOptions
from crawler.app.run.run_outputs import files_of
from crawler.config.load import LoadedJob
from crawler.interfaces import Opened
from crawler.sinks.made_files import MadeFiles, Wanted

_FILLED_IN = {"{run_id}": r"\d{8}-\d{6}-[0-9a-z]+", "{date}": r"\d{4}-\d\d-\d\d"}


class KeptOutputs:
    """Notes what a run makes, and deletes what its good end makes superfluous.

    Args:
        loaded: The job.
        options: The command line's; `-o` takes the place of the config's outputs.
        paths: The job's files.
        opened: The run.
        tell: Is told what is not deleted.
    """

    def __init__(
        self, loaded: LoadedJob, options: RunOptions, paths: JobPaths, opened: Opened,
        tell: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._made = MadeFiles(paths.made_files, paths.base, tell)
        self._wanted: list[Wanted] = []
        if options.output is None:
            files = files_of(loaded, options, paths, opened.run_id, opened.started)
            self._wanted = [
                Wanted(file, _names(paths, one.path), one.keep)
                for file, one in zip(files, loaded.job.output, strict=True)
                if one.keep is not None
            ]

    def begin(self) -> None:
        """Note what the run is about to make.

        Raises:
            OutputError: It cannot be noted.
        """
        if self._wanted:
            self._made.begin(self._wanted)

    def end(self, *, good: bool) -> None:
        """Note what the run has made; `good` makes room.

        Raises:
            OutputError: It cannot be noted.
        """
        if self._wanted:
            self._made.end(self._wanted, good=good)


def _names(paths: JobPaths, template: str) -> re.Pattern[str]:
    """Return what the files of an output may be called."""
    whole = re.escape(str(paths.base / template.replace("{name}", paths.name)))
    for name, filled in _FILLED_IN.items():
        whole = whole.replace(re.escape(name), filled)
    return re.compile(whole)
