"""The requests of a run, from the job's state or from the run's `urls.jsonl.gz`. Read-only."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Iterator

import msgspec

from crawler.app.look.found_run import FoundRun
from crawler.damage import UNREADABLE
from crawler.errors import StateError
from crawler.interfaces import LedgerLine
from crawler.outcome import State
from crawler.storage.run_look import RunLook

GIVEN_UP = (State.FAILED, State.DEAD)
SKIPPED = (State.SKIPPED,)


def run_rows(
    found: FoundRun, states: tuple[State, ...], reason: str | None = None
) -> Iterator[LedgerLine]:
    """Yield the run's requests in some states, in order of discovery.

    The rows of the state are the truth, also while the run goes on; a run that others came after
    has its copy of them.

    Args:
        found: The run.
        states: Those that are wanted.
        reason: Only with this reason; None for any.

    Raises:
        StateError: They cannot be read.
    """
    if found.in_state:
        with RunLook(found.paths.database) as look:
            if look.has_lines:
                yield from look.lines(states, reason)
                return
    names = {state.name.lower() for state in states}
    for line in _copied(found):
        if line.outcome in names and reason in (None, line.reason):
            yield line


def count_reasons(found: FoundRun, states: tuple[State, ...]) -> dict[str, int]:
    """Return how many requests have which reason, the most frequent first."""
    counts = Counter(line.reason or "unknown" for line in run_rows(found, states))
    return dict(counts.most_common())


def _copied(found: FoundRun) -> Iterator[LedgerLine]:
    path = found.report / "urls.jsonl.gz"
    decode = msgspec.json.Decoder(LedgerLine).decode
    try:
        with gzip.open(path, "rb") as file:
            for line in file:
                yield decode(line)
    except FileNotFoundError as error:
        raise StateError(
            f"what became of the requests of run {found.run_id} is not known: it left no {path}"
        ) from error
    except (OSError, EOFError, zlib.error, *UNREADABLE) as error:
        raise StateError(f"{path} cannot be read: {error}") from error
