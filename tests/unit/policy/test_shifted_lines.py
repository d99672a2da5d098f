from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.cron_line import CronLineError, parse_cron_line
from crawler.policy.run_times import Manner, run_times
from crawler.policy.shifted_lines import shifted_lines, written_numbers


@pytest.mark.parametrize(
    ("text", "minutes", "lines"),
    [
        ("15 3 * * *", 0, ["15 3 * * *"]),
        ("15 3 * * *", -60, ["15 2 * * *"]),
        ("15 3 * * *", 330, ["45 8 * * *"]),
        ("30 0 * * mon", -60, ["30 23 * * 0"]),
        ("30 23 * * sat,sun", 60, ["30 0 * * 0,1"]),
        ("0 1-3 1 * *", -60, ["0 0-2 1 * *"]),
        ("*/30 * * * *", 60, ["0,30 * * * *"]),
        ("15,45 9,17 * * 1-5", 30, ["15 10,18 * * 1-5", "45 9,17 * * 1-5"]),
        ("0 0,12 * * fri", -60, ["0 23 * * 4", "0 11 * * fri"]),
    ],
)
def test_a_line_is_written_for_a_clock_that_is_ahead(
    text: str, minutes: int, lines: list[str]
) -> None:
    assert shifted_lines(parse_cron_line(text), minutes) == lines


@pytest.mark.parametrize("text", ["30 0 1 * *", "30 0 * 2 *", "30 0 13 * fri"])
def test_a_day_of_the_month_cannot_be_moved_over_midnight(text: str) -> None:
    with pytest.raises(CronLineError, match="days that would be others"):
        shifted_lines(parse_cron_line(text), -60)


def test_numbers_are_written_as_ranges() -> None:
    assert written_numbers((3, 1, 2, 7, 9, 10), 12) == "1-3,7,9,10"
    assert written_numbers(range(7), 7) == "*"


@given(
    st.sampled_from(("0", "*/20", "5,50", "17")),
    st.sampled_from(("*", "0,12", "22-23", "3", "*/6")),
    st.sampled_from(("*", "mon", "1-5", "sun,sat")),
    st.integers(-14 * 60, 14 * 60),
)
def test_shifted_lines_come_true_so_many_minutes_later(
    minutes: str, hours: str, weekdays: str, shift: int
) -> None:
    line = parse_cron_line(f"{minutes} {hours} * * {weekdays}")
    begin = datetime(2026, 6, 1, tzinfo=UTC).timestamp()
    there = list(islice(run_times(line, UTC, begin, Manner.AS_THE_CLOCK), 60))

    lines = [parse_cron_line(text) for text in shifted_lines(line, shift)]

    after = begin + timedelta(minutes=shift).total_seconds()
    here = (list(islice(run_times(one, UTC, after, Manner.AS_THE_CLOCK), 60)) for one in lines)
    found = sorted({at for times in here for at in times})[: len(there)]
    assert found == [at + shift * 60 for at in there]
