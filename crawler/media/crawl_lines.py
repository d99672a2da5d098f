"""The lines of a crawl's manifest, whatever form it has: JSONL, CSV (either packed), Parquet."""

from __future__ import annotations

import csv
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from crawler.damage import UNREADABLE
from crawler.errors import ConfigError
from crawler.media.file_text import text_of

#: Endings of manifests.
LISTS = (".jsonl", ".jsonl.gz", ".csv", ".csv.gz", ".parquet")
#: Fields that are numbers, where a form has nothing but texts.
_NUMBERS = frozenset(("bytes", "width", "height", "http"))
#: Characters of a cell; the csv module alone bears 128 Ki, and the text of a picture may be longer.
_CELL = 64 << 20


def crawl_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the lines of a manifest with their numbers, those of the file where it is one of lines.

    Raises:
        ConfigError: It cannot be read, or is no manifest.
    """
    name = path.name.lower()
    shown = text_of(str(path))
    try:
        if name.endswith(".parquet"):
            yield from _of_parquet(path, shown)
            return
        with gzip.open(path, "rb") if name.endswith(".gz") else path.open("rb") as file:
            read = _of_csv if name.removesuffix(".gz").endswith(".csv") else _of_jsonl
            yield from read(cast("IO[bytes]", file), shown)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot read {shown}: {reason}") from error


def place_of(manifest: Path, name: str) -> Path:
    """Return where a file is that a manifest names.

    Its path is relative to the base directory of the job: that of the manifest, where we are, or
    one above the manifest, whichever has it first.
    """
    above = manifest.absolute().parents
    places = (manifest.parent / name, Path(name), *(one / name for one in above[1:]))
    # Unlike a `Path`, it bears names that are longer than any file's.
    return next((one for one in places if os.path.exists(one)), places[0])  # noqa: PTH110


def _of_jsonl(file: IO[bytes], shown: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, raw in enumerate(file, 1):
        if not raw.strip():
            continue
        try:
            record = msgspec.json.decode(raw)
        except UNREADABLE as error:
            raise ConfigError(f"{shown}:{number}: no JSON: {error}") from error
        if not isinstance(record, dict):
            raise ConfigError(f"{shown}:{number}: a manifest has an object on each line")
        yield number, record


def _of_csv(file: IO[bytes], shown: str) -> Iterator[tuple[int, dict[str, Any]]]:
    with io.TextIOWrapper(
        file, encoding="utf-8-sig", errors="surrogateescape", newline=""
    ) as text:  # fmt: skip
        rows = csv.DictReader(text, restkey="")
        limit = csv.field_size_limit(_CELL)
        try:
            for row in rows:
                line = {name: _value(name, cell) for name, cell in row.items() if name}
                yield rows.line_num, line
        except csv.Error as error:
            raise ConfigError(f"{shown}:{rows.line_num}: no CSV: {error}") from error
        finally:
            csv.field_size_limit(limit)


def _of_parquet(path: Path, shown: str) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        import pyarrow as arrow
        from pyarrow.parquet import ParquetFile
    except ImportError:
        cure = 'pip install "crawler[parquet]"'
        raise ConfigError(f"{shown}: reading it needs pyarrow: {cure}") from None
    number = 0
    try:
        with ParquetFile(path) as file:
            for batch in file.iter_batches(1_000):
                for row in batch.to_pylist():
                    number += 1
                    yield number, {name: _value("", value) for name, value in row.items()}
    except arrow.ArrowException as error:
        raise ConfigError(f"{shown} is no whole Parquet file: {error}") from error


def _value(name: str, cell: object) -> Any:
    """Return what a cell holds: nothing, a number, what was written as JSON, or its text."""
    if not isinstance(cell, str):
        return cell
    if name in _NUMBERS and cell.isascii() and cell.isdigit():
        return int(cell)
    if cell[:1] in "[{":  # an empty one, too
        try:
            return msgspec.json.decode(cell) if cell else None
        except UNREADABLE:
            return cell
    return cell
