from __future__ import annotations

import json
from typing import Any

import pytest

from crawler.media.probe import MediaLimits, read_probe, refused_format
from crawler.media.trouble import MediaError, Trouble

LIMITS = MediaLimits(pixels=1_000_000, duration=3600, streams=4)


def answer(*streams: dict[str, Any], **container: Any) -> bytes:
    told = {"format_name": "mov,mp4", "duration": "12.5", "nb_streams": len(streams)} | container
    return json.dumps({"programs": [], "streams": list(streams), "format": told}).encode()


def picture(**more: Any) -> dict[str, Any]:
    return {"codec_type": "video", "codec_name": "h264", "width": 640, "height": 360} | more


def test_the_first_moving_picture_is_taken_not_a_cover() -> None:
    cover = picture(codec_name="png", disposition={"attached_pic": 1})

    probed = read_probe(answer(cover, picture(), {"codec_type": "audio"}), LIMITS)

    assert (probed.codec, probed.width, probed.height, probed.duration) == ("h264", 640, 360, 12.5)


@pytest.mark.parametrize("said", ["N/A", "", "nan", "inf", "-3", "0"])
def test_a_length_that_is_none_is_not_known(said: str) -> None:
    assert read_probe(answer(picture(), duration=said), LIMITS).duration is None


@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        (answer(picture(width=50_000, height=50_000)), Trouble.TOO_LARGE),
        (answer(picture(), picture(width=1_001, height=1_000)), Trouble.TOO_LARGE),
        (answer(picture(), duration="3601"), Trouble.TOO_LONG),
        (answer(picture(), nb_streams=5), Trouble.TOO_MANY_STREAMS),
        (answer({"codec_type": "audio"}), Trouble.NOT_VIDEO),
        (answer(picture(disposition={"attached_pic": 1})), Trouble.NOT_VIDEO),
        (b"{\n", Trouble.NOT_VIDEO),
        (b'{"streams": 7}', Trouble.NOT_VIDEO),
        (b'{"format": {"nb_streams": ' + b"[" * 20_000, Trouble.NOT_VIDEO),
    ],
)
def test_what_is_beyond_the_limits_is_refused_before_it_is_decoded(
    said: bytes, trouble: Trouble
) -> None:
    with pytest.raises(MediaError) as caught:
        read_probe(said, LIMITS)

    assert caught.value.trouble == trouble


def test_a_format_that_is_not_read_is_named() -> None:
    said = b"[hls @ 0x5652fc7ac280] Format not on whitelist 'mov,matroska'\nx: Invalid argument"

    assert refused_format(said) == "hls"
    assert refused_format(b"moov atom not found") == ""
