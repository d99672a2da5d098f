from __future__ import annotations

from itertools import pairwise

import pytest

from crawler.media.command import filters, transcode_command
from crawler.media.probe import MediaLimits, probe_command
from crawler.media.settings import ENCODERS, settings_of


def command(codec: str = "h264", height: int | None = 480, threads: int = 1) -> list[str]:
    paths = ("/in/-odd name.mp4", "/out/.x.mp4.part")
    return transcode_command(
        "/bin/ffmpeg", paths, settings_of(codec, height), threads, MediaLimits()
    )


@pytest.mark.parametrize("codec", list(ENCODERS))
def test_names_stand_behind_their_protocol_so_that_none_is_an_option(codec: str) -> None:
    words = command(codec)

    assert ("-i", "file:/in/-odd name.mp4") in pairwise(words)
    assert words[-1] == "file:/out/.x.mp4.part"


@pytest.mark.parametrize(
    "words", [command(), probe_command("/bin/ffprobe", "/in/a", MediaLimits())]
)
def test_nothing_but_the_file_itself_may_be_opened(words: list[str]) -> None:
    confined = words.index("-protocol_whitelist")

    assert words[confined + 1] == "file,pipe"
    assert words.index("-format_whitelist") < words.index("-i")
    formats = words[words.index("-format_whitelist") + 1].split(",")
    assert not {"hls", "concat", "tty", "image2", "dash", "sdp", "lavfi"} & set(formats)
    assert words.index("-max_pixels") < words.index("-i")


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("codec", list(ENCODERS))
def test_decoder_filters_and_encoder_get_the_threads_of_the_job(codec: str, threads: int) -> None:
    words = command(codec, threads=threads)

    source = words.index("-i")
    assert ("-filter_threads", str(threads)) in pairwise(words)
    assert ("-threads", str(threads)) in pairwise(words[:source])
    assert ("-threads", str(threads)) in pairwise(words[source:])


def test_encoders_that_do_not_listen_to_threads_are_told_in_their_own_words() -> None:
    assert any(word.startswith("pools=none:wpp=0") for word in command("hevc"))
    assert any(word.startswith("pools=2:") for word in command("hevc", threads=2))
    assert "lp=2" in command("av1", threads=2)


def test_the_picture_is_never_enlarged_and_both_sides_stay_even() -> None:
    assert filters(480) == r"scale=w=-2:h=trunc(min(480\,ih)/2)*2,format=yuv420p"
    assert filters(None) == "scale=w=-2:h=trunc(ih/2)*2,format=yuv420p"


def test_the_report_goes_to_standard_output_and_nothing_is_read_from_standard_input() -> None:
    words = command()

    assert "-nostdin" in words
    assert ("-progress", "pipe:1") in pairwise(words)
