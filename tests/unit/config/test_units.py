from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crawler.config import units
from crawler.config.units import UnitError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("20s", 20), ("5m", 300), ("4h", 14_400), ("30d", 2_592_000), ("0s", 0),
     ("1.5s", 1.5), ("100ms", 0.1)],
)  # fmt: skip
def test_a_duration_is_seconds(text: str, seconds: float) -> None:
    assert units.duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "count"),
    [("8MiB", 8 * 2**20), ("25MB", 25_000_000), ("64KiB", 65_536), ("1GiB", 2**30), ("7B", 7),
     ("1.5kB", 1500)],
)  # fmt: skip
def test_a_size_is_bytes(text: str, count: int) -> None:
    assert units.size(text) == count


@pytest.mark.parametrize(("text", "part"), [("5%", 0.05), ("0%", 0), ("100%", 1), ("0.5%", 0.005)])
def test_a_share_is_a_part_of_one(text: str, part: float) -> None:
    assert units.share(text) == part


@pytest.mark.parametrize(
    ("read", "value", "hint"),
    [
        (units.duration, 20, "write 20s"),
        (units.duration, "20", "write 20s"),
        (units.duration, 0, "write 0s"),
        (units.duration, "20sec", "write 20s"),
        (units.duration, "5 minutes", "write 5m"),
        (units.duration, "20S", "write 20s"),
        (units.duration, "20 s", "write it without a space: 20s"),
        (units.duration, "1h30m", "write one number and one of ms, s, m, h, d"),
        (units.duration, "-5s", "write one number and one of ms, s, m, h, d"),
        (units.duration, True, "write a number and a unit, like 20s"),
        (units.duration, [], "write a number and a unit, like 20s"),
        (units.size, 8, "write 8MiB"),
        (units.size, 33_554_432, "write 33554432B"),
        (units.size, "8M", "write 8MiB"),
        (units.size, "8mib", "write 8MiB"),
        (units.share, 5, "write 5%"),
        (units.share, 0.05, "write 5%"),
        (units.share, "105%", "write 0% to 100%"),
    ],
)
def test_what_is_no_quantity_is_refused_with_the_right_way_to_write_it(
    read: Callable[[object], float], value: object, hint: str
) -> None:
    with pytest.raises(UnitError) as caught:
        read(value)

    assert caught.value.hint == hint


@given(st.integers(0, 10**9), st.sampled_from(sorted(units.DURATION_UNITS)))
def test_every_whole_duration_is_read_exactly(number: int, unit: str) -> None:
    factor = units.DURATION_UNITS[unit]

    assert units.duration(f"{number}{unit}") == pytest.approx(number * factor, rel=1e-15, abs=1e-12)


@given(st.text(max_size=20), st.sampled_from([units.duration, units.size, units.share]))
def test_a_quantity_begins_with_a_digit(text: str, read: Callable[[object], float]) -> None:
    assume(not text[:1].isdigit())

    with pytest.raises(UnitError):
        read(text)
