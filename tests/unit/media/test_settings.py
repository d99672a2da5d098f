from __future__ import annotations

import pytest

from crawler.errors import ConfigError
from crawler.media.settings import ENCODERS, settings_of


@pytest.mark.parametrize("codec", list(ENCODERS))
def test_what_is_not_asked_for_is_as_is_usual_for_the_encoder(codec: str) -> None:
    settings = settings_of(codec)

    encoder = ENCODERS[codec]
    assert (settings.crf, settings.preset) == (encoder.crf, encoder.preset)
    assert settings.preset in encoder.presets
    assert encoder.best <= settings.crf <= encoder.worst


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("mpeg2",), "--codec mpeg2: known are h264"),
        (("h264", 481), "--height 481: give an even number"),
        (("h264", 14), "--height 14"),
        (("h264", None, 52), "--crf 52: for h264 give a number from 0 (best, largest) to 51"),
        (("av1", None, 0), "from 1"),
        (("h264", None, None, "fastest"), "ultrafast, superfast"),
        (("vp9", None, None, "fast"), "a number from 0 (slow, small) to 8 (quick)"),
    ],
)
def test_what_an_encoder_cannot_do_is_refused_with_what_it_can(
    asked: tuple[str, int | None, int | None, str | None], says: str
) -> None:
    with pytest.raises(ConfigError, match="error") as caught:
        settings_of(*asked)

    assert says in str(caught.value)
