"""What must fit together where the answers of a job are files."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.config.nodes import MapNode, ScalarNode
from crawler.errors import Problem


def check_files(root: MapNode) -> Iterator[Problem]:
    """Yield what is wrong between `files` and the other keys of a job."""
    if root.get("files") is None:
        return
    for name in ("extract", "spider", "follow", "schemas"):
        entry = root.entries.get(name)
        if entry is not None:
            message = f"{name}: files of crawled pages are not supported yet, only those of a list"
            yield entry.key.problem(message, "take the URLs in one job, and the files in another")
    transform = root.get("transform")
    steps = transform.entries.get("steps") if isinstance(transform, MapNode) else None
    if steps is not None:
        yield steps.key.problem("transform.steps: steps over files are not supported yet")
    run = root.get("run")
    workers = run.get("workers") if isinstance(run, MapNode) else None
    if isinstance(workers, ScalarNode) and workers.value not in (1, "auto"):
        message = "run.workers: files are fetched by one process"
        yield workers.place.problem(message, "leave it 1; its loop waits for the network alone")
