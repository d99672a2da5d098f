"""The bodies that an incremental job keeps: `incremental.bodies`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from crawler.app.job.job_paths import JobPaths
from crawler.config.models.job import Job
from crawler.errors import StateError
from crawler.files import FileWriter
from crawler.storage.body_store import DiskBodies
from crawler.storage.kept_look import KeptLook


def bodies_of(job: Job, folder: Path, files: FileWriter) -> DiskBodies | None:
    """Return where bodies are kept; None in a job that keeps none."""
    settings = None if job.incremental is None else job.incremental.bodies
    if settings is None:
        return None
    return DiskBodies(
        folder, files, max_size=settings.max_size, max_body=settings.max_body
    )  # fmt: skip


def prune_bodies(job: Job, paths: JobPaths, tell: Callable[[str], None]) -> None:
    """Drop bodies that no page has any more, and the oldest of too many; no run may go on."""
    files = FileWriter()
    try:
        bodies = bodies_of(job, paths.bodies, files)
        if bodies is None or not paths.database.exists():
            return
        with KeptLook(paths.database) as look:
            bodies.prune(look.digests())
    except (OSError, StateError) as error:
        tell(f"the bodies in {paths.bodies} cannot be looked through: {error}")
    finally:
        files.close()
