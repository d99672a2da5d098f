"""Which files are to be worked on: by name, by pattern, in folders, out of a manifest."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from crawler.errors import ConfigError
from crawler.media.crawl_lines import LISTS, crawl_lines, place_of
from crawler.media.file_text import path_of, text_of

#: Endings by which a file among others is taken for a video.
ENDINGS = frozenset((
    ".3g2", ".3gp", ".asf", ".avi", ".dv", ".f4v", ".flv", ".gif", ".ivf", ".m2ts", ".m4v", ".mj2",
    ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogg", ".ogv", ".ts", ".vob",
    ".webm", ".wmv", ".wtv", ".y4m",
))  # fmt: skip
_FIELDS = ("files", "videos", "file", "video")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One input.

    Attributes:
        path: Absolute, links as they are.
        below: Of an input in a folder: its own folder in there.
        url: Where it is from, if that is known.
    """

    path: str
    below: str = ""
    url: str | None = None


class Finding:
    """Collects inputs, each once.

    Args:
        out: Folder of the outputs, absolute: what lies in there is no input of a folder above it.

    Attributes:
        found: In order.
        others: Files in folders and manifests that do not look like videos.
        without: Lines of manifests that name no file, as of what could not be fetched.
    """

    def __init__(self, out: Path) -> None:
        self._out = out.resolve()
        self._seen: set[str] = set()
        self.found: list[Found] = []
        self.others = 0
        self.without = 0

    def add(self, word: str) -> None:
        """Add what a word of the command line means.

        Raises:
            ConfigError: It means nothing.
        """
        path = Path(word)
        if path.is_dir():
            self._add_folder(word)
        elif path.exists():
            if word.lower().endswith(LISTS):
                self._add_list(path)
            elif path.is_file():
                self._add(word)
            else:
                raise ConfigError(f"{text_of(word)} is no file")
        elif glob.has_magic(word):
            names = sorted(glob.glob(word, recursive=True))  # noqa: PTH207 - the word is a pattern
            if not names:
                raise ConfigError(f"no file is like {text_of(word)}")
            for name in names:
                if Path(name).is_file():
                    self._add(name)
        else:
            raise ConfigError(f"there is no file {text_of(word)}")

    def _add(self, name: str, below: str = "", url: str | None = None) -> None:
        path = str(Path(name).parent.resolve() / Path(name).name)
        if path not in self._seen:
            self._seen.add(path)
            self.found.append(Found(path=path, below=below, url=url))

    def _add_folder(self, top: str) -> None:
        for place, folders, names in os.walk(top):
            here = Path(place)
            folders[:] = sorted(
                one for one in folders
                if not one.startswith(".") and (here / one).resolve() != self._out
            )  # fmt: skip
            below = str(here.relative_to(top))
            for name in sorted(names):
                if name.startswith("."):
                    continue
                if Path(name).suffix.lower() in ENDINGS:
                    self._add(str(here / name), "" if below == "." else below)
                else:
                    self.others += 1

    def _add_list(self, path: Path) -> None:
        for number, record in crawl_lines(path):
            files = list(_files_of(record))
            if not files:
                self.without += 1
            for one in files:
                self._add_listed(path, number, one)

    def _add_listed(self, manifest: Path, number: int, file: dict[str, Any]) -> None:
        name = path_of(file["path"])
        if "\0" in name:
            raise ConfigError(f"{text_of(str(manifest))}:{number}: no file has such a path")
        ending = Path(name).suffix.lower()
        if ending and ending not in ENDINGS:
            self.others += 1
            return
        url = file.get("url")
        place = str(place_of(manifest, name))
        self._add(place, url=url if isinstance(url, str) else None)


def _files_of(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what a line says of files that are there: of itself, or in a list of an item's."""
    if "path" in record:
        if isinstance(record["path"], str) and record["path"] and not record.get("error"):
            yield record
        return
    for field in _FIELDS:
        value = record.get(field)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict) and isinstance(one.get("path"), str) and not one.get("error"):
                yield one
