"""`urls.jsonl.gz`: one line for every request of a run, whatever became of it.

It is written from the store's rows when a process of the run ends, so that each request has exactly
one line and no kill can tear the file: the rows are the truth, this is a copy to read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import msgspec
from isal import igzip

from crawler.errors import OutputError
from crawler.fail_points import reached
from crawler.interfaces import FrontierStore, LedgerLine

_LEVEL = 1  # of isal's 0 to 3: a tenth of gzip's time for a few per cent of size
#: Lines written at a time: a call of its own for each would take a third of the time.
_AT_A_TIME = 500


async def write_ledger(
    path: Path, store: FrontierStore, also: Callable[[LedgerLine], None] = lambda _: None
) -> None:
    """Write the file of a run.

    Args:
        path: Where.
        store: Has the rows.
        also: Is told of each line too, off the loop.

    Raises:
        OutputError: It cannot be written.
    """
    aside = path.with_name(f".{path.name}.tmp")
    encode = msgspec.json.Encoder().encode_lines
    try:
        reached("ledger.before")
        opened = igzip.open(aside, "wb", compresslevel=_LEVEL)  # type: ignore[no-untyped-call]
        with opened as file:
            lines: list[LedgerLine] = []

            def visit(line: LedgerLine) -> None:
                lines.append(line)
                also(line)
                if len(lines) == _AT_A_TIME:
                    file.write(encode(lines))
                    lines.clear()

            await store.ledger(visit)
            file.write(encode(lines))
        reached("ledger.rename.before")
        aside.replace(path)
        reached("ledger.rename.after")
    except OSError as error:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
