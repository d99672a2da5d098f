"""The lists that a job begins with: where they are, and that they can be read.

What reads them is imported by jobs that have one: it would cost the others some milliseconds.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from crawler.app.job.job_paths import JobPaths
from crawler.config.load import LoadedJob
from crawler.errors import ConfigError
from crawler.spider.source_reader import SourceReader
from crawler.spider.start_entry import StartEntries

if TYPE_CHECKING:
    from crawler.sources.url_file import UrlFile

_STDIN = "-"


def reads_stdin(loaded: LoadedJob) -> bool:
    """Tell whether the list of a job comes in on standard input."""
    return loaded.job.start.from_file == _STDIN


def leaves_stdin(loaded: LoadedJob, stdin: BinaryIO | None) -> bool:
    """Tell whether a resumed run passes over a list: it goes on with the one that it began with."""
    if not reads_stdin(loaded) or stdin is None or stdin.closed:
        return False
    mode = os.fstat(stdin.fileno()).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)


def check_file(loaded: LoadedJob) -> None:
    """Refuse a list that cannot be read, before anything is made on disk.

    Raises:
        ConfigError: It cannot, or has no such columns.
    """
    _check(_file_of(loaded, None))


async def keep_stdin(
    loaded: LoadedJob, paths: JobPaths, stdin: BinaryIO | None, *, resumes: bool
) -> None:
    """Spool the list that comes in on standard input; a run that is resumed has it already.

    Raises:
        ConfigError: There is none, or it cannot be read as a list.
    """
    if not reads_stdin(loaded):
        return
    from crawler.sources.stdin_spool import spool_stdin

    if not resumes:
        await spool_stdin(stdin, paths.stdin)
    elif not paths.stdin.exists():
        raise ConfigError(
            f"{paths.stdin} is gone, the list with which the interrupted run began; begin anew "
            "with --fresh"
        )
    _check(_file_of(loaded, paths))


def entries(
    loaded: LoadedJob, paths: JobPaths, sitemaps: tuple[str, ...], practice_url: str | None
) -> StartEntries | None:
    """Return what gives the entries of a job's lists; None when it has none.

    Args:
        loaded: The job.
        paths: Its files.
        sitemaps: URLs of `start.sitemap`, serialised.
        practice_url: What `{demo}` in the URLs of a file stands for.
    """
    file = _file_of(loaded, paths)
    if file is None and not sitemaps:
        return None
    from crawler.sources.start_lists import entries_of

    return entries_of(file=file, sitemaps=sitemaps, practice_url=practice_url)


def source_reader(loaded: LoadedJob, started: float, files: int = 0) -> SourceReader:
    """Return what reads fetched lists.

    Args:
        loaded: The job.
        started: Wall-clock second at which its run began, resumed or not: what is new is
            reckoned from it.
        files: Lists that lists led to in earlier processes of the run.
    """
    start, remembers = loaded.job.start, loaded.job.incremental is not None
    newer = None if start.newer_than is None else started - start.newer_than
    return SourceReader(
        newer_than=newer, max_files=start.max_sitemap_files, files=files,
        dated=remembers and start.lastmod != "ignore", news=remembers,
    )  # fmt: skip


def _check(file: UrlFile | None) -> None:
    if file is not None:
        from crawler.sources.url_file import check

        check(file)


def _file_of(loaded: LoadedJob, paths: JobPaths | None) -> UrlFile | None:
    """Return the list of a job; that of standard input only where its paths are known."""
    start = loaded.job.start
    if start.from_file is None:
        return None
    from crawler.sources.url_file import UrlFile
    from crawler.sources.url_lines import Columns

    columns = Columns(start.url_column, start.keep_columns)
    if reads_stdin(loaded):
        if paths is None:
            return None
        return UrlFile(path=paths.stdin, name="stdin", columns=columns, spooled=True)
    return UrlFile(
        path=loaded.start_file or Path(start.from_file), name=start.from_file, columns=columns
    )
