"""The time zone of this machine: that in which its cron reads a crontab."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

_HOMES = ("/zoneinfo/", "/zoneinfo.default/")


class MachineZone(msgspec.Struct, frozen=True):
    """A zone.

    Attributes:
        name: As in the database; "" for a machine that does not say.
        zone: Its times.
    """

    name: str
    zone: ZoneInfo

    @property
    def title(self) -> str:
        """A name to show."""
        return self.name or "this machine's zone"


def machine_zone(root: Path = Path("/")) -> MachineZone:
    """Return the machine's zone: `/etc/localtime` decides, as for the C library; else it is UTC.

    `TZ` in the environment is that of this shell and not of the daemon, so it does not count.

    Args:
        root: Of the file system.
    """
    localtime = root / "etc/localtime"
    name = _named(localtime) or _written(root / "etc/timezone")
    if name and (zone := _zone(name)):
        return MachineZone(name, zone)
    try:
        with localtime.open("rb") as file:
            return MachineZone("", ZoneInfo.from_file(file, key="localtime"))
    except (OSError, ValueError):
        return MachineZone("UTC", ZoneInfo("UTC"))


def _named(localtime: Path) -> str:
    """Return the name that a link to the database gives."""
    try:
        target = str(localtime.readlink())
    except OSError:
        return ""
    for home in _HOMES:
        if home in target:
            return target.partition(home)[2].removeprefix("posix/")
    return ""


def _written(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
