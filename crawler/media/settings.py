"""What videos are to become: codec, height, quality; and what each encoder can do."""

from __future__ import annotations

import msgspec

from crawler.errors import ConfigError

_X26X = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower",
    "veryslow", "placebo",
)  # fmt: skip
TALLEST = 8_192


class Encoder(msgspec.Struct, frozen=True):
    """One encoder of ffmpeg's, and what it is given here.

    Attributes:
        name: ffmpeg's name of it.
        ending: Of the files, with the dot.
        container: ffmpeg's name of their format.
        audio: Arguments for the sound.
        crf: Quality where none is asked for; less is better and larger.
        best: The lowest crf it takes,
        worst: and the highest.
        preset: Effort where none is asked for.
        presets: All that it takes.
    """

    name: str
    ending: str
    container: str
    audio: tuple[str, ...]
    crf: int
    best: int
    worst: int
    preset: str
    presets: tuple[str, ...]


_AAC = ("-c:a", "aac", "-b:a", "128k", "-ac", "2")
_OPUS = ("-c:a", "libopus", "-b:a", "96k", "-ac", "2")

ENCODERS = {
    "h264": Encoder("libx264", ".mp4", "mp4", _AAC, 23, 0, 51, "medium", _X26X),
    "hevc": Encoder("libx265", ".mp4", "mp4", _AAC, 28, 0, 51, "medium", _X26X),
    "vp9": Encoder(
        "libvpx-vp9", ".webm", "webm", _OPUS, 33, 0, 63, "2", tuple(map(str, range(9)))
    ),
    "av1": Encoder(
        "libsvtav1", ".mp4", "mp4", _AAC, 35, 1, 63, "8", tuple(map(str, range(14)))
    ),
}  # fmt: skip


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides what comes out; a file made with others is made anew.

    Attributes:
        codec: A key of `ENCODERS`.
        height: Pixels, even; a lower video stays as it is. None to keep the height.
        crf: Constant rate factor: the quality.
        preset: How hard the encoder tries.
    """

    codec: str
    height: int | None
    crf: int
    preset: str

    @property
    def encoder(self) -> Encoder:
        """What makes it."""
        return ENCODERS[self.codec]


def settings_of(
    codec: str, height: int | None = None, crf: int | None = None, preset: str | None = None
) -> Settings:
    """Return settings, with the encoder's own where none are asked for.

    Raises:
        ConfigError: The encoder has no such quality or preset, or no video has such a height.
    """
    encoder = ENCODERS.get(codec)
    if encoder is None:
        raise ConfigError(f"--codec {codec}: known are {', '.join(ENCODERS)}")
    if height is not None and (height % 2 or not 16 <= height <= TALLEST):
        raise ConfigError(f"--height {height}: give an even number from 16 to {TALLEST}")
    wanted = encoder.crf if crf is None else crf
    if not encoder.best <= wanted <= encoder.worst:
        raise ConfigError(
            f"--crf {wanted}: for {codec} give a number from {encoder.best} (best, largest) to"
            f" {encoder.worst}; {encoder.crf} is usual"
        )
    effort = encoder.preset if preset is None else preset
    if effort not in encoder.presets:
        first, last = encoder.presets[0], encoder.presets[-1]
        by_number = f"a number from {first} (slow, small) to {last} (quick)"
        said = by_number if last.isdigit() else ", ".join(encoder.presets)
        raise ConfigError(f"--preset {effort}: for {codec} give {said}")
    return Settings(codec=codec, height=height, crf=wanted, preset=effort)
