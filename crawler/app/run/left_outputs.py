"""Outputs that an interrupted run wrote to and that it does not have any more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from crawler.app.run.recovery import noted_output
from crawler.engine.output import Output
from crawler.interfaces import Mark, Sink
from crawler.sinks.sink_for import sink_for


def left_outputs(marks: Iterable[Mark], kept: Collection[str], job: str) -> Iterator[Output]:
    """Yield outputs for files that would else never be made: their journals are not looked at.

    Args:
        marks: What the run has committed so far.
        kept: Names of the outputs that it still has.
        job: The job's name.
    """
    for mark in marks:
        output = None if mark.sink in kept else noted_output(mark, job)
        if output is not None:
            yield Output(_LeftSink(sink_for(output)))


class _LeftSink:
    """Brings what was written so far to its place, and takes nothing more."""

    def __init__(self, sink: Sink) -> None:
        self.name = sink.name
        self.path: Path | None = sink.path
        self._sink = sink

    def open(self, mark: Mark | None) -> Mark | None:
        """See `Sink.open`."""
        return self._sink.open(mark)

    def append(self, lines: Sequence[bytes]) -> Mark | None:
        """Leave the lines to other outputs."""
        return None

    def finish(self, *, good: bool) -> None:
        """See `Sink.finish`; half a set replaces nothing, however good the run."""
        self._sink.finish(good=False)
        self.path = self._sink.path

    def settle(self) -> None:
        """See `Sink.settle`."""
        self._sink.settle()

    def close(self) -> None:
        """See `Sink.close`."""
        self._sink.close()
