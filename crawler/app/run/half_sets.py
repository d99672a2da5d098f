"""Outputs that were added to a run which has written items already."""

from __future__ import annotations

from collections.abc import Collection

from crawler.app.run.options import RunOptions
from crawler.config.models.job import Job
from crawler.engine.tally import decode_tally
from crawler.errors import ConfigError
from crawler.interfaces import Opened


def refuse_half_sets(job: Job, options: RunOptions, held: Collection[str], opened: Opened) -> None:
    """Refuse a file that would replace a complete one with what is left of a run.

    Args:
        job: The job.
        options: The command line's.
        held: Names of the outputs that the run has written to.
        opened: The run.

    Raises:
        ConfigError: There is such an output.
    """
    items = decode_tally(opened.tally).items_out
    added = [one.path for one in job.output if one.mode == "replace"]
    added = [path for path in added if path not in held and options.output is None]
    if opened.resumed and items and added:
        raise ConfigError(
            f"output {added[0]} (mode: replace) was added to a run that has written {items:,}"
            " items elsewhere, so it would lack them; undo that to go on, or begin anew with"
            " --fresh"
        )
