"""ffmpeg and ffprobe: whether they are here, and what this ffmpeg can encode."""

from __future__ import annotations

import shutil
import subprocess
import sys

import msgspec

from crawler.errors import ConfigError
from crawler.media.settings import Settings

_LIMIT = 30.0


class Tools(msgspec.Struct, frozen=True):
    """Absolute paths of both programs."""

    ffmpeg: str
    ffprobe: str


def how_to_install(platform: str = sys.platform) -> str:
    """Return what to type for ffmpeg."""
    if platform == "darwin":
        return "brew install ffmpeg"
    return "apt install ffmpeg (elsewhere the package has the same name)"


def find_tools() -> Tools:
    """Find both programs on the PATH.

    Raises:
        ConfigError: One of them is not there; says which package to install.
    """
    ffmpeg, ffprobe = shutil.which("ffmpeg"), shutil.which("ffprobe")
    if ffmpeg is None or ffprobe is None:
        lacking = " and ".join(
            name for name, path in (("ffmpeg", ffmpeg), ("ffprobe", ffprobe)) if path is None
        )
        raise ConfigError(f"{lacking} cannot be found; install it: {how_to_install()}")
    return Tools(ffmpeg, ffprobe)


def check_encoder(tools: Tools, settings: Settings) -> None:
    """Raise unless this ffmpeg has the encoder that the settings need.

    Raises:
        ConfigError: It has not, or does not run at all.
    """
    command = [tools.ffmpeg, "-hide_banner", "-v", "error", "-encoders"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LIMIT, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigError(f"{tools.ffmpeg} does not run: {error}") from error
    if settings.encoder.name not in encoders_in(done.stdout):
        raise ConfigError(
            f"{tools.ffmpeg} was built without {settings.encoder.name}, which --codec"
            f" {settings.codec} needs; choose another codec, or install a fuller ffmpeg"
        )


def encoders_in(said: bytes) -> set[str]:
    """Return the names in what `ffmpeg -encoders` prints: the second word of each line."""
    rows = (line.split() for line in said.decode("utf-8", "replace").splitlines())
    return {row[1] for row in rows if len(row) > 1}
