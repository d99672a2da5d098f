"""The items of a run as it wrote them, by what they are known again. Read-only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml
from xxhash import xxh3_64_intdigest

from crawler.app.batch.rows import Place, rows_in
from crawler.app.look.come_and_gone import Entry
from crawler.app.look.show_run import RunFacts
from crawler.damage import UNREADABLE
from crawler.errors import OutputError, StateError
from crawler.sinks.packing import reading

_CHUNK = 256 << 10
#: Bytes of a config that are read.
_MOST = 1 << 20
_KINDS = ("jsonl", "csv")
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder(order="deterministic").encode


class RunItems:
    """The items in one output of a run.

    Args:
        path: Of the output.
        keys: Fields that make up the key of an item, by kind.
    """

    def __init__(self, path: Path, keys: Mapping[str, tuple[str, ...]]) -> None:
        self.path = path
        self._keys = list(keys.values())

    def __call__(self) -> Iterator[Entry]:
        """Yield each item: by its key; else by its page and its place on it; else by all of it.

        Raises:
            StateError: The file cannot be read.
        """
        for row in self._rows():
            page, number = row.pop("_url", None), row.pop("_id", None)
            yield Entry(self._key(row, page, number), xxh3_64_intdigest(_encode(row)))

    def _key(self, row: dict[str, Any], page: Any, number: Any) -> str:
        for names in self._keys:
            if all(row.get(name) is not None for name in names):
                return ", ".join(f"{name} {row[name]}" for name in names)
        if page is None:
            return _encode(row).decode()
        # REQUEST-TRY-PLACE: the place stays the same when the page was asked for twice.
        place = "-".join(str(number).split("-")[2:])
        return f"{page} #{int(place) + 1}" if place.isdecimal() and place != "0" else str(page)

    def _rows(self) -> Iterator[dict[str, Any]]:
        name = self.path.name.lower()
        plain = name.removesuffix(".gz")
        rows = rows_in(plain.rpartition(".")[2], Place(), None, str(self.path))
        try:
            with reading(self.path, packed=plain != name) as file:
                chunk = b" "
                while chunk:
                    chunk = file.read(_CHUNK)
                    for row in rows.feed(chunk):
                        if not row.wrong:
                            yield _decode(row.data)
        except (OSError, OutputError, *UNREADABLE) as error:
            raise StateError(f"{self.path} cannot be read: {error}") from error


def items_of(facts: RunFacts, keys: Mapping[str, tuple[str, ...]]) -> RunItems | None:
    """Return the items of a run; None if it wrote no file that can be read and is still there."""
    paths = [Path(path) for path in facts.outputs]
    for kind in _KINDS:
        for path in paths:
            if path.name.lower().removesuffix(".gz").endswith(f".{kind}") and path.is_file():
                return RunItems(path, keys)
    return None


def keys_of(report: Path) -> dict[str, tuple[str, ...]]:
    """Return the fields that make up the key of each kind, out of the config of a run's report."""
    try:
        with (report / "config.yaml").open("rb") as file:
            config = yaml.safe_load(file.read(_MOST))
    except (OSError, yaml.YAMLError, ValueError, RecursionError):
        return {}
    schemas = config.get("schemas") if isinstance(config, dict) else None
    found = {
        kind: tuple(name for name, of in fields.items() if isinstance(of, dict) and of.get("key"))
        for kind, fields in (schemas.items() if isinstance(schemas, dict) else ())
        if isinstance(fields, dict)
    }
    return {kind: names for kind, names in found.items() if names}
