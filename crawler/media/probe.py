"""What ffprobe says of a file, and whether it may be decoded: limits come before any frame."""

from __future__ import annotations

import math
import re

import msgspec

from crawler.damage import UNREADABLE
from crawler.media.trouble import MediaError, Trouble

#: Containers that are read, by ffmpeg's names. No playlist is among them, no list of files, no
#: picture and no text: ffmpeg would draw a text file as a terminal does.
FORMATS = (
    "mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "mpegts", "mpeg",
    "mpegvideo", "flv", "asf", "ogg", "mxf", "dv", "gif", "ivf", "yuv4mpegpipe", "wtv", "nut",
)  # fmt: skip
#: For every run of either tool: nothing is opened but the file itself, and nothing asked.
CONFINED = ("-protocol_whitelist", "file,pipe", "-format_whitelist", ",".join(FORMATS))
_ASKED = (
    "format=format_name,duration,nb_streams"
    ":stream=codec_type,codec_name,width,height,duration:stream_disposition=attached_pic"
)


#: What both tools say of a format that is not among `FORMATS`, with its name before.
_REFUSED = re.compile(rb"\[([\w,]{1,40}) @ 0x[0-9a-f]+\] Format not on whitelist")


class MediaLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a video may have; more is refused before it is decoded.

    Attributes:
        pixels: Of a frame.
        duration: Seconds.
        streams: Of every kind.
    """

    pixels: int = 8_192 * 4_320
    duration: float = 86_400.0
    streams: int = 64


class Probed(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says of itself, which need not be true.

    Attributes:
        format: Name of the container.
        duration: Seconds; None where it does not say.
        codec: Of its first moving picture, with that one's
        width: and
        height: in pixels.
    """

    format: str
    duration: float | None
    codec: str
    width: int
    height: int


class _Disposition(msgspec.Struct):
    attached_pic: int = 0


class _Stream(msgspec.Struct):
    codec_type: str = ""
    codec_name: str = ""
    width: int = 0
    height: int = 0
    duration: str = ""
    disposition: _Disposition = msgspec.field(default_factory=_Disposition)


class _Format(msgspec.Struct):
    format_name: str = ""
    duration: str = ""
    nb_streams: int = 0


class _Answer(msgspec.Struct):
    streams: list[_Stream] = msgspec.field(default_factory=list)
    format: _Format = msgspec.field(default_factory=_Format)


def probe_command(ffprobe: str, source: str, limits: MediaLimits) -> list[str]:
    """Return the command that looks at a file.

    Args:
        ffprobe: Path of the program.
        source: Absolute path of the file. `file:` before it keeps a name from being taken for an
            option or a protocol, whatever it begins with.
        limits: To look ffprobe decodes a frame or two: those have no more pixels either.
    """
    return [
        ffprobe, "-v", "error", *CONFINED, "-max_pixels", str(limits.pixels),
        "-show_entries", _ASKED, "-of", "json=compact=1", "-i", f"file:{source}",
    ]  # fmt: skip


def refused_format(said: bytes) -> str:
    """Return the name of the format that a tool did not read, from its last words; "" for none."""
    refused = _REFUSED.search(said)
    return refused[1].decode() if refused else ""


def read_probe(said: bytes, limits: MediaLimits) -> Probed:
    """Read ffprobe's answer.

    Raises:
        MediaError: It is no video, or more than the limits allow.
    """
    try:
        answer = msgspec.json.decode(said, type=_Answer)
    except UNREADABLE as error:
        raise MediaError(Trouble.NOT_VIDEO, f"ffprobe's answer cannot be read: {error}") from error
    count = max(answer.format.nb_streams, len(answer.streams))
    if count > limits.streams:
        raise MediaError(
            Trouble.TOO_MANY_STREAMS, f"it has {count:,} streams, more than {limits.streams}"
        )
    moving = [
        one for one in answer.streams
        if one.codec_type == "video" and not one.disposition.attached_pic
    ]  # fmt: skip
    if not moving:
        raise MediaError(Trouble.NOT_VIDEO, "it has no moving picture")
    return _within(answer.format, moving, limits)


def _within(container: _Format, moving: list[_Stream], limits: MediaLimits) -> Probed:
    largest = max(moving, key=lambda one: one.width * one.height)
    if largest.width * largest.height > limits.pixels:
        raise MediaError(
            Trouble.TOO_LARGE,
            f"it has {largest.width:,} x {largest.height:,} pixels, more than {limits.pixels:,}",
        )
    first = moving[0]
    duration = _seconds(container.duration) or _seconds(first.duration)
    if duration is not None and duration > limits.duration:
        raise MediaError(
            Trouble.TOO_LONG,
            f"it says it lasts {duration:,.0f} s, over {limits.duration:,.0f} s",
        )
    return Probed(
        format=container.format_name, duration=duration, codec=first.codec_name,
        width=first.width, height=first.height,
    )  # fmt: skip


def _seconds(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None
