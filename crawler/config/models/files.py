"""Files that are downloaded: `files`."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from crawler.config.models.fields import Duration, Settings, Size, bad_value, bad_whole, written
from crawler.config.suggest import did_you_mean

#: What `files.path` may have in it.
FILE_PLACEHOLDERS = ("sha256", "ext", "host", "name")

_PIXELS = re.compile(r"([1-9][0-9]{0,5})x([1-9][0-9]{0,5})")


def _pixels(value: object) -> tuple[int, int]:
    match = _PIXELS.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise bad_value("is no size in pixels", "write width and height, like 64x64")
    return int(match[1]), int(match[2])


def placed(value: str, known_names: tuple[str, ...], example: str) -> str:
    """Return a path of files, checked: below a folder, and never the same for two files."""
    whole = False
    for inner in re.findall(r"\{([^{}]*)\}", value):
        name, colon, length = inner.partition(":")
        if name not in known_names:
            known = f"known are {', '.join(known_names)}"
            text = f"has an unknown placeholder {{{inner}}}"
            raise bad_value(text, did_you_mean(name, known_names) or known)
        if colon and not (length.isascii() and length.isdigit() and 1 <= int(length) <= 64):
            raise bad_value(f"has {{{inner}}} in it", f"write {{{name}:2}} for its first two")
        whole = whole or inner == "sha256"
    if not whole:
        hint = f"e.g. {example}"
        raise bad_value("needs {sha256}: so no file ever takes the place of another", hint)
    parts = value.split("/")
    if value.startswith("/") or ".." in parts or "" in parts or "{" in parts[0]:
        text = "is no path below a folder of the base directory"
        raise bad_value(text, f"begin with a folder, like {example}")
    if re.search(r"[\0-\x1f\\]", value):
        raise bad_whole("a path of files has no control characters and no backslash")
    return value


def _path(value: str) -> str:
    return placed(value, FILE_PLACEHOLDERS, "images/{sha256:2}/{sha256}{ext}")


Pixels = Annotated[
    tuple[int, int],
    BeforeValidator(_pixels),
    WithJsonSchema({"type": "string", "pattern": f"^{_PIXELS.pattern}$", "examples": ["64x64"]}),
]
FilePath = Annotated[str, AfterValidator(_path)]


class FilesSettings(Settings):
    """`files`: the answers are files, and are kept as such."""

    path: FilePath = Field(
        default="files/{sha256:2}/{sha256}{ext}",
        description="Where files go, below the base directory, named by their bytes: `{sha256}`, "
        "its first digits `{sha256:2}`, `{ext}` by what the bytes are, `{host}`, "
        "`{name}` of the job.",
    )
    verify: Literal["none", "header", "decode"] = Field(
        default="header",
        description="What a picture must show: `header`, that its size can be read and its end is "
        "there; `decode`, that all of it can be decoded, in a process slot (extra `images`); "
        "`none`: nothing but its kind.",
    )
    on_exists: Literal["skip", "revalidate", "replace"] = Field(
        default="skip",
        description="`skip`: a URL whose file is there from an earlier run is not asked for again; "
        "`revalidate`: whether it has changed is asked, and a 304 keeps it; `replace`: it is "
        "fetched.",
    )
    min_size: Pixels | None = Field(
        default=None, description="Least width and height of a picture: `64x64`. Default: any."
    )
    max_pixels: int = Field(
        default=100_000_000,
        ge=1,
        le=10**10,
        description="Most pixels of a picture, width times height; none is decoded to know them.",
    )
    min_free: Size = written(
        "64MiB",
        "What files leave free on their disk, for lines and state; at most a twentieth of it. With "
        "less the run pauses until there is more.",
    )
    max_pause: Duration = written(
        "1h",
        "How long the run waits at a time while the disk is full, or no name server answers; then "
        "it ends, to be gone on with.",
    )
    noai: Literal["ignore", "obey"] = Field(
        default="ignore",
        description="`obey`: files are left out whose `X-Robots-Tag` says `noai` or `noimageai`.",
    )
