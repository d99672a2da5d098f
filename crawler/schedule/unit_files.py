"""The unit files of jobs: written whole, recognised again, never mistaken for those of others."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from crawler.errors import StateError
from crawler.schedule.systemd_units import HEAD

_SUM = re.compile(r"# checksum: ([0-9a-f]{8})\n\Z")
_FACT = re.compile(r"^# (config|base|env_file): (.+)$", re.MULTILINE)


class UnitFile(msgspec.Struct, frozen=True, kw_only=True):
    """A unit file of ours.

    Attributes:
        path: Where it is.
        text: Without its checksum.
        intact: Whether it is as it was written.
    """

    path: Path
    text: str
    intact: bool

    @property
    def facts(self) -> dict[str, str]:
        """What the comments say: `config`, `base` and `env_file`."""
        return dict(_FACT.findall(self.text))


def read_unit(path: Path) -> UnitFile | None:
    """Return a unit file; None if there is none.

    Raises:
        StateError: It cannot be read, or is somebody else's.
    """
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"cannot read {path}: {error.strerror}") from error
    if not text.startswith(HEAD):
        raise StateError(f"{path} is not of `crawler cron`; it was left as it is")
    found = _SUM.search(text)
    body = text[: found.start()] if found else text
    return UnitFile(path=path, text=body, intact=bool(found and found[1] == _checksum(body)))


def job_timers(folder: Path) -> Mapping[str, Path]:
    """Return the timers of ours in a folder, by the names of their jobs."""
    found = {}
    for path in sorted(folder.glob("crawler-*.timer")):
        try:
            ours = path.read_bytes().startswith(HEAD.encode())
        except OSError:
            continue
        if ours:
            found[path.name.removeprefix("crawler-").removesuffix(".timer")] = path
    return found


def write_unit(path: Path, text: str) -> None:
    """Write a unit file by rename, so that nobody reads half of one.

    Raises:
        StateError: It cannot be written.
    """
    whole = f"{text}# checksum: {_checksum(text)}\n"
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(whole.encode("utf-8", "surrogateescape"))
        os.replace(part, path)  # noqa: PTH105 - as everywhere where a file is swapped in
    except OSError as error:
        raise StateError(f"cannot write {path}: {error.strerror}") from error


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]
