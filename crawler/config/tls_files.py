"""Puts the files that `fetch.tls` names where a run finds them, whatever its directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crawler.config.named_files import named_file
from crawler.config.nodes import MapNode, ScalarNode, find

if TYPE_CHECKING:
    from crawler.config.models.job import Job


def with_tls_files(job: Job, root: MapNode, job_file: Path) -> Job:
    """Return a job whose certificates and keys have absolute paths.

    Args:
        job: The job.
        root: Its tree, which says in which file each name stands.
        job_file: The job file.
    """
    tls = job.fetch.tls
    if tls.ca_file is None and not tls.client_certs:
        return job

    def placed(*path: str) -> str:
        _, node = find(root, ("fetch", "tls", *path))
        assert isinstance(node, ScalarNode)  # or there would be no job
        return str(named_file(str(node.value), node.place, job_file).absolute())

    _, own = find(root, ("fetch", "tls", "client_certs"))
    written = list(own.entries) if isinstance(own, MapNode) and tls.client_certs else []
    certs = {
        origin: pair.model_copy(
            update={
                "cert": placed("client_certs", name, "cert"),
                "key": placed("client_certs", name, "key"),
            }
        )
        for name, (origin, pair) in zip(written, tls.client_certs.items(), strict=True)
    }
    ca_file = None if tls.ca_file is None else placed("ca_file")
    tls = tls.model_copy(update={"ca_file": ca_file, "client_certs": certs})
    return job.model_copy(update={"fetch": job.fetch.model_copy(update={"tls": tls})})
