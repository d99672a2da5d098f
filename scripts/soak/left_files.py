"""What a run of the seeded job left on disk, read to the last byte with the standard library."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import shutil
import sqlite3
import tempfile
from collections import Counter
from pathlib import Path

from scripts.soak.run_files import Record, json_lines
from scripts.soak.seeded_job import EARLIER, JOB, output_names

#: An item as any format has it: its fields as text, the id left out.
Item = tuple[tuple[str, str], ...]
#: URL, outcome, reason, status of a request.
Row = tuple[str, str, str | None, int | None]


class LeftFiles:
    """The files of the one run of the seeded job under a folder.

    Reading raises ValueError, EOFError or OSError where a file is not whole.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._records: dict[str, list[Record]] = {}

    def records(self, output: str) -> list[Record]:
        """Return the records of an output in order, those of earlier runs included."""
        if output not in self._records:
            path = self.folder / output
            data = path.read_bytes()
            if output.endswith(".gz"):
                data = gzip.decompress(data)
            csv_like = ".csv" in path.name
            self._records[output] = csv_records(data) if csv_like else json_lines(data, path)
        return self._records[output]

    def items(self, output: str) -> Counter[Item]:
        """Return the items of this run in an output, with how often each is there."""
        return Counter(_item(one) for one in self.records(output) if not _is_earlier(one))

    def ids(self, output: str) -> Counter[str]:
        """Return the ids of this run's items in an output."""
        return Counter(str(one["_id"]) for one in self.records(output) if not _is_earlier(one))

    def earlier(self, output: str) -> int:
        """Return how many records of before the run are in an output."""
        return sum(map(_is_earlier, self.records(output)))

    def quarantined(self) -> Counter[tuple[str, str, str]]:
        """Return page, field and name of what was refused."""
        path = self._report() / "quarantine.jsonl"
        if not path.exists():
            return Counter()
        lines = json_lines(path.read_bytes(), path)
        return Counter((one["url"], one["field"], one["data"]["name"]) for one in lines)

    def rows(self) -> Counter[Row]:
        """Return what became of each request."""
        path = self._report() / "urls.jsonl.gz"
        lines = json_lines(gzip.decompress(path.read_bytes()), path)
        return Counter(
            (one["url"], one["outcome"], one.get("reason"), one.get("status")) for one in lines
        )

    def summary(self) -> Record:
        """Return the summary of the run's last process."""
        loaded: Record = json.loads((self._report() / "summary.json").read_bytes())
        return loaded

    def strays(self) -> list[str]:
        """Return files beside the outputs that should be gone once a run has ended."""
        wanted = {Path(name).name for name in output_names()}
        notes = {f".{name}.crawler" for name in wanted if name.startswith("append")}
        found = {path.name for path in (self.folder / "data").iterdir()}
        return sorted(found - wanted - notes)

    def state_problems(self) -> list[str]:
        """Return what SQLite finds wrong with the state."""
        path = self.folder / "state" / JOB / "crawl.sqlite"
        with contextlib.closing(sqlite3.connect(path)) as db:
            answers = [str(row[0]) for row in db.execute("PRAGMA integrity_check")]
        return [answer for answer in answers if answer != "ok"]

    def is_on_record(self) -> bool:
        """Tell whether the state has the run down as finished; a copy is looked at.

        The state itself is not opened: SQLite would bring it into order, which is for the crawler
        to do.
        """
        state = self.folder / "state" / JOB
        with tempfile.TemporaryDirectory(prefix="soak-look-") as aside:
            for path in state.glob("crawl.sqlite*"):
                if not path.name.endswith("-shm"):
                    shutil.copy(path, aside)
            with contextlib.closing(sqlite3.connect(Path(aside, "crawl.sqlite"))) as db:
                query = "SELECT value FROM setting WHERE name = 'run_state'"
                try:
                    found = db.execute(query).fetchone()
                except sqlite3.Error:  # not even its tables have been made
                    return False
        return found is not None and found[0] == "finished"

    def _report(self) -> Path:
        folders = sorted((self.folder / "reports" / JOB).iterdir())
        if len(folders) != 1:
            raise ValueError(f"one run was expected, not {[folder.name for folder in folders]}")
        return folders[0]


def csv_records(data: bytes) -> list[Record]:
    """Read CSV; every record must have the cells of the header, and the last one its end.

    Raises:
        ValueError: One does not.
    """
    if data and not data.endswith(b"\n"):
        raise ValueError("the last record of a CSV is partial")
    rows = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
    head, *rest = rows or [[]]
    for number, row in enumerate(rest, 2):
        if len(row) != len(head):
            raise ValueError(f"record {number} of a CSV has {len(row)} cells, not {len(head)}")
    return [dict(zip(head, row, strict=True)) for row in rest]


def _item(record: Record) -> Item:
    # A field that a CSV has no value for is an empty cell there.
    fields = ((name, _text(value)) for name, value in sorted(record.items()) if name != "_id")
    return tuple((name, value) for name, value in fields if value)


def _text(value: object) -> str:
    """Return a value as CSV has it, numbers in one form."""
    text = str(value)
    return f"{float(text):g}" if text.replace(".", "", 1).isdecimal() else text


def _is_earlier(record: Record) -> bool:
    return str(record["_id"]) == EARLIER["_id"]
