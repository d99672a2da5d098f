"""Files that a job names: relative to the file in which the name stands."""

from __future__ import annotations

from pathlib import Path

from crawler.config.nodes import Place
from crawler.config.suggest import did_you_mean


def named_file(name: str, place: Place, job_file: Path) -> Path:
    """Return the file that a value names; what `--set` names is relative to the job file."""
    stands_in = Path(place.source) if place.line else job_file
    return stands_in.parent / name


def similar_file(file: Path) -> str:
    """Return a hint that names the file beside a missing one that was probably meant."""
    names = [p.name for p in file.parent.glob(f"*{file.suffix}")] if file.parent.is_dir() else []
    return did_you_mean(file.name, names)
