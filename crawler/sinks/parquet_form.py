"""A journal of JSON lines made into Parquet: typed columns, packed, read by whatever reads tables.

The journal is read twice: what its columns are is known only after the last item. A column has the
type of its schema's field, if all its values are of it; see `crawler.sinks.cell_kind`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from crawler.errors import OutputError
from crawler.sinks.cell_kind import (
    TEXT,
    USUAL_PLACES,
    Column,
    Kind,
    declared_kind,
    values,
)
from crawler.sinks.file_output import missing_library
from crawler.sinks.forms import Journal

if TYPE_CHECKING:
    from pyarrow import Array, DataType, RecordBatch, Schema
    from pyarrow.parquet import ParquetFile, ParquetWriter

#: Rows of a row group, and about as many bytes of JSON as are held for one.
_ROWS = 65_536
_BYTES = 16 << 20
#: Rows of an earlier file that are held at once.
_OLD_ROWS = 8_192
_encode = msgspec.json.Encoder(decimal_format="number").encode
_SIMPLE = {"bool": "bool_", "int": "int64", "float": "float64", "date": "date32", "str": "string"}
#: Of numbers in an earlier file nothing is known but that any float may be there.
_ANY_FLOAT = Kind("float", 309, 340)

Row = dict[str, msgspec.Raw]


class ParquetForm:
    """Parquet, with all columns that any item has.

    Args:
        columns: Those that come first, and are there without any item, too.
        types: Of columns, as a schema writes them; the kind of others is found out.
    """

    def __init__(self, columns: tuple[str, ...], types: tuple[tuple[str, str], ...]) -> None:
        self._columns = columns
        self._declared = {name: declared_kind(written) for name, written in types}

    def ready(self) -> None:
        """See `Form.ready`."""
        if (lacking := missing_library(".parquet")) is not None:
            raise OutputError(lacking)

    def check(self, old: Path) -> None:
        """See `Form.check`."""
        with _reading(old) as file:
            _kinds_in(file, old)

    def write(self, journal: Journal, old: Path | None, out: BinaryIO) -> None:
        """See `Form.write`."""
        with contextlib.ExitStack() as stack:
            before = None if old is None else stack.enter_context(_reading(old))
            held = {} if before is None or old is None else _kinds_in(before, old)
            kinds = self._look(journal, held)
            writer = stack.enter_context(_writing(out, kinds))
            if before is not None:
                for batch in before.iter_batches(batch_size=_OLD_ROWS):
                    writer.write_batch(_as_now(batch, held, kinds))
            for rows in _groups(journal):
                writer.write_batch(_batch(rows, kinds))

    def _look(self, journal: Journal, held: Mapping[str, Kind]) -> dict[str, Kind]:
        """Return the columns and what they are, those of an earlier file first."""
        columns = {name: self._column(name, kind) for name, kind in held.items()}
        for name in self._columns:
            columns.setdefault(name, self._column(name))
        for item in _items(journal):
            for name, value in item.items():
                column = columns.get(name)
                if column is None:
                    column = columns[name] = self._column(name)
                column.see(value)
        return {name: column.kind for name, column in columns.items()}

    def _column(self, name: str, held: Kind | None = None) -> Column:
        declared = self._declared.get(name)
        if held is None or held == Kind():
            return Column(declared or TEXT)
        return Column(declared or held, held)


def _items(journal: Journal) -> Iterator[Row]:
    """Yield the items; NUL is as little good in the name of a column as in a text."""
    for item in journal.items():
        if any("\0" in name for name in item):
            yield {name.replace("\0", "\ufffd"): value for name, value in item.items()}
        else:
            yield item


def _groups(journal: Journal) -> Iterator[list[Row]]:
    """Yield the items in groups whose size has a limit."""
    rows: list[Row] = []
    size = 0
    for item in _items(journal):
        rows.append(item)
        size += sum(len(bytes(one)) for one in item.values())
        if len(rows) >= _ROWS or size >= _BYTES:
            yield rows
            rows, size = [], 0
    if rows:
        yield rows


def _batch(rows: list[Row], kinds: Mapping[str, Kind]) -> RecordBatch:
    import pyarrow

    arrays = [
        pyarrow.array(values((row.get(name) for row in rows), kind), type_of(kind))
        for name, kind in kinds.items()
    ]
    return pyarrow.RecordBatch.from_arrays(arrays, schema=_schema(kinds))


def _as_now(batch: RecordBatch, held: Mapping[str, Kind], kinds: Mapping[str, Kind]) -> RecordBatch:
    """Return rows of an earlier file with the columns and types that it has from now on."""
    import pyarrow

    arrays = []
    for name, kind in kinds.items():
        wanted = type_of(kind)
        if name not in held:
            arrays.append(pyarrow.nulls(batch.num_rows, wanted))
            continue
        column = batch.column(name)
        if column.type != wanted:
            column = pyarrow.array(values(_raws(column, name), kind), wanted)
        arrays.append(column)
    return pyarrow.RecordBatch.from_arrays(arrays, schema=_schema(kinds))


def _raws(column: Array, name: str) -> list[msgspec.Raw]:
    """Return the values of a column as they would stand in a journal."""
    try:
        return [msgspec.Raw(_encode(one)) for one in column.to_pylist()]
    except (ValueError, OverflowError) as error:  # a time beyond the years that Python knows
        raise OutputError(f"column {name!r} of an earlier file: {error}; move it away") from error


def _schema(kinds: Mapping[str, Kind]) -> Schema:
    import pyarrow

    return pyarrow.schema([(name, type_of(kind)) for name, kind in kinds.items()])


def type_of(kind: Kind) -> DataType:
    """Return the Arrow type of a kind."""
    import pyarrow

    if kind.many:
        return pyarrow.list_(type_of(msgspec.structs.replace(kind, many=False)))
    if kind.name == "decimal":
        places = max(kind.places, min(USUAL_PLACES, 38 - kind.whole))
        if kind.whole + places <= 38:
            return pyarrow.decimal128(38, places)
        return pyarrow.decimal256(76, places)
    if kind.name in ("datetime", "local"):
        return pyarrow.timestamp("us", tz="UTC" if kind.name == "datetime" else None)
    return getattr(pyarrow, _SIMPLE[kind.name])()


def _kinds_in(file: ParquetFile, path: Path) -> dict[str, Kind]:
    """Return the columns of an earlier file.

    Raises:
        OutputError: One has a type that no item has, or a name that another has, too.
    """
    kinds: dict[str, Kind] = {}
    for field in file.schema_arrow:
        kind = _kind_of(field.type)
        if kind is None:
            raise OutputError(
                f"{path}: items cannot be added to its column {field.name!r}, which is"
                f" {field.type}; move it away"
            )
        if field.name in kinds:
            raise OutputError(f"{path} has two columns {field.name!r}; move it away")
        kinds[field.name] = kind
    return kinds


def _kind_of(arrow: DataType) -> Kind | None:
    """Return the kind of an Arrow type; None for what is never written here."""
    from pyarrow import types

    if types.is_list(arrow) or types.is_large_list(arrow):
        inner = _kind_of(arrow.value_type)
        return None if inner is None or inner.many else msgspec.structs.replace(inner, many=True)
    if types.is_decimal(arrow) and arrow.scale >= 0:
        return Kind("decimal", arrow.precision - arrow.scale, arrow.scale)
    if types.is_timestamp(arrow):
        kind = Kind("local" if arrow.tz is None else "datetime")
        return None if arrow.unit == "ns" else kind
    if types.is_integer(arrow):
        return None if types.is_uint64(arrow) else Kind("int", 19)
    known = (
        (types.is_null, Kind()), (types.is_boolean, Kind("bool")), (types.is_date, Kind("date")),
        (types.is_floating, _ANY_FLOAT), (types.is_string, TEXT), (types.is_large_string, TEXT),
    )  # fmt: skip
    return next((kind for test, kind in known if test(arrow)), None)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[ParquetFile]:
    """Open an earlier file.

    Raises:
        OutputError: It is no whole Parquet file.
        OSError: It cannot be read.
    """
    import pyarrow
    from pyarrow.parquet import ParquetFile

    try:
        # Opened here, as what pyarrow says of a file that it cannot open has no number.
        with path.open("rb") as raw, ParquetFile(raw) as file:
            yield file
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        raise OutputError(f"{path} is no whole Parquet file ({error}); move it away") from error


@contextlib.contextmanager
def _writing(out: BinaryIO, kinds: Mapping[str, Kind]) -> Iterator[ParquetWriter]:
    from pyarrow.parquet import ParquetWriter

    writer = ParquetWriter(out, _schema(kinds), compression="zstd")
    try:
        yield writer
    finally:
        writer.close()
