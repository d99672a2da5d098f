"""What a downloaded file must be to be kept, and where it then goes: plain rules."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from crawler.errors import FileFault
from crawler.media.sniffing import Look, ending_of
from crawler.urls import hostname

#: Pictures that are kept when nobody says which.
RASTER = (
    "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/bmp", "image/tiff",
    "image/heic", "image/heif",
)  # fmt: skip
#: What servers say when they do not know: the bytes decide.
_SAYS_NOTHING = frozenset(("", "application/octet-stream", "binary/octet-stream"))
#: Formats whose text can hold scripts: kept only where they are asked for by name.
_ACTIVE = frozenset(("image/svg+xml",))

_PLACEHOLDER = re.compile(r"\{(sha256|host|name|ext)(?::([0-9]{1,2}))?\}")


class FileRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of a job.

    Attributes:
        path: Where files go, relative to the base directory, with placeholders.
        job: The job's name, for `{name}`.
        accept: Media types kept, as `image/jpeg`, `image/*`, `*/*`.
        min_size: Least width and height, None for any.
        max_pixels: Most pixels, width times height.
        verify: "none", "header" (a picture says how large it is) or "decode".
        obey_noai: Files are left out whose `X-Robots-Tag` says noai or noimageai.
        token: Our product token, for that field.
        max_body: Most bytes of a file.
    """

    path: str
    job: str
    accept: tuple[str, ...] = RASTER
    min_size: tuple[int, int] | None = None
    max_pixels: int = 100_000_000
    verify: str = "header"
    obey_noai: bool = False
    token: str = "crawler"
    max_body: int = 32 << 20

    def of_any_kind(self) -> FileRules:
        """Return the same for files of every kind; what is said of pictures holds for pictures."""
        return msgspec.structs.replace(self, accept=("*/*",))

    def may_be(self, said: str) -> bool:
        """Tell whether a body is worth reading, by the media type that its server names."""
        return said in _SAYS_NOTHING or self._takes(said) or said.startswith("image/")

    def check(self, look: Look, said: str) -> str:
        """Return the media type of a file.

        Args:
            look: What its bytes say.
            said: What its server says, lower case, without parameters.

        Raises:
            FileFault: It is not to be kept.
        """
        media_type = look.media_type or ("" if said.startswith("image/") else said)
        if not self._takes(media_type):
            raise FileFault("type", self._not_taken(media_type, said))
        if look.broken and self.verify != "none":
            raise FileFault("broken", f"{media_type}: {look.broken}")
        self._check_size(look)
        return media_type

    def _check_size(self, look: Look) -> None:
        width, height = look.width, look.height
        if width is None or height is None:
            return
        if width * height > self.max_pixels:
            raise FileFault(
                "too_many_pixels",
                f"{width:,} x {height:,} pixels; files.max_pixels is {self.max_pixels:,}",
            )
        if self.min_size is not None and (width < self.min_size[0] or height < self.min_size[1]):
            least = "x".join(str(side) for side in self.min_size)
            raise FileFault("too_small", f"{width} x {height} pixels; files.min_size is {least}")

    def _takes(self, media_type: str) -> bool:
        if media_type in self.accept:
            return True
        family = media_type.partition("/")[0]
        wild = f"{family}/*" in self.accept or "*/*" in self.accept
        return wild and media_type not in _ACTIVE

    def _not_taken(self, media_type: str, said: str) -> str:
        what = f"its bytes are {media_type}" if media_type else "its bytes are of no known kind"
        named = f", the server says {said}" if said and said != media_type else ""
        hint = "; name it in fetch.accept to keep it" if media_type in _ACTIVE else ""
        return f"{what}{named}{hint}"

    def place_of(self, sha256: str, media_type: str, url: str) -> str:
        """Return where a file goes, relative to the base directory.

        Args:
            sha256: Of its bytes, hexadecimal.
            media_type: What it is.
            url: Where it was.
        """
        return place_in(self.path, self.job, sha256, url, ending_of(media_type))

    @property
    def fixed_part(self) -> str:
        """The folder, relative to the base directory, that all files of the job lie in."""
        before = self.path.replace("{name}", self.job).partition("{")[0]
        return before.rpartition("/")[0] or "."


def place_in(template: str, job: str, sha256: str, url: str, ending: str = "") -> str:
    """Return a path with its placeholders filled in.

    Args:
        template: With `{sha256}`, `{sha256:2}`, `{host}`, `{name}`, `{ext}`.
        job: The job's name.
        sha256: Of the bytes of the file that it is about, hexadecimal.
        url: Where that was.
        ending: For `{ext}`.
    """
    values: Mapping[str, str] = {
        "sha256": sha256, "name": job, "ext": ending, "host": _tidy(url),
    }  # fmt: skip

    def filled(match: re.Match[str]) -> str:
        value, length = values[match[1]], match[2]
        return value[: int(length)] if length else value

    return _PLACEHOLDER.sub(filled, template)


def _tidy(url: str) -> str:
    """Return the host of a URL so that it can name a folder."""
    return re.sub(r"[^a-z0-9.-]", "_", hostname(url)).strip(".") or "_"
