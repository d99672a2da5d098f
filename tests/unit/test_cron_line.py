from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.cron_line import SHORTHANDS, CronLineError, parse_cron_line


@pytest.mark.parametrize(
    ("text", "field", "numbers"),
    [
        ("15 3 * * *", "minutes", (15,)),
        ("*/15 * * * *", "minutes", (0, 15, 30, 45)),
        ("10-20/5,50 * * * *", "minutes", (10, 15, 20, 50)),
        ("0 22-23,0-3 * * *", "hours", (0, 1, 2, 3, 22, 23)),
        ("0 0 1,15 * *", "days", (1, 15)),
        ("0 0 1 JAN-Mar *", "months", (1, 2, 3)),
        ("0 0 * * mon-fri", "weekdays", (1, 2, 3, 4, 5)),
        ("0 0 * * 5-7", "weekdays", (0, 5, 6)),
        ("0 0 * * 0,7", "weekdays", (0,)),
        ("0 0 * * *", "weekdays", (0, 1, 2, 3, 4, 5, 6)),
        ("0 0 * * */2", "weekdays", (0, 2, 4, 6)),
        ("  0\t0 29 2 * ", "days", (29,)),
    ],
)
def test_a_field_means_what_crontab_5_says(text: str, field: str, numbers: tuple[int, ...]) -> None:
    assert getattr(parse_cron_line(text), field) == numbers


@pytest.mark.parametrize(("short", "long"), SHORTHANDS.items())
def test_a_shorthand_is_the_line_it_stands_for(short: str, long: str) -> None:
    assert parse_cron_line(short.upper()) == parse_cron_line(long)


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("", "is empty", "15 3 * * *"),
        ("* * *", "has 3 fields, not five", "minute, hour"),
        ("nightly", "has one field", "minute, hour"),
        ("0 15 3 * * *", "six fields", "15 3 * * *"),
        ("@nightly", "no shorthand", "@daily"),
        ("@reboot", "names no time", "@daily"),
        ("@daily *", "more behind @daily", ""),
        ("60 3 * * *", "a number that is no minute: 60", "0 to 59"),
        ("0 24 * * *", "a number that is no hour: 24", "0 to 23"),
        ("0 0 0 * *", "a number that is no day of the month: 0", "1 to 31"),
        ("0 0 * 13 *", "a number that is no month: 13", "1 to 12"),
        ("0 0 * * 8", "a number that is no day of the week: 8", "0 to 7"),
        ("0 0 * * monday", "no known day of the week: monday", "write mon"),
        ("0 0 * mai *", "no known month: mai", "1 to 12 or jan to dec"),
        ("0 22-3 * * *", "backwards in the hour: 22-3", "22-23,0-3"),
        ("0 0 * * fri-sun", "backwards in the day of the week", "5-7"),
        ("*/0 * * * *", "a step that is no whole number", ""),
        ("*/x * * * *", "a step that is no whole number", ""),
        ("*/90 * * * *", "leaves only 0: steps begin anew with each hour", "write 0"),
        ("5/15 * * * *", "a step behind a single minute", "write 5-59/15"),
        ("0 0 ? * 1", "other schedulers", "use numbers"),
        ("0 0 L * *", "no known day of the month: l", "1 to 31"),
        ("0 0 * * 5#2", "other schedulers", "use numbers"),
        ("1,,2 * * * *", "an empty entry", ""),
        ("1- * * * *", "cannot be read: 1-", ""),
        ("-1 * * * *", "cannot be read: -1", ""),
        ("99999999999999999999 * * * *", "a number that is no minute", "0 to 59"),
        ("٣ * * * *", "cannot be read", ""),
        ("0 0 31 2 *", "there is no 31 February", "February has 29 days"),
        ("0 0 30,31 2 *", "there is no 30 or 31 February", "29 days"),
        ("0 0 31 4,6,sep,11 *", "no 31 April, June, September, November", "30 days"),
    ],
)
def test_a_line_that_cannot_work_is_refused_with_the_reason(
    text: str, says: str, hint: str
) -> None:
    with pytest.raises(CronLineError) as raised:
        parse_cron_line(text)

    assert says in str(raised.value)
    assert hint in raised.value.hint


@pytest.mark.parametrize("text", ["0 0 29 2 *", "0 0 31 * *", "0 0 31 2 mon", "0 0 30 2,3 *"])
def test_a_line_that_comes_true_at_least_now_and_then_is_taken(text: str) -> None:
    assert parse_cron_line(text).text == text


def test_either_day_is_enough_unless_one_of_the_fields_begins_with_a_star() -> None:
    either = parse_cron_line("0 0 13 * fri")
    both = parse_cron_line("0 0 */2 * fri")

    assert either.on(5, 13, 1)
    assert either.on(5, 14, 5)
    assert both.on(5, 13, 5)
    assert not both.on(5, 14, 5)
    assert not both.on(5, 13, 4)


@pytest.mark.parametrize(
    ("text", "follows"),
    [("15 3 * * *", False), ("*/5 3 * * *", True), ("0 * * * *", True), ("0-59 3 * * *", False)],
)
def test_a_line_follows_the_clock_if_its_minute_or_hour_begins_with_a_star(
    text: str, follows: bool
) -> None:
    assert parse_cron_line(text).follows_clock is follows


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("*/15 * * * *", 15),
        ("0 * * * *", 60),
        ("0 3 * * *", 24 * 60),
        ("0 3 * * mon", None),
        ("0 3,4 * * mon", 60),
        ("10,50 * * * *", 20),
        ("30 1,23 * * *", 120),
    ],
)
def test_the_shortest_gap_is_that_between_two_runs(text: str, minutes: int | None) -> None:
    assert parse_cron_line(text).shortest_gap == minutes


@given(st.text(alphabet="0123456789*/,-@?LW# jansuntmo", max_size=30))
def test_no_text_gives_anything_but_a_line_or_a_reason(text: str) -> None:
    try:
        line = parse_cron_line(text)
    except CronLineError:
        return
    assert parse_cron_line(line.text) == line
    assert min(map(len, (line.minutes, line.hours, line.days, line.months, line.weekdays)))
