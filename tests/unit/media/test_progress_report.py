from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from crawler.media.progress_report import ProgressReport

BLOCKS = b"""\
frame=0
fps=0.00
out_time_us=N/A
out_time=N/A
progress=continue
frame=12
out_time_us=-40000
progress=continue
frame=50
out_time_ms=99999999
out_time_us=2000000
speed=1.85x
progress=continue
frame=60
out_time_us=2400000
progress=end
"""


@given(st.lists(st.integers(0, len(BLOCKS)), max_size=8))
def test_a_report_is_read_the_same_however_it_is_cut(cuts: list[int]) -> None:
    report = ProgressReport()

    places = [0, *sorted(cuts), len(BLOCKS)]
    for begin, end in pairwise(places):
        report.feed(BLOCKS[begin:end])

    assert (report.time_us, report.frames, report.ended) == (2_400_000, 60, True)


@given(st.binary(max_size=300))
def test_anything_may_come_and_the_time_never_goes_back(noise: bytes) -> None:
    report = ProgressReport()
    report.feed(b"out_time_us=500\n")

    report.feed(noise)
    report.feed(b"\nout_time_us=400\n")

    assert report.time_us >= 500


def test_only_what_has_changed_is_news() -> None:
    report = ProgressReport()

    assert report.feed(b"frame=1\nout_time_us=40000\nprogress=continue\n")
    assert not report.feed(b"frame=1\nout_time_us=40000\nprogress=continue\n")
    assert report.feed(b"progress=end\n")
