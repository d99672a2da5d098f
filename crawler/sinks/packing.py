"""Plain and gzip files behind one face: what is read, what is written, what is broken."""

from __future__ import annotations

import contextlib
import gzip
import io
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO, cast

from crawler.errors import OutputError

_LEVEL = 2  # of isal's 0 to 3: as small as gzip -6 on JSON lines, for a fifth of its time
_CHUNK = 1 << 20


@contextlib.contextmanager
def reading(path: Path, *, packed: bool) -> Iterator[IO[bytes]]:
    """Open an output that is there already, for reading what is in it.

    Raises:
        OutputError: What is read turns out to be no whole gzip file.
        OSError: It cannot be read.
    """
    from isal import igzip, isal_zlib

    broken = (gzip.BadGzipFile, EOFError, zlib.error, cast("type[Exception]", isal_zlib.error))
    try:
        with path.open("rb") as raw:
            if not packed:
                yield raw
                return
            # mypy: isal has no types for its files
            with igzip.IGzipFile(fileobj=raw, mode="rb") as file:  # type: ignore[no-untyped-call]
                yield cast("IO[bytes]", file)
    except broken as error:
        raise OutputError(f"{path} is no whole gzip file ({error}); move it away") from error


@contextlib.contextmanager
def writing(out: BinaryIO, *, packed: bool) -> Iterator[IO[bytes]]:
    """Write to an open file, as one more gzip member if `packed`.

    The member tells neither time nor name (RFC 1952), so that the same items give the same bytes.
    """
    if not packed:
        yield out
        return
    from isal import igzip

    member = igzip.IGzipFile("", "wb", _LEVEL, out, 0)  # type: ignore[no-untyped-call]
    # isal decides by the first bytes it gets how to go about the rest: let it see many.
    with io.BufferedWriter(member, _CHUNK) as file:
        yield file


def copy_whole(path: Path, out: BinaryIO, *, packed: bool) -> bool:
    """Copy an output as it is; tell whether what is in it ends with a line break.

    Raises:
        OutputError: It is no whole gzip file; what is put behind such a file could not be read.
        OSError: It cannot be read, or the copy not be written.
    """
    last = b"\n"
    with reading(path, packed=packed) as file:
        while chunk := file.read(_CHUNK):
            last = chunk[-1:]
    with reading(path, packed=False) as file:
        shutil.copyfileobj(file, out, _CHUNK)
    return last == b"\n"
