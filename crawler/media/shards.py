"""Tar shards of downloaded files, as trainers of models read them (the WebDataset convention).

A sample is a few members of a tar that lie side by side and share their name up to the first dot:
the file, and a `.json` with its line of the manifest.
"""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

_GOOD = frozenset(("stored", "duplicate", "kept"))


class Shard(msgspec.Struct, frozen=True):
    """A shard that is there.

    Attributes:
        path: Where.
        samples: How many are in it.
    """

    path: Path
    samples: int


def samples_of(
    lines: Iterable[Mapping[str, Any]], field: str = "path"
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield key, file and line of what a manifest says is there, the same bytes once.

    Args:
        lines: Of the manifest.
        field: Names the file that is taken: `path`, or that of a step, `resized` say.
    """
    seen: set[str] = set()
    for line in lines:
        key, path = line.get("sha256"), line.get(field)
        if line.get("status") not in _GOOD or not key or not path or key in seen:
            continue
        seen.add(key)
        yield str(key), str(path), line


def write_shards(
    samples: Iterable[tuple[str, str, Mapping[str, Any]]],
    place: Callable[[str], Path],
    out: Path,
    *,
    size: int = 1_000,
) -> Iterator[Shard]:
    """Write samples to `out/00000.tar`, `out/00001.tar` and so on; each appears whole.

    Args:
        samples: As from `samples_of`.
        place: Returns where the file of a path is.
        out: A folder, made if missing.
        size: Samples in a shard at most.

    Yields:
        Each shard as soon as it is there. The same samples give the same bytes.

    Raises:
        OSError: A file is gone, or a shard cannot be written; nothing is left of that one.
    """
    out.mkdir(parents=True, exist_ok=True)
    rest = iter(samples)
    for number in range(1_000_000):
        batch = list(islice(rest, size))
        if not batch:
            return
        target = out / f"{number:05}.tar"
        aside = out / f".{target.name}.part"
        try:
            with aside.open("wb") as file:
                with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
                    for key, path, line in batch:
                        _add(tar, key, place(path), line)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(target)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        yield Shard(target, len(batch))


def _add(tar: tarfile.TarFile, key: str, path: Path, line: Mapping[str, Any]) -> None:
    ending = path.suffix or ".bin"
    with path.open("rb") as file:
        member = tarfile.TarInfo(f"{key}{ending}")
        member.size = os.fstat(file.fileno()).st_size
        tar.addfile(member, file)
    data = msgspec.json.encode(line)
    member = tarfile.TarInfo(f"{key}.json")
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
