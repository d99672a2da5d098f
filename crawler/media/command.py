"""The command line of ffmpeg for one video, from settings alone."""

from __future__ import annotations

from crawler.media.probe import CONFINED, MediaLimits
from crawler.media.settings import Settings


def transcode_command(
    ffmpeg: str,
    paths: tuple[str, str],
    settings: Settings,
    threads: int,
    limits: MediaLimits,
) -> list[str]:
    """Return the command that makes one video of another.

    The picture is never enlarged, both sides stay even, and the first sound comes along; subtitles
    and attachments do not. Its report goes to standard output, errors to standard error.

    Args:
        ffmpeg: Path of the program.
        paths: Absolute, of the input and of the output, which is replaced.
        settings: What it is to become.
        threads: For decoding, filters and encoding, each; they wait for each other, so that all
            together keep about so many cores busy.
        limits: Those that hold while decoding: a stream may grow on the way.
    """
    source, target = paths
    encoder = settings.encoder
    return [
        ffmpeg, "-hide_banner", "-nostdin", "-nostats", "-v", "error", "-y",
        "-progress", "pipe:1", "-filter_threads", str(threads),
        *CONFINED, "-max_pixels", str(limits.pixels), "-threads", str(threads),
        "-i", f"file:{source}",
        "-map", "0:V:0", "-map", "0:a:0?", "-sn", "-dn",
        "-vf", filters(settings.height), "-t", f"{limits.duration:g}",
        "-c:v", encoder.name, "-crf", str(settings.crf), *_effort(settings),
        *_threads(settings.codec, threads), *encoder.audio,
        *(("-movflags", "+faststart") if encoder.container == "mp4" else ()),
        "-f", encoder.container, f"file:{target}",
    ]  # fmt: skip


def filters(height: int | None) -> str:
    """Return the chain of filters; commas within an expression are escaped, as ffmpeg wants it."""
    wanted = "ih" if height is None else rf"min({height}\,ih)"
    return f"scale=w=-2:h=trunc({wanted}/2)*2,format=yuv420p"


def _effort(settings: Settings) -> tuple[str, ...]:
    if settings.codec == "vp9":
        # Without a rate of 0 the quality would be a ceiling only.
        return ("-b:v", "0", "-deadline", "good", "-cpu-used", settings.preset)
    return ("-preset", settings.preset)


def _threads(codec: str, threads: int) -> tuple[str, ...]:
    """Return how an encoder is told of threads; two of them do not listen to `-threads`."""
    plain = ("-threads", str(threads))
    if codec == "vp9":
        return (*plain, "-row-mt", "1") if threads > 1 else plain
    if codec == "hevc":
        pools = "pools=none:wpp=0" if threads == 1 else f"pools={threads}"
        return (
            *plain,
            "-x265-params",
            f"{pools}:frame-threads=1:log-level=error",
            "-tag:v",
            "hvc1",
        )
    if codec == "av1":
        return (*plain, "-svtav1-params", f"lp={threads}")
    return plain
