"""Deletes the reports of runs of long ago: `schedule.keep`."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from crawler.config.models.schedule import KeepSettings

#: A folder of a run; whatever else lies there is not ours.
_RUN = re.compile(r"\d{8}-\d{6}-[0-9a-z]+")


def delete_old_reports(
    folder: Path, keep: KeepSettings, tell: Callable[[str], None], last: str | None = None
) -> None:
    """Delete the folders of the oldest runs until as many, and as much, is left as is wanted.

    The last run is always kept, and so is one that goes on, which is the last. Outputs are
    elsewhere, and nobody's to delete.

    Args:
        folder: `reports/NAME`.
        keep: How much.
        tell: Is told what could not be deleted.
        last: Id of the last run, which a clock that was set back makes look old; None for the
            one whose name is the newest.
    """
    if keep.runs is None and keep.size is None:
        return
    for old in list(_beyond(_runs(folder, last), keep)):
        try:
            shutil.rmtree(old)
        except OSError as error:
            tell(f"the old report {old} cannot be deleted: {error.strerror or error}")


def _runs(folder: Path, last: str | None) -> list[Path]:
    """Return the folders of runs, the last one first, then the newest: names sort by time."""
    if not folder.is_dir():
        return []
    runs = [
        path
        for path in folder.iterdir()
        if _RUN.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
    ]
    return sorted(runs, key=lambda path: (path.name == last, path.name), reverse=True)


def _beyond(runs: list[Path], keep: KeepSettings) -> Iterator[Path]:
    taken = 0
    for number, path in enumerate(runs):
        if keep.size is not None:
            taken += _size(path)
        many = keep.runs is not None and number >= keep.runs
        if number and (many or (keep.size is not None and taken > keep.size)):
            yield path


def _size(folder: Path) -> int:
    """Return the bytes of what is in a folder; what goes away meanwhile counts for nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size
        except OSError:
            continue
    return total
