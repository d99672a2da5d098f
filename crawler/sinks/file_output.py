"""What is said of an output file, and what its name says about its format."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import msgspec

#: Endings of files that are made at the end of a run from what is kept aside until then.
RENDERED = (".csv", ".csv.gz", ".jsonl.gz", ".parquet")
#: Endings that are not there yet, and those of which it would be wrong to write JSON lines.
UNKNOWN = (".gz", ".bz2", ".zst", ".xz", ".zip", ".sqlite", ".warc", ".xlsx")


class FileOutput(msgspec.Struct, frozen=True, kw_only=True):
    """One output file of a job.

    Attributes:
        name: Key of its marks: the path as the config has it.
        path: The file, all names filled in.
        mode: "new" (the file must not be there), "append", or "replace" (built aside, swapped in
            by a good end).
        job: Name of the job.
        sync: True forces each batch to the disk.
        columns: CSV and Parquet: columns that come first, and are there without any item, too.
        types: Parquet only: what schemas say of columns: (name, "list[str]").
        formula_cells: CSV only: "quote" or "keep" texts that a spreadsheet takes for formulas.
    """

    name: str
    path: Path
    mode: str
    job: str
    sync: bool = False
    columns: tuple[str, ...] = ()
    types: tuple[tuple[str, str], ...] = ()
    formula_cells: str = "quote"


def is_rendered(name: str) -> bool:
    """Tell whether a file of this name is made at the end of its run."""
    return name.lower().endswith(RENDERED)


def journal_of(target: Path) -> Path:
    """Return where the items of an output are kept until its run ends, or ends well."""
    return target.with_name(f".{target.name}.part")


def target_of(aside: Path) -> Path | None:
    """Return the output whose items are kept in a file until its run ends; None for another."""
    name = aside.name.removeprefix(".").removesuffix(".part")
    return aside.with_name(name) if name and aside.name == f".{name}.part" else None


def unknown_format(name: str) -> str | None:
    """Return what is wrong with the name of an output; None if it says how to write it.

    A name with any other ending, or none, gets JSON lines.
    """
    if is_rendered(name) or not name.lower().endswith(UNKNOWN):
        return None
    return "has no known format; end it in .parquet, or in .jsonl or .csv, with or without .gz"


def missing_library(name: str) -> str | None:
    """Return what is not installed that an output of this name needs, and how to install it."""
    if not name.lower().endswith(".parquet") or find_spec("pyarrow") is not None:
        return None
    return "needs pyarrow, which is not installed: pip install 'crawler[parquet]'"
