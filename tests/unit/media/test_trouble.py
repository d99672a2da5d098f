from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.media.trouble import SHOWN, Trouble, last_words, trouble_of_exit


@given(st.binary(max_size=3000))
def test_last_words_are_short_and_can_do_nothing_to_a_terminal(said: bytes) -> None:
    words = last_words(said)

    assert len(words) <= SHOWN
    assert not words or words.isprintable()


def test_last_words_are_the_last_lines_without_addresses() -> None:
    said = (
        b"first\n[h264 @ 0x55c23dfb9480] [IMGUTILS @ 0x7ffe8ab75d40] too \x1b[31mlarge\n"
        b"\n[aac @ 0x1] odd\nConversion failed!\n"
    )

    assert last_words(said) == "[h264] [IMGUTILS] too  [31mlarge | [aac] odd | Conversion failed!"


@pytest.mark.parametrize(
    ("code", "said", "trouble"),
    [
        (1, b"x: Invalid data found", Trouble.FAILED),
        (1, b"av_interleaved_write_frame(): No space left on device", Trouble.NO_SPACE),
        (1, b"x: Cannot allocate memory", Trouble.MEMORY),
        (-9, b"", Trouble.KILLED),
        (1, b"Picture size 9x9 exceeds specified max pixel count 4", Trouble.TOO_LARGE),
    ],
)
def test_the_trouble_is_told_from_how_ffmpeg_ended(
    code: int, said: bytes, trouble: Trouble
) -> None:
    assert trouble_of_exit(code, said) == trouble
