from __future__ import annotations

import datetime
import json
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pyarrow as pa
import pytest
from hypothesis import given, settings
from pyarrow import parquet

from crawler.errors import OutputError
from crawler.sinks import file_output, parquet_form
from tests.unit.sinks.rendered import end, opened, sink, whole_run

TYPES = (
    ("name", "str"), ("n", "int"), ("share", "float"), ("price", "decimal"), ("good", "bool"),
    ("day", "date"), ("at", "datetime"), ("link", "url"), ("tags", "list[str]"),
    ("sizes", "list[int]"), ("offer", "Offer"),
)  # fmt: skip
NAMES = tuple(name for name, _ in TYPES)
UTC = datetime.UTC


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out.parquet"


def write(path: Path, *lines: str, mode: str = "append", **more: Any) -> pa.Table:
    """Make a file of JSON lines as they stand; return it as others read it."""
    out = opened(path, mode, **more)
    out.append([line.encode() for line in lines])
    end(out)
    return parquet.read_table(path)


def types(table: pa.Table) -> dict[str, str]:
    return {field.name: str(field.type) for field in table.schema}


TYPED = {
    "name": "string", "n": "int64", "share": "double", "price": "decimal128(38, 9)",
    "good": "bool", "day": "date32[day]", "at": "timestamp[us, tz=UTC]", "link": "string",
    "tags": "list<element: string>", "sizes": "list<element: int64>", "offer": "string",
}  # fmt: skip


def test_each_type_of_a_schema_has_its_column(path: Path) -> None:
    line = (
        '{"name":"A","n":7,"share":2.0,"price":3.50,"good":true,"day":"2026-11-29",'
        '"at":"2026-11-29T08:00:00+02:00","link":"https://a.example/","tags":["x",null],'
        '"sizes":[1,2],"offer":{"amount":1}}'
    )

    table = write(path, line, types=TYPES)

    assert types(table) == TYPED
    assert table.to_pylist() == [
        {
            "name": "A", "n": 7, "share": 2.0, "price": Decimal("3.5"), "good": True,
            "day": datetime.date(2026, 11, 29),
            "at": datetime.datetime(2026, 11, 29, 6, tzinfo=UTC), "link": "https://a.example/",
            "tags": ["x", None], "sizes": [1, 2], "offer": '{"amount":1}',
        }
    ]  # fmt: skip


@pytest.mark.parametrize("lines", [(), ('{"n":null,"tags":[]}',)])
def test_columns_have_their_types_without_any_value(path: Path, lines: tuple[str, ...]) -> None:
    table = write(path, *lines, types=TYPES, columns=NAMES)

    assert types(table) == TYPED
    assert table.num_rows == len(lines)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["null"], "string"),
        (['"a"', '"2026-01-01"'], "string"),
        (["true", "null"], "bool"),
        (["1", "-9223372036854775808"], "int64"),
        (["1", "2.5"], "double"),
        (["2.5", "12345678901234567"], "decimal128(38, 9)"),
        (["18446744073709551615"], "decimal128(38, 9)"),
        (["0.1234567890123456789"], "decimal128(38, 19)"),
        (["12345678901234567890123456789012345678901", "1"], "decimal256(76, 0)"),
        (["1e999"], "string"),
        (["1e-999"], "string"),
        (["1" * 5000], "string"),
        (["1", "true"], "string"),
        (['"a"', "1", "[1]", '{"b":2}'], "string"),
        (["[1]", "[2.5]", "null"], "list<element: double>"),
        (["[]"], "list<element: string>"),
        (["[1]", '["a"]'], "list<element: string>"),
        (["[[1]]"], "list<element: string>"),
        (["[1]", "1"], "string"),
    ],
)
def test_what_no_schema_knows_is_the_narrowest_type_with_room_for_all_values(
    path: Path, values: list[str], kind: str
) -> None:
    table = write(path, *(f'{{"a":{value}}}' for value in values))

    assert types(table) == {"a": kind}
    assert table.num_rows == len(values)


def test_text_keeps_what_it_was_as_json(path: Path) -> None:
    table = write(
        path, '{"a":"x"}', '{"a":1.50}', '{"a":[1,"b"]}', '{"a":{"b":null}}', '{"a":null}'
    )

    assert table["a"].to_pylist() == ["x", "1.50", '[1,"b"]', '{"b":null}', None]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("n", '"many"'), ("n", "2.5"), ("price", "1e400"), ("share", "1e400"), ("good", "1"),
        ("day", '"2026-13-01"'), ("at", '"2026-11-29T08:00:00"'),
        ("at", '"0001-01-01T00:00:00+05:00"'), ("tags", '"x"'), ("sizes", '["x"]'),
    ],
)  # fmt: skip
def test_a_value_that_is_not_of_its_schema_widens_its_column(
    path: Path, column: str, value: str
) -> None:
    good = '{"n":1,"price":1,"share":1.5,"good":true,"day":"2026-11-29","sizes":[1],"tags":["a"],'
    good += '"at":"2026-11-29T08:00:00Z"}'

    table = write(path, good, f'{{"{column}":{value}}}', types=TYPES)

    assert types(table)[column] != TYPED[column]
    assert table[column].null_count == 0


def test_nul_becomes_a_character_that_every_reader_takes(path: Path) -> None:
    table = write(path, r'{"a":"x\u0000y","b\u0000":"z"}', r'{"a":["\u0000"]}')

    assert table.to_pylist() == [
        {"a": "x\ufffdy", "b\ufffd": "z"},
        {"a": r'["\u0000"]', "b\ufffd": None},
    ]


def test_append_puts_rows_behind_what_is_there_and_adds_columns(path: Path) -> None:
    write(path, '{"a":1}')
    path.chmod(0o640)

    table = write(path, '{"b":true,"a":2}')

    assert table.to_pylist() == [{"a": 1, "b": None}, {"a": 2, "b": True}]
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("before", "after", "kind", "values"),
    [
        ("1", "2.5", "decimal128(38, 9)", [Decimal(1), Decimal("2.5")]),
        ("1", '"x"', "string", ["1", "x"]),
        ("1e300", "12345678901234567", "string", ["1e300", "12345678901234567"]),
        ("[1]", "null", "list<element: int64>", [[1], None]),
        ("[1]", '["x"]', "list<element: string>", [["1"], ["x"]]),
        ("[1]", "2", "string", ["[1]", "2"]),
        ("true", "1", "string", ["true", "1"]),
    ],
)
def test_rows_that_are_there_become_what_later_ones_need(
    path: Path, before: str, after: str, kind: str, values: list[Any]
) -> None:
    write(path, f'{{"a":{before}}}')

    table = write(path, f'{{"a":{after}}}')

    assert types(table) == {"a": kind}
    assert table["a"].to_pylist() == values


def test_files_of_other_programs_can_be_added_to_where_their_types_are_ours(path: Path) -> None:
    theirs = {
        "small": pa.array([1], pa.int8()),
        "name": pa.array(["a"], pa.large_string()),
        "none": pa.nulls(1),
        "at": pa.array([datetime.datetime(2026, 1, 1, tzinfo=UTC)], pa.timestamp("s", "+01:00")),
    }
    parquet.write_table(pa.table(theirs), path)

    table = write(path, '{"small":300,"none":1}', '{"name":"b"}', types=TYPES)

    assert types(table) == {
        "small": "int64", "name": "string", "none": "int64", "at": "timestamp[us, tz=UTC]"
    }  # fmt: skip
    assert table["small"].to_pylist() == [1, 300, None]


@pytest.mark.parametrize(
    ("theirs", "why"),
    [
        (
            pa.table({"a": [{"b": 1}]}),
            "cannot be added to its column 'a', which is struct<b: int64",
        ),
        (pa.table({"a": pa.array([1], pa.timestamp("ns"))}), r"'a', which is timestamp\[ns\]"),
        (b"PAR1 and nothing else", "is no whole Parquet file"),
        (b"", "is no whole Parquet file"),
    ],
)
def test_what_cannot_be_added_to_is_refused_before_the_crawl(
    path: Path, theirs: pa.Table | bytes, why: str
) -> None:
    if isinstance(theirs, bytes):
        path.write_bytes(theirs)
    else:
        parquet.write_table(theirs, path)
    before = path.read_bytes()

    with pytest.raises(OutputError, match=why):
        opened(path, "append")

    assert path.read_bytes() == before


def test_a_journal_larger_than_what_is_held_at_once_is_written_group_by_group(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_form, "_BYTES", 100)
    monkeypatch.setattr(parquet_form, "_OLD_ROWS", 7)
    write(path, *(f'{{"a":"{number}"}}' for number in range(100)))

    table = write(path, '{"a":"last"}')

    assert parquet.ParquetFile(path).num_row_groups > 2
    assert table["a"].to_pylist() == [*map(str, range(100)), "last"]


def test_the_same_items_give_the_same_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one.parquet", tmp_path / "two.parquet"
    for path in (one, two):
        whole_run(path, "new", [{"a": 1, "b": "x"}])

    assert one.read_bytes() == two.read_bytes()


def test_without_the_library_it_is_said_what_to_install_before_the_crawl(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_output, "find_spec", lambda name: None)

    with pytest.raises(OutputError, match=r"needs pyarrow.*: pip install 'crawler\[parquet\]'"):
        sink(path).open(None)

    assert not list(path.parent.iterdir())


def test_a_full_disk_keeps_the_journal_and_leaves_no_half_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = opened(path)
    out.append([b'{"a":1}'])

    def full(self: Any, fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("crawler.sinks.parquet_form._batch", full)
    with pytest.raises(OutputError, match="No space left"):
        out.finish(good=True)
    out.close()

    assert [one.name for one in path.parent.iterdir() if one.name.endswith(".part")]
    assert not path.exists()


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["2026-11-29", "2026-11-29T08:00:00Z", "2026-11-29T08:00:00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=4,
)  # fmt: skip
rows = st.lists(
    st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=2), plain, min_size=1), max_size=4
)


@settings(deadline=None)
@given(st.lists(rows, min_size=1, max_size=3))
def test_no_values_whatsoever_are_in_the_way_of_the_end(runs: list[list[dict[str, Any]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out.parquet"
        for items in runs:
            lines = (json.dumps(one).replace("NaN", "null") for one in items)
            table = write(path, *(one.replace("Infinity", "1e999") for one in lines), types=TYPES)

        assert sum(map(len, runs)) in (0, table.num_rows)
