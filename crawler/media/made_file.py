"""Outputs as files: known again by size and tail, hashed, and put in place whole."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from xxhash import xxh3_64_hexdigest

from crawler.files import sync_folder
from crawler.media.manifest import Made

_TAIL = 4_096
_CHUNK = 1 << 20


def part_of(target: Path) -> Path:
    """Return the name beside an output under which it is made."""
    return target.with_name(f".{target.name}.part")


def sha256_of(path: str, beat: Callable[[], None]) -> str:
    """Return the SHA-256 of a file.

    Raises:
        OSError: It cannot be read.
    """
    digest = hashlib.sha256()
    with Path(path).open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            beat()
    return digest.hexdigest()


def tail_of(path: Path) -> tuple[int, str]:
    """Return the size of a file, and the hash of its last 4 KiB.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        return size, xxh3_64_hexdigest(os.pread(file.fileno(), _TAIL, max(0, size - _TAIL)))


def is_there(folder: Path, made: Made | None) -> bool:
    """Tell whether an output is still what was made."""
    if made is None:
        return False
    try:
        return tail_of(folder / made.path) == (made.bytes, made.tail)
    except OSError:
        return False


def put_in_place(part: Path, target: Path) -> None:
    """Give an output its name; it was synced already.

    Raises:
        OSError: The disk is failing, or something else is in the way.
    """
    part.replace(target)
    sync_folder(target.parent)
