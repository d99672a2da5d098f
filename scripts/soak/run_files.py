"""What a finished run left on disk, read back by nothing but the standard library."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Record = dict[str, Any]


class RunFiles:
    """The files of the one run of a job under a base folder."""

    def __init__(self, base: Path, job: str) -> None:
        self._data = base / "data" / job
        self._reports = base / "reports" / job

    def items(self) -> list[Record]:
        """Return every line of every output of the job, in order."""
        found: list[Record] = []
        for path in sorted(self._data.glob("*.jsonl")):
            found += json_lines(path.read_bytes(), path)
        return found

    def items_by_url(self) -> dict[str, Record]:
        """Return the items without what may differ between two runs.

        Ids are made with a seed of the store, and the depth at which a page was first found
        may depend on the order of answers.
        """
        return {
            item["url"]: {key: item[key] for key in item.keys() - {"_id", "depth"}}
            for item in self.items()
        }

    def outcomes(self) -> dict[str, tuple[str, str | None, int | None]]:
        """Return outcome, reason and status by URL."""
        return {
            row["url"]: (row["outcome"], row.get("reason"), row.get("status"))
            for row in self._requests()
        }

    def summary(self) -> Record:
        """Return the summary of the run's last process."""
        loaded: Record = json.loads((self._run_folder() / "summary.json").read_bytes())
        return loaded

    def books(self) -> Record:
        """Return the books of the run."""
        found: Record = self.summary()["books"]
        return found

    def problems(self) -> list[str]:
        """Return whatever is wrong with these files taken alone; an empty list for a good run."""
        found = _repeated("item", (item["url"] for item in self.items()))
        found += _repeated("item id", (item["_id"] for item in self.items()))
        found += _repeated("row", (row["url"] for row in self._requests()))
        books = self.books()
        ended = books["done"] + books["failed"] + books["dead"] + sum(books["skipped"].values())
        if books["known"] != ended + books["pending"] or not books["balanced"]:
            found.append(f"the books do not balance: {books}")
        if books["pending"]:
            found.append(f"{books['pending']} requests are still pending")
        if books["known"] != len(self._requests()):
            found.append(f"{books['known']} known, {len(self._requests())} in urls.jsonl.gz")
        outputs = list(self._data.iterdir())
        if len(outputs) != 1:
            found.append(f"one output was expected, not {sorted(path.name for path in outputs)}")
        return found

    def _requests(self) -> list[Record]:
        path = self._run_folder() / "urls.jsonl.gz"
        return json_lines(gzip.decompress(path.read_bytes()), path)

    def _run_folder(self) -> Path:
        folders = sorted(self._reports.iterdir())
        if len(folders) != 1:
            raise ValueError(f"one run was expected, not {[folder.name for folder in folders]}")
        return folders[0]


def json_lines(data: bytes, path: Path) -> list[Record]:
    """Read JSON lines to the last byte.

    Raises:
        ValueError: The last line is partial, or one is no JSON.
    """
    if data and not data.endswith(b"\n"):
        raise ValueError(f"{path}: the last line is partial")
    return [json.loads(line) for line in data.splitlines()]


def _repeated(what: str, keys: Iterable[str]) -> list[str]:
    counts = Counter(keys)
    return [f"{what} {key} is there {n} times" for key, n in counts.items() if n > 1]
