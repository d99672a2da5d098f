"""The sink that the name of an output asks for."""

from __future__ import annotations

from crawler.interfaces import Sink
from crawler.sinks.file_output import FileOutput, is_rendered


def sink_for(output: FileOutput) -> Sink:
    """Return the sink of an output file, by the ending of its name; nothing is opened yet."""
    if is_rendered(output.path.name):
        from crawler.sinks.rendered_sink import RenderedSink

        return RenderedSink(output)
    from crawler.sinks.jsonl_sink import JsonlSink

    return JsonlSink(
        output.name, output.path, mode=output.mode, job=output.job, sync=output.sync
    )  # fmt: skip
