from __future__ import annotations

import io
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from crawler.interfaces import Mark
from crawler.sinks.stdout_sink import StdoutSink


def test_lines_are_printed_at_once_and_leave_no_mark() -> None:
    stream = io.BytesIO()
    sink = StdoutSink(stream)

    marks = [sink.open(Mark("-", "", 5, "")), sink.append([b"one", b"two"]), sink.append([])]
    sink.finish(good=True)
    sink.close()

    assert stream.getvalue() == b"one\ntwo\n"
    assert marks == [None, None, None]
    assert sink.path is None


PRINTS = """
    import sys
    from crawler.errors import OutputError
    from crawler.sinks.stdout_sink import StdoutSink

    sys.stdin.read()
    try:
        StdoutSink(sys.stdout.buffer).append([b"line"] * 3)
    except OutputError as error:
        print(error, file=sys.stderr)
        raise SystemExit(5)
"""


def test_a_reader_that_goes_away_is_an_error_of_the_output_and_the_exit_code_is_ours() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PRINTS)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None

    _, said = process.communicate()

    assert said == b"standard output was closed by its reader\n"
    assert process.returncode == 5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_standard_output_is_an_error_of_the_output() -> None:
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(PRINTS)],
            input=b"", stdout=full, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip

    assert ran.stderr == b"cannot write to standard output: No space left on device\n"
    assert ran.returncode == 5
