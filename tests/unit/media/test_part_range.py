from __future__ import annotations

import pytest

from crawler.media.part_range import bytes_of_range, strong_validator
from crawler.messages import Headers

DATE = "Sun, 29 Nov 2026 03:00:00 GMT"


@pytest.mark.parametrize(
    ("fields", "validator"),
    [
        ({"etag": '"a"'}, '"a"'),
        ({"etag": 'W/"a"'}, ""),
        ({"etag": "a"}, ""),
        ({"last-modified": "Sat, 28 Nov 2026 03:00:00 GMT", "date": DATE},
         "Sat, 28 Nov 2026 03:00:00 GMT"),
        ({"last-modified": DATE, "date": DATE}, ""),
        ({"last-modified": "Sat, 28 Nov 2026 03:00:00 GMT"}, ""),
        ({"last-modified": "yesterday", "date": DATE}, ""),
        ({"etag": '"a"', "content-encoding": "gzip"}, ""),
        ({"etag": '"a"', "accept-ranges": "none"}, ""),
        ({}, ""),
    ],
)  # fmt: skip
def test_only_what_is_strong_vouches_for_a_part(fields: dict[str, str], validator: str) -> None:
    assert strong_validator(Headers(fields)) == validator


@pytest.mark.parametrize(
    ("field", "part"),
    [
        ("bytes 10-19/20", (10, 20)),
        ("bytes 10-19/*", (10, None)),
        ("bytes */20", (None, None)),
        ("items 0-1/2", (None, None)),
        ("", (None, None)),
    ],
)
def test_a_part_says_where_it_begins(field: str, part: tuple[int | None, int | None]) -> None:
    assert bytes_of_range(Headers({"content-range": field})) == part
